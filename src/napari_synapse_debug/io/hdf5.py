"""Arrays in HDF5 files, with the attributes of CREMI's layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py

from napari_synapse_debug.domain.errors import DataError
from napari_synapse_debug.domain.grid import TripleNm
from napari_synapse_debug.io.arrays import Layout
from napari_synapse_debug.io.attributes import length_attributes
from napari_synapse_debug.io.selection import choose_dataset, plain_channels


def open_hdf5(path: Path, dataset: str | None, is_writable: bool = False) -> h5py.Dataset:
    """The data set of an HDF5 file, open for reading."""
    return h5py.File(path, "r+" if is_writable else "r")[dataset]


def describe_hdf5(path: Path, dataset: str | None) -> Layout:
    """What an HDF5 file says about its data set.

    The attributes ``resolution`` and ``offset`` (z, y, x, in nm or in the attribute ``units``)
    give the grid, as in CREMI's files.

    Raises
    ------
    InputError
        No data set of that name, or several and none was named.
    DataError
        The file is damaged.
    """
    try:
        with h5py.File(path, "r") as file:
            names = _datasets(file)
            if dataset is not None and isinstance(linked := file.get(dataset), h5py.Dataset):
                names[dataset] = linked.ndim  # of several names of one it finds the first only
            name = choose_dataset(path, dataset, names)
            found = file[name]
            size, offset, note = length_attributes(dict(found.attrs))
            return _layout(path, name, found, size, offset, note)
    except (OSError, RuntimeError) as error:
        raise DataError(
            f"{path} cannot be opened as HDF5",
            found=str(error),
            fix="copy the file again from its source; it is damaged, incomplete or being written",
        ) from error


def _layout(
    path: Path,
    name: str,
    found: h5py.Dataset,
    size: TripleNm | None,
    offset: TripleNm | None,
    note: str,
) -> Layout:
    return Layout(
        path,
        name,
        open_hdf5,
        found.shape,
        found.dtype,
        found.chunks,
        voxel_size_nm=size,
        offset_nm=offset,
        channels=plain_channels(found.shape),
        note=note,
    )


def _datasets(file: h5py.File) -> dict[str, int]:
    """Names of all data sets with their number of axes."""
    found: dict[str, int] = {}

    def visit(name: str, node: Any) -> None:
        if isinstance(node, h5py.Dataset):
            found[name] = len(node.shape or ())

    file.visititems(visit)
    return found
