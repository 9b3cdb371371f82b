"""A prediction while it is made: its finished blocks, shown as they come."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from napari.layers import Image

from napari_synapse_debug.ui.ports import Volume
from napari_synapse_debug.ui.probability_layers import probability_layers
from napari_synapse_debug.ui.session import JobState, Session
from napari_synapse_debug.ui.viewer_adapter import ViewerAdapter

SHORTEST_S = 0.5
"""The layers are drawn anew at most this often."""


class LivePrediction:
    """Layers ``P(CLASS) …`` of the unfinished prediction; a run's results take their place.

    They show while the run is open that was so when the step began.

    Parameters
    ----------
    session : Session
        Tells of finished blocks (the figure ``z0`` and its fellows in ``job.values``).
    adapter : ViewerAdapter
        Shows the layers.
    open_partial : callable
        Gives the volume that is being written for a project and a run, or None while there is
        none.
    """

    def __init__(
        self,
        session: Session,
        adapter: ViewerAdapter,
        open_partial: Callable[[Path, str], Volume | None],
    ) -> None:
        self._session, self._adapter, self._open = session, adapter, open_partial
        self._about: tuple[Path | None, str] | None = None
        self._layers: list[Image] = []
        self._drawn = 0.0
        session.job_changed.connect(self._follow)
        session.project_changed.connect(self._leave)

    def _follow(self, job: JobState) -> None:
        if not job.is_running:
            self._about = None
        elif self._about is None:
            self._about = self._session.project, self._session.run
        if job.step != "predict" or not job.is_running:
            self._take_away()
        elif "z0" in job.values:
            self._show()

    def _leave(self, _: object = None) -> None:
        if self._about != (self._session.project, self._session.run):
            self._take_away()

    def _show(self) -> None:
        if self._about is None or self._about != (self._session.project, self._session.run):
            return
        folder, run = self._about
        now = time.monotonic()
        if now - self._drawn < SHORTEST_S:
            return
        self._drawn = now
        if not self._layers and folder is not None:
            self._layers = probability_layers(self._open(folder, run), "…")
            for layer in self._layers:
                self._adapter.add_beside(layer)
        for layer in self._layers:
            layer.refresh(extent=False, thumbnail=False)

    def _take_away(self) -> None:
        for layer in self._layers:
            self._adapter.remove_beside(layer)
        self._layers, self._drawn = [], 0.0
