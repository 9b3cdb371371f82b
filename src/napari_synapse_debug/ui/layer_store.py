"""Layers that live in memory, written into a project so that steps in other processes find them."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.io import create_volume, write_labels
from napari_synapse_debug.ui.layer_file import unchanged_source
from napari_synapse_debug.ui.layer_info import LayerInfo
from napari_synapse_debug.ui.project_request import Store, class_name, free_name

_BLOCK = (32, 512, 512)


@contextmanager
def storing(folder: Path) -> Iterator[Store]:
    """A function that gives the ``FILE[:DATASET]`` of a layer for a new project in ``folder``.

    A layer that is still what its file holds stays there; another one is written to
    ``folder``/volumes, beside what is there already. If the block fails, what was written is
    removed.

    Raises
    ------
    StorageError
        The disk is full or the folder may not be written.
    """
    volumes, written = folder.absolute() / "volumes", list[Path]()

    def store(layer: LayerInfo, name: str) -> str:
        source = unchanged_source(layer)
        if source is not None:
            return source
        free = free_name(name, lambda known: (volumes / f"{known}.zarr").exists())
        written.append(volumes / f"{free}.zarr")
        store_layer(written[-1], layer)
        return str(written[-1])

    try:
        yield store
    except BaseException:
        for path in written:
            shutil.rmtree(path, ignore_errors=True)
        raise


def store_layer(path: Path, layer: LayerInfo) -> None:
    """Write ``layer`` to ``path``, block by block.

    Raises
    ------
    StorageError
        The disk is full or the folder may not be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    volume = create_volume(path, layer.grid, np.dtype(layer.array.dtype))
    for box in layer.grid.box.blocks(_BLOCK):
        volume.write(box, np.asarray(layer.array[box.slices]))


def store_crop(folder: Path, layer: LayerInfo, box: Box, name: str) -> str:
    """Path of the part of ``layer`` in ``box`` after it was written to ``folder``/annotations.

    What was stored of the class ``name`` in this box before is replaced.

    Raises
    ------
    StorageError
        The disk is full or the folder may not be written.
    """
    place = "_".join(f"{a}-{b}" for a, b in zip(box.start, box.stop, strict=True))
    path = folder.absolute() / "annotations" / f"{_file_name(name)}_{place}.zarr"
    path.parent.mkdir(parents=True, exist_ok=True)
    labels = np.asarray(layer.array[box.slices])
    write_labels(path, labels, layer.grid.crop(box))
    return str(path)


def _file_name(name: str) -> str:
    """A name for files of the class ``name`` that no other class has, in any script."""
    plain = class_name(name)
    return plain if plain == name else f"{plain}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
