"""A layer of paths that is drawn anew, emptied and hidden, but never taken away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from napari.layers import Shapes
from numpy.typing import NDArray
from qtpy.QtCore import QTimer

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.ui.placing import placed
from napari_synapse_debug.ui.viewer_adapter import ViewerAdapter

_POINTS_AT_ONCE = 150
"""In 3D napari takes 0.15 ms for a point of a path: the window answers between two batches."""


@dataclass(frozen=True, eq=False)
class Strokes:
    """Paths as a Shapes layer takes them; all of them have N entries.

    Parameters
    ----------
    paths : sequence of (P, 3) float64
        Fractional voxel indices, zyx.
    hues : sequence of str
        ``#RRGGBB``.
    widths_vx : sequence of float
        Widths of the lines in voxels. Across sections napari draws them in voxels, too, which
        are larger there.
    features : DataFrame
        What is told of each path.
    """

    paths: Sequence[NDArray[np.float64]]
    hues: Sequence[str]
    widths_vx: Sequence[float]
    features: pd.DataFrame


class Sketch:
    """One Shapes layer of the viewer; it is added with the first paths.

    Removing a Shapes layer from a window that shows crashes at the next redraw (napari 0.9, all Qt
    bindings), so that it stays when there is nothing to draw: empty, and hidden once it is put
    away. Where the user hides it, it stays hidden until then; where the user removes it, the next
    paths come in a new one.
    """

    def __init__(self, adapter: ViewerAdapter, name: str) -> None:
        self._adapter, self._name = adapter, name
        self._layer: Shapes | None = None
        self._waiting: Strokes | None = None
        self._is_away = False
        self._timer = QTimer()
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._go_on)

    def draw(self, strokes: Strokes, grid: Grid) -> None:
        """Show these paths in place of those before; many of them come by and by."""
        self.clear()
        if not len(strokes.paths):
            return
        layer = self._ready(grid)
        layer.scale, layer.translate = grid.voxel_size_nm, grid.offset_nm
        if self._is_away:
            layer.visible, self._is_away = True, False
        self._waiting = strokes
        self._go_on()

    def clear(self) -> None:
        """Empty the layer, if there is one."""
        self._timer.stop()
        self._waiting = None
        if self._layer is not None and len(self._layer.data):
            self._layer.data = []

    def put_away(self) -> None:
        """Empty and hide the layer, if there is one, until paths are drawn again."""
        if self._layer is not None:
            self._layer.visible, self._is_away = False, True  # it is emptied faster when hidden
        self.clear()

    def _go_on(self) -> None:
        """Draw the next paths of those that wait."""
        layer, strokes = self._layer, self._waiting
        if layer is None or strokes is None:
            return
        start = len(layer.data)
        stop = start + _batch_size(strokes.paths[start:])
        layer.add_paths(
            list(strokes.paths[start:stop]),
            edge_width=list(strokes.widths_vx[start:stop]),
            edge_color=list(strokes.hues[start:stop]),
        )
        layer.features = strokes.features.iloc[:stop]
        layer.selected_data = set()
        if stop < len(strokes.paths):
            self._timer.start(0)
        else:
            self._waiting = None

    def _ready(self, grid: Grid) -> Shapes:
        if self._layer is None or not self._adapter.holds(self._layer):
            if self._layer is not None:
                self._adapter.remove_beside(self._layer)
            self._layer = Shapes(
                ndim=3,
                name=self._name,
                blending="translucent_no_depth",
                opacity=0.9,
                **placed(grid),
            )
            self._layer.editable = False
            self._is_away = False
            self._adapter.add_beside(self._layer)
        return self._layer


def _batch_size(paths: Sequence[NDArray[np.float64]]) -> int:
    """How many paths, at least one, are drawn at once."""
    points = np.cumsum([len(path) for path in paths])
    return max(1, int(np.searchsorted(points, _POINTS_AT_ONCE, side="right")))
