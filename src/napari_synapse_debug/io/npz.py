"""Arrays in NumPy's own files: ``npy`` and ``npz``."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import DataError
from napari_synapse_debug.domain.grid import TripleNm
from napari_synapse_debug.io.arrays import Layout
from napari_synapse_debug.io.attributes import length_attributes
from napari_synapse_debug.io.selection import choose_dataset, plain_channels


def open_npz(path: Path, dataset: str | None, is_writable: bool = False) -> NDArray[Any]:  # noqa: ARG001
    """The array ``dataset`` of an npz file, loaded whole."""
    with np.load(path, allow_pickle=False) as file:
        return np.asarray(file[dataset])


def open_npy(path: Path, dataset: str | None, is_writable: bool = False) -> NDArray[Any]:  # noqa: ARG001
    """The array of an npy file, mapped from disk."""
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))


def describe_npz(path: Path, dataset: str | None) -> Layout:
    """What an npz file says about its array ``dataset``.

    The entries ``voxel_size_nm`` and ``offset_nm`` (z, y, x) give the grid.

    Raises
    ------
    InputError
        No array of that name, or several volumes and none was named.
    DataError
        The file is damaged, or holds Python objects.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            shapes = {name: _header(file, name) for name in file.files}
            name = choose_dataset(path, dataset, {key: len(s) for key, (s, _) in shapes.items()})
            size, offset = (_entry(file, key) for key in ("voxel_size_nm", "offset_nm"))
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise _damaged(path, error) from error
    shape, dtype = shapes[name]
    return Layout(
        path,
        name,
        open_npz,
        shape,
        dtype,
        voxel_size_nm=size,
        offset_nm=offset,
        channels=plain_channels(shape),
    )


def describe_npy(path: Path, dataset: str | None) -> Layout:  # noqa: ARG001
    """What an npy file says about its array; it never says a voxel size.

    Raises
    ------
    InputError
        The array has not 3 or 4 axes.
    DataError
        The file is damaged, or holds Python objects.
    """
    try:
        array = open_npy(path, None)
    except (OSError, ValueError, EOFError) as error:
        raise _damaged(path, error) from error
    choose_dataset(path, None, {path.name: array.ndim})
    channels = plain_channels(array.shape)
    return Layout(path, None, open_npy, array.shape, array.dtype, channels=channels)


def _header(file: Any, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and dtype of an entry, from the first bytes of it."""
    with file.zip.open(f"{name}.npy") as stream:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0
        if version != (1, 0):
            read = np.lib.format.read_array_header_2_0
        shape, _, dtype = read(stream)
    return shape, dtype


def _entry(file: Any, name: str) -> TripleNm | None:
    if name not in file.files:
        return None
    key = "offset" if name == "offset_nm" else "resolution"
    size, offset, _ = length_attributes({key: file[name]})
    return offset if name == "offset_nm" else size


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(
        f"{path} cannot be opened as a NumPy file",
        found=str(error),
        fix="save it again with numpy.save or numpy.savez, or copy it again from its source",
    )
