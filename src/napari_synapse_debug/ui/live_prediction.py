"""A prediction while it is made: its finished blocks, shown as they come."""

from __future__ import annotations

import time
from collections.abc import Callable

from napari.layers import Image

from napari_synapse_debug.ui.ports import Volume
from napari_synapse_debug.ui.probability_layers import probability_layers
from napari_synapse_debug.ui.session import JobState, Session
from napari_synapse_debug.ui.viewer_adapter import ViewerAdapter

SHORTEST_S = 0.5
"""The layers are drawn anew at most this often."""


class LivePrediction:
    """Layers ``P(CLASS) …`` of the unfinished prediction; a run's results take their place.

    Parameters
    ----------
    session : Session
        Tells of finished blocks (the figure ``z0`` and its fellows in ``job.values``).
    adapter : ViewerAdapter
        Shows the layers.
    open_partial : callable
        Gives the volume that is being written, or None while there is none.
    """

    def __init__(
        self,
        session: Session,
        adapter: ViewerAdapter,
        open_partial: Callable[[], Volume | None],
    ) -> None:
        self._adapter, self._open = adapter, open_partial
        self._layers: list[Image] = []
        self._drawn = 0.0
        session.job_changed.connect(self._follow)

    def _follow(self, job: JobState) -> None:
        if job.step != "predict" or not job.is_running:
            self._take_away()
        elif "z0" in job.values:
            self._show()

    def _show(self) -> None:
        now = time.monotonic()
        if now - self._drawn < SHORTEST_S:
            return
        self._drawn = now
        if not self._layers:
            self._layers = probability_layers(self._open(), "…")
            for layer in self._layers:
                self._adapter.add_beside(layer)
        for layer in self._layers:
            layer.refresh(extent=False, thumbnail=False)

    def _take_away(self) -> None:
        for layer in self._layers:
            self._adapter.remove_beside(layer)
        self._layers, self._drawn = [], 0.0
