"""The layer in which points of the truth are dragged or clicked, and the drags in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from napari.layers import Points
from numpy.typing import NDArray

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.records import ENDS
from napari_synapse_debug.ui.palette import END_HUE
from napari_synapse_debug.ui.picking import point_under
from napari_synapse_debug.ui.placing import placed


def points_layer(name: str, grid: Grid, voxels: NDArray[np.float64]) -> Points:
    """Squares at ``voxels`` ((N, 3), fractional indices): pre, cleft and post, or none yet."""
    hues = [END_HUE[end] for end in ENDS] if len(voxels) else "white"
    return Points(
        voxels,
        ndim=3,
        name=name,
        symbol="square",
        size=60.0 / grid.voxel_size_nm[2],
        face_color=hues,
        border_color="black",
        canvas_size_limits=(10, 24),
        projection_mode="all",
        blending="translucent_no_depth",
        **placed(grid),
    )


def sections_of(ends_nm: NDArray[np.float64], grid: Grid) -> str:
    """In which section of the image pre, cleft and post ((3, 3), zyx, nm) lie, in words."""
    sections = grid.to_index(ends_nm)[:, 0].tolist()
    return "Sections: " + ", ".join(
        f"{end} {section}" for end, section in zip(ENDS, sections, strict=True)
    )


class DragWatch:
    """Knows whether the mouse is held in ``layer``; tells when a drag ends, and of clicks.

    napari tells of a drag when it ends, before ``on_end`` is called.

    Parameters
    ----------
    layer : Points
        Watched as long as it lives.
    on_end : callable
        Called after the mouse was let go.
    on_click : callable
        Called with the event of a click on none of the layer's points.
    """

    def __init__(
        self, layer: Points, on_end: Callable[[], object], on_click: Callable[[Any], object]
    ) -> None:
        self._layer, self._on_end, self._on_click = layer, on_end, on_click
        self.is_held = False
        self._follow_mode()
        layer.events.mode.connect(self._follow_mode)

    def _follow_mode(self, _: object = None) -> None:
        """Stay behind napari's own callback: a mode that is set puts that at the end."""
        callbacks = self._layer.mouse_drag_callbacks
        if self._pressed in callbacks:
            callbacks.remove(self._pressed)
        callbacks.append(self._pressed)

    def _pressed(self, layer: Points, event: Any) -> Iterator[None]:
        is_click = event.button == 1 and layer.mode == "select" and not event.modifiers
        is_click = is_click and point_under(layer, event) is None
        self.is_held = True
        yield
        while event.type == "mouse_move":
            is_click = False
            yield
        self.is_held = False
        self._on_end()
        if is_click:
            self._on_click(event)
