"""Layers that live in memory, written into a project so that steps in other processes find them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from napari_synapse_debug.io import create_volume
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
