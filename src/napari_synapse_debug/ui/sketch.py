"""A layer of paths that is drawn anew, emptied and hidden, but never taken away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from napari.layers import Shapes
from numpy.typing import NDArray

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.ui.placing import placed
from napari_synapse_debug.ui.viewer_adapter import ViewerAdapter


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
    bindings), so that it stays, empty and hidden, when there is nothing to draw. Where the
    user removes it, the next paths come in a new one.
    """

    def __init__(self, adapter: ViewerAdapter, name: str) -> None:
        self._adapter, self._name = adapter, name
        self._layer: Shapes | None = None

    def draw(self, strokes: Strokes, grid: Grid) -> None:
        """Show these paths in place of those before."""
        if not len(strokes.paths):
            self.clear()
            return
        layer = self._ready(grid)
        layer.data = []
        layer.scale, layer.translate = grid.voxel_size_nm, grid.offset_nm
        layer.add_paths(
            list(strokes.paths),
            edge_width=list(strokes.widths_vx),
            edge_color=list(strokes.hues),
        )
        layer.features = strokes.features
        layer.selected_data = set()
        layer.visible = True

    def clear(self) -> None:
        """Empty the layer, if there is one."""
        if self._layer is not None and len(self._layer.data):
            self._layer.data = []
            self._layer.visible = False

    def _ready(self, grid: Grid) -> Shapes:
        viewer = self._adapter.viewer
        if self._layer is None or self._layer not in viewer.layers:
            active = viewer.layers.selection.active
            self._layer = Shapes(
                ndim=3,
                name=self._name,
                blending="translucent_no_depth",
                opacity=0.9,
                **placed(grid),
            )
            self._layer.editable = False
            self._adapter.add_beside(self._layer)
            viewer.layers.selection.active = active
        return self._layer
