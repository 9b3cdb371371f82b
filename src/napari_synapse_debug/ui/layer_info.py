"""What is known of the user's layers: where they come from and how large their voxels are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer, Shapes
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box, Grid, TripleNm

_LEAST_VX = 0.01
"""Part of a voxel that counts as nothing, as napari keeps corners as 32-bit floats."""

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
    """The voxels that the selected rectangle of the active Shapes layer touches.

    Along the axis on which the rectangle lies flat, z in an ordinary view, all voxels are taken.

    Raises
    ------
    InputError
        There is no rectangle, it does not lie along two axes, or it lies outside the volume.
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
    corners = grid.to_fraction(_corners_nm(layer, chosen, grid))
    low, high = corners.min(axis=0), corners.max(axis=0)
    is_flat = high - low < _LEAST_VX
    if is_flat.sum() != 1:
        raise InputError(
            "The rectangle does not lie along two axes of the volume",
            found=" × ".join(f"{edge:.1f}" for edge in high - low) + " voxels (z, y, x)",
            expected="two edges of some length, and none along the third axis",
            fix="draw it anew in a 2D view of the image, not turned",
        )
    # a voxel reaches half a voxel to either side of its index
    start = np.where(is_flat, 0, np.floor(low + 0.5 + _LEAST_VX))
    stop = np.where(is_flat, grid.shape, np.ceil(high + 0.5 - _LEAST_VX))
    drawn = Box(_ints(start), _ints(stop))
    box = drawn.intersect(grid.box)
    if box.is_empty:
        raise InputError(
            "The rectangle lies outside the volume",
            found=f"{drawn} (z, y, x in voxels)",
            expected=f"a part of {grid.box}",
            fix="draw it on the image",
        )
    return box


def _corners_nm(layer: Shapes, number: int, grid: Grid) -> NDArray[np.float64]:
    """The corners of a shape, (N, 3) zyx; a layer of two axes lies at the first section."""
    corners = np.array([layer.data_to_world(vertex) for vertex in layer.data[number]])[:, -3:]
    corners *= [_nm(unit) or 1.0 for unit in layer.units[-3:]]
    placed = np.tile(np.asarray(grid.offset_nm), (len(corners), 1))
    placed[:, -corners.shape[1] :] = corners
    return placed


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
