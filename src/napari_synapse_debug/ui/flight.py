"""A short flight of the camera from where it is to where it should be."""

from __future__ import annotations

import time
import weakref
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QObject, QTimer

from napari_synapse_debug.ui.camera import View

if TYPE_CHECKING:
    from napari.components import ViewerModel

SECONDS = 0.18
_TICK_MS = 16


class Flight(QObject):
    """Flies by the clock: where drawing is slow there are fewer pictures, never more time."""

    def __init__(self, *, is_on: bool = True, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.is_on = is_on
        self._viewer: weakref.ref[ViewerModel] | None = None
        self._goal = View((), (), 1.0)
        self._start, self._start_zoom, self._began = np.zeros(3), 1.0, 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)

    @property
    def is_flying(self) -> bool:
        """Whether the camera is on its way."""
        return self._timer.isActive()

    def go(self, viewer: ViewerModel, goal: View) -> None:
        """Show the slice of ``goal`` at once and fly there; a flight before it ends here.

        A zoom that is to be kept is that to which the flight before it led, not that on its way.
        """
        if not self.is_on:
            goal.apply(viewer)
            return
        if self.is_flying and goal.zoom == viewer.scene.camera.zoom:
            goal = replace(goal, zoom=self._goal.zoom)
        self._viewer, self._goal, self._began = weakref.ref(viewer), goal, time.monotonic()
        viewer.dims.point = goal.point
        # the point drags the camera along in 3D, so it is read afterwards
        self._start = np.array(viewer.scene.camera.center)
        self._start_zoom = viewer.scene.camera.zoom
        self._timer.start()

    def stop(self) -> None:
        """End where the camera is."""
        self._timer.stop()

    def _tick(self) -> None:
        viewer = None if self._viewer is None else self._viewer()
        if viewer is None:
            self.stop()
            return
        done = min(1.0, (time.monotonic() - self._began) / SECONDS)
        if done == 1.0:
            self.stop()
            self._goal.apply(viewer)
            return
        part = done * done * (3 - 2 * done)
        center = self._start + part * (np.array(self._goal.center) - self._start)
        viewer.scene.camera.center = tuple(center.tolist())
        viewer.scene.camera.zoom = self._start_zoom ** (1 - part) * self._goal.zoom**part
