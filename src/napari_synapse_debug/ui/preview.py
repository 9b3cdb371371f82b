"""Predict here: what is in view, predicted beside everything else and shown as it comes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Image
from qtpy.QtCore import QObject, Signal

from napari_synapse_debug.domain.errors import StepCancelledError
from napari_synapse_debug.domain.events import Event, box_of
from napari_synapse_debug.domain.grid import Box, Grid, Triple
from napari_synapse_debug.ui.backend import Job
from napari_synapse_debug.ui.camera import nm_to_world
from napari_synapse_debug.ui.ports import Volume
from napari_synapse_debug.ui.probability_layers import probability_layers
from napari_synapse_debug.ui.session import Session
from napari_synapse_debug.ui.viewer_adapter import ViewerAdapter

SHAPE: Triple = (16, 256, 256)
"""Voxels zyx that are predicted around the middle of the view."""


class Preview(QObject):
    """Runs ``predict_here`` and shows its parts in layers ``P(CLASS) here``.

    A second call ends the first one, and so does another run that is opened. The layers stay
    until then, or until the results of the run change.

    Parameters
    ----------
    session : Session
        Tells which run is open, and of its results.
    adapter : ViewerAdapter
        Shows the layers.
    submit : callable
        ``submit(box, focus, on_event, on_done)`` starts the prediction and gives its job.
    open_preview : callable
        Gives the volume that is being written for a project and a run, or None while there is
        none.
    """

    message_changed = Signal(str)
    running_changed = Signal(bool)
    failed = Signal(object)
    _event_arrived = Signal(int, object)
    _job_ended = Signal(object)

    def __init__(
        self,
        session: Session,
        adapter: ViewerAdapter,
        submit: Callable[..., Job],
        open_preview: Callable[[Path, str], Volume | None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._adapter = session, adapter
        self._submit, self._open = submit, open_preview
        self._about: tuple[Path | None, str] = (None, "")
        self._job: Job | None = None
        self._number = 0
        self._layers: list[Image] = []
        # the signals are emitted in the threads of the job and arrive here in Qt's
        self._event_arrived.connect(self._show_event)
        self._job_ended.connect(self._finish)
        session.project_changed.connect(self._leave)
        session.results_changed.connect(self.clear)

    def start(self, box: Box, focus: Triple) -> None:
        """Predict ``box``, what is at the voxel ``focus`` first."""
        self.cancel()
        self.clear()
        self.message_changed.emit("starting; the first time the model is loaded")
        self.running_changed.emit(True)
        self._number += 1
        self._about = self._session.project, self._session.run
        tell = partial(self._event_arrived.emit, self._number)
        self._job = self._submit(box, focus, tell, self._job_ended.emit)

    def cancel(self) -> None:
        """End what runs; what is shown stays."""
        if self._job is not None:
            self._job.cancel()
            self._job = None
            self.running_changed.emit(False)

    def clear(self) -> None:
        """Take the layers away."""
        for layer in self._layers:
            self._adapter.remove_beside(layer)
        self._layers = []

    def _leave(self, _: object = None) -> None:
        """End what is about a run that is open no more, and say nothing of it."""
        if self._about != (self._session.project, self._session.run):
            self.cancel()
            self.clear()
            self.message_changed.emit("")

    def _show_event(self, number: int, event: Event) -> None:
        if self._job is None or number != self._number:  # of one that was ended
            return
        if event.message:
            self.message_changed.emit(event.message)
        if box_of(event) is None:
            return
        folder, run = self._about
        if not self._layers and folder is not None:
            self._layers = probability_layers(self._open(folder, run), "here")
            for layer in self._layers:
                self._adapter.add_beside(layer)
        for layer in self._layers:
            layer.refresh(extent=False, thumbnail=False)

    def _finish(self, job: Job) -> None:
        if job is not self._job:
            return
        self._job = None
        self.running_changed.emit(False)
        try:
            made: Any = job.result()
        except StepCancelledError:
            self.message_changed.emit("")
        except Exception as error:  # noqa: BLE001  # a slot that raises would end the program
            self.failed.emit(error)
        else:
            self.message_changed.emit(f"predicted {made.box}; nothing was saved with the run")


def box_in_view(viewer: Any, grid: Grid, shape: Triple = SHAPE) -> tuple[Box, Triple]:
    """The box of ``shape`` around the middle of the view, and the voxel in its middle.

    The box is moved into the volume where it would reach out, and is no larger than it.

    Parameters
    ----------
    viewer : ViewerModel
        Its point and its camera say what is in the middle.
    grid : Grid
        Of the volume.
    shape : tuple of int
        Voxels zyx.
    """
    dims = viewer.dims
    world = np.array(dims.point, dtype=np.float64)
    center = np.asarray(viewer.scene.camera.center, dtype=np.float64)[-dims.ndisplay :]
    world[list(dims.displayed)] = center
    middle = grid.to_index(world[-3:] / nm_to_world(dims.units))[0]
    middle = np.clip(middle, 0, np.array(grid.shape) - 1)
    size = np.minimum(shape, grid.shape)
    start = np.clip(middle - size // 2, 0, np.array(grid.shape) - size)
    box = Box.of_shape(size.tolist()).shift(start.tolist())
    z, y, x = (int(v) for v in middle)
    return box, (z, y, x)
