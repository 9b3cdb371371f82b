"""Layers that live in memory, written into a project so that steps in other processes find them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.io import create_volume, write_labels
from napari_synapse_debug.ui.layer_info import LayerInfo
from napari_synapse_debug.ui.project_request import class_name

_BLOCK = (32, 512, 512)


def store_layer(folder: Path, layer: LayerInfo) -> str:
    """Path of ``layer`` after it was written to ``folder``/volumes, block by block.

    Raises
    ------
    StorageError
        The disk is full or the folder may not be written.
    """
    path = folder.absolute() / "volumes" / f"{class_name(layer.name)}.zarr"
    path.parent.mkdir(parents=True, exist_ok=True)
    volume = create_volume(path, layer.grid, np.dtype(layer.array.dtype))
    for box in layer.grid.box.blocks(_BLOCK):
        volume.write(box, np.asarray(layer.array[box.slices]))
    return str(path)


def store_crop(folder: Path, layer: LayerInfo, box: Box) -> str:
    """Path of the part of ``layer`` in ``box`` after it was written to ``folder``/annotations.

    What was stored of this layer and box before is replaced.

    Raises
    ------
    StorageError
        The disk is full or the folder may not be written.
    """
    place = "_".join(f"{a}-{b}" for a, b in zip(box.start, box.stop, strict=True))
    path = folder.absolute() / "annotations" / f"{class_name(layer.name)}_{place}.zarr"
    path.parent.mkdir(parents=True, exist_ok=True)
    labels = np.asarray(layer.array[box.slices])
    write_labels(path, labels, layer.grid.crop(box))
    return str(path)
