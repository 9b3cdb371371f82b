"""What is known of the user's layers: where they come from and how large their voxels are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer, Shapes

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box, Grid, TripleNm
from napari_synapse_debug.ui.camera import nm_to_world

SOURCE_KEY = "napari-synapse-debug source"
"""Key in the metadata of layers that we opened: ``FILE[:DATASET]`` they were read from."""


@dataclass(frozen=True)
class LayerInfo:
    """A volume layer.

    Parameters
    ----------
    name : str
        As in the layer list.
    is_labels : bool
        Labels, not an image.
    source : str or None
        ``FILE[:DATASET]``; None for a layer that lives in memory.
    array : array
        Its data, the finest level of a pyramid.
    grid : Grid
        Where its voxels lie, nm.
    has_units : bool
        Whether its scale is a length; if not its numbers are taken for nm.
    """

    name: str
    is_labels: bool
    source: str | None
    array: Any
    grid: Grid
    has_units: bool


def volume_layers(layers: Iterable[Layer]) -> list[LayerInfo]:
    """What is known of the three-dimensional images and labels among ``layers``."""
    return [
        _info(layer)
        for layer in layers
        if isinstance(layer, Image | Labels)
        and layer.ndim == 3
        and not getattr(layer, "rgb", False)
    ]


def rectangle_box(viewer: ViewerModel, grid: Grid) -> Box:
    """The selected rectangle of the active Shapes layer through all sections, in voxels.

    Raises
    ------
    InputError
        There is no rectangle, or it lies outside the volume.
    """
    layer = viewer.layers.selection.active
    if not isinstance(layer, Shapes) or not len(layer.data):
        raise InputError(
            "There is no rectangle to take the box from",
            found="no Shapes layer" if not isinstance(layer, Shapes) else "an empty Shapes layer",
            expected="a rectangle in the selected Shapes layer",
            fix="add a Shapes layer, draw a rectangle, and keep the layer selected",
        )
    chosen = min(layer.selected_data, default=len(layer.data) - 1)
    corners = np.array([layer.data_to_world(vertex) for vertex in layer.data[chosen]])[:, -2:]
    corners_nm = corners / nm_to_world(viewer.dims.units)[-2:]
    first, last = (
        grid.to_index([(grid.offset_nm[0], *end)])[0]
        for end in (corners_nm.min(axis=0), corners_nm.max(axis=0))
    )
    depth, height, width = grid.shape
    low, high = first.tolist(), (last + 1).tolist()
    box = Box((0, low[1], low[2]), (depth, high[1], high[2])).intersect(grid.box)
    if box.is_empty:
        raise InputError(
            "The rectangle lies outside the volume",
            found=f"y {low[1]}:{high[1]}, x {low[2]}:{high[2]} in voxels",
            expected=f"a part of y 0:{height}, x 0:{width}",
            fix="draw it on the image",
        )
    return box


def _info(layer: Image | Labels) -> LayerInfo:
    array = layer.data[0] if layer.multiscale else layer.data
    lengths = [_nm(unit) for unit in layer.units]
    size = np.asarray(layer.scale, float) * [1.0 if nm is None else nm for nm in lengths]
    offset = np.asarray(layer.translate, float) * [1.0 if nm is None else nm for nm in lengths]
    source = layer.metadata.get(SOURCE_KEY) or layer.source.path
    return LayerInfo(
        name=layer.name,
        is_labels=isinstance(layer, Labels),
        source=None if source is None else str(source),
        array=array,
        grid=Grid(_ints(array.shape), _floats(size), _floats(offset)),
        has_units=None not in lengths,
    )


def _nm(unit: Any) -> float | None:
    quantity = 1.0 * unit
    return float(quantity.to("nm").magnitude) if quantity.check("[length]") else None


def _ints(values: Any) -> tuple[int, int, int]:
    z, y, x = (int(v) for v in values)
    return z, y, x


def _floats(values: Any) -> TripleNm:
    z, y, x = (float(v) for v in values)
    return z, y, x
