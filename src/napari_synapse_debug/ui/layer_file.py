"""Whether a layer is still what the file holds that it was read from."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from napari_synapse_debug.domain.errors import SynapseDebugError
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.io import Volume, open_volume, parse_source, single_channel
from napari_synapse_debug.ui.layer_info import LayerInfo

_BLOCK = (32, 512, 512)


def unchanged_source(layer: LayerInfo) -> str | None:
    """``FILE[:DATASET]`` of ``layer``, if that alone holds what the layer shows; else None.

    Values in memory are compared one by one, as they may have been painted. Of values that are
    read from disk when they are shown, the first, the middle and the last block are compared.
    """
    if layer.source is None:
        return None
    for voxel_size_nm in (None, layer.grid.voxel_size_nm):  # not every file tells its own
        # what cannot be opened is no volume, or not one: a section, a file of many data sets
        with suppress(SynapseDebugError):
            volume = open_volume(parse_source(layer.source), voxel_size_nm=voxel_size_nm)
            volume = single_channel(volume)  # napari shows it without its axis
            return layer.source if _holds(volume, layer.array) else None
    return None


def _holds(volume: Volume, array: Any) -> bool:
    if tuple(volume.array.shape) != tuple(array.shape) or not _same_type(volume.dtype, array.dtype):
        return False
    boxes = list(volume.grid.box.blocks(_BLOCK))
    if not isinstance(array, np.ndarray):
        boxes = [boxes[i] for i in sorted({0, len(boxes) // 2, len(boxes) - 1})]
    return all(_is_equal(volume, array, box) for box in boxes)


def _is_equal(volume: Volume, array: Any, box: Box) -> bool:
    read, shown = volume.read(box), np.asarray(array[box.slices])
    return np.array_equal(read, shown, equal_nan=read.dtype.kind == "f")


def _same_type(one: Any, other: Any) -> bool:
    return np.dtype(one).newbyteorder("=") == np.dtype(other).newbyteorder("=")
