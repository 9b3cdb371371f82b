"""Volumes on disk: opened by their address, with a grid, and read lazily."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box, Grid, Triple, TripleNm
from napari_synapse_debug.domain.project import Source
from napari_synapse_debug.io.arrays import Layout, LazyArray, StoredArray
from napari_synapse_debug.io.hdf5 import describe_hdf5
from napari_synapse_debug.io.npz import describe_npy, describe_npz
from napari_synapse_debug.io.sources import existing_path
from napari_synapse_debug.io.tiff import describe_tiff
from napari_synapse_debug.io.zarr_arrays import describe_levels, describe_zarr

_log = logging.getLogger(__name__)

_FORMATS: dict[str, Callable[[Path, str | None], Layout]] = {
    ".h5": describe_hdf5,
    ".hdf": describe_hdf5,
    ".hdf5": describe_hdf5,
    ".tif": describe_tiff,
    ".tiff": describe_tiff,
    ".npz": describe_npz,
    ".npy": describe_npy,
}


@dataclass(frozen=True)
class Volume:
    """An array with its grid; small enough to be sent to another process.

    Parameters
    ----------
    name : str
        For messages: ``FILE[:DATASET]``, or what it holds.
    grid : Grid
        Shape, voxel size and offset of the voxels.
    array : LazyArray
        (Z, Y, X), or (C, Z, Y, X) where there are channels; on disk or in memory.
    channels : tuple of str, optional
        Names of the channels; None without a channel axis.

    Raises
    ------
    InputError
        The array has another shape than grid and channels say.
    """

    name: str
    grid: Grid
    array: LazyArray
    channels: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        lead = () if self.channels is None else (len(self.channels),)
        if tuple(self.array.shape) != (*lead, *self.grid.shape):
            raise InputError(
                f"The array of {self.name} does not fit its grid",
                found=f"shape {tuple(self.array.shape)}",
                expected=f"{(*lead, *self.grid.shape)}",
            )

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        return self.array.dtype

    @property
    def chunks(self) -> Triple | None:
        """Voxels of a chunk along z, y, x; None where the array has no chunks."""
        chunks = getattr(self.array, "chunks", None)
        return None if chunks is None else tuple(chunks[-3:])

    @property
    def levels(self) -> tuple[Volume, ...]:
        """The volume itself, then the coarser levels of its OME-Zarr image if it has any.

        Their grids cover the same space; a voxel size that was given in place of that of the
        file counts for all.
        """
        if not isinstance(self.array, StoredArray):
            return (self,)
        layout = self.array.layout
        layouts = describe_levels(layout.path, layout.dataset) if layout.path.is_dir() else ()
        return (self, *(self._coarser(layouts[0], level) for level in layouts[1:]))

    def _coarser(self, finest: Layout, level: Layout) -> Volume:
        """The volume of ``level``, where this one is that of ``finest``."""
        own = finest.voxel_size_nm or (1.0, 1.0, 1.0)
        size = np.asarray(level.voxel_size_nm or own) / own
        moved = (np.asarray(level.offset_nm or 0.0) - (finest.offset_nm or 0.0)) / own
        grid = self.grid
        new_size = size * grid.voxel_size_nm
        new_offset = moved * grid.voxel_size_nm + grid.offset_nm
        fixed = self.array.layout.fixed if isinstance(self.array, StoredArray) else level.fixed
        array = StoredArray(replace(level, fixed=fixed, channels=None))
        z, y, x = array.shape[-3:]
        placed = Grid((z, y, x), _triple_nm(new_size), _triple_nm(new_offset))
        return Volume(f"{self.name} ({level.dataset})", placed, array, self.channels)

    def read(self, box: Box) -> NDArray[Any]:
        """The values in ``box``: (Z, Y, X), or (C, Z, Y, X) where there are channels.

        Raises
        ------
        InputError
            The box reaches out of the volume.
        DataError
            The file is damaged there.
        """
        self._check(box)
        return np.asarray(self.array[(..., *box.slices)])

    def write(self, box: Box, values: NDArray[Any]) -> None:
        """Put ``values`` ((Z, Y, X) or (C, Z, Y, X)) in ``box``; the volume must be writable.

        Blocks that share a chunk must not be written at the same time.

        Raises
        ------
        InputError
            The box reaches out of the volume, or the volume is not writable.
        StorageError
            The disk is full or the folder may not be written.
        """
        self._check(box)
        if not isinstance(self.array, StoredArray):
            raise InputError(f"{self.name} is in memory and cannot be written by block")
        self.array[(..., *box.slices)] = values

    def channel(self, name: str) -> Volume:
        """The volume (Z, Y, X) of the one channel ``name``.

        Raises
        ------
        InputError
            There is no such channel.
        """
        if self.channels is None or name not in self.channels:
            raise InputError(
                f"{self.name} has no channel {name!r}",
                found=", ".join(self.channels or ()) or "no channels",
            )
        at = self.channels.index(name)
        array = self.array.at(at) if isinstance(self.array, StoredArray) else self.array[at]
        return Volume(f"{self.name} ({name})", self.grid, array)

    def _check(self, box: Box) -> None:
        if not self.grid.box.holds(box):
            raise InputError(
                f"The box reaches out of {self.name}",
                found=str(box),
                expected=f"a box within {self.grid.box}",
            )


def open_volume(
    source: Source,
    base: Path = Path(),
    voxel_size_nm: TripleNm | None = None,
    offset_nm: TripleNm | None = None,
    *,
    is_writable: bool = False,
) -> Volume:
    """The volume at ``source``; nothing but its description is read.

    Reads HDF5 (CREMI's attributes), OME-Zarr 0.4 and 0.5 (level 0), plain Zarr, TIFF stacks,
    npz and npy. In uint64 arrays CREMI's three ids for background read as 0.

    Parameters
    ----------
    source : Source
        File or folder, and data set.
    base : Path
        Folder that relative paths start from.
    voxel_size_nm, offset_nm : tuple of float, optional
        z, y, x; they win over those of the file, with a logged warning if they differ.
    is_writable : bool
        Open a Zarr array for writing by block.

    Raises
    ------
    InputError
        No such file or data set, no volume, or no voxel size in the file and none given.
    DataError
        The file is damaged.
    """
    path = existing_path(source, base)
    layout = _describe(path, source.dataset)
    if layout.voxel_size_nm is None and voxel_size_nm is None:
        raise InputError(
            f"The voxel size of {source} is not known",
            found=layout.note or "a file that does not say it",
            expected="edge lengths z,y,x in nm",
            fix="give it as --voxel-size z,y,x, for example --voxel-size 50,4.6,4.6",
        )
    array = StoredArray(layout, is_writable)
    own = layout.voxel_size_nm or (1.0, 1.0, 1.0)
    size = voxel_size_nm or own
    offset = layout.offset_nm or (0.0, 0.0, 0.0)
    if layout.voxel_size_nm is not None and not np.allclose(size, own, rtol=0.01):
        _log.warning("%s says a voxel size of %s nm; %s is used as given", source, own, size)
    if offset_nm is not None:
        if layout.offset_nm is not None and not np.allclose(offset, offset_nm, atol=min(size) / 2):
            _log.warning(
                "%s says an offset of %s nm; %s is used as given", source, offset, offset_nm
            )
        offset = offset_nm
    z, y, x = array.shape[-3:]
    return Volume(str(source), Grid((z, y, x), size, offset), array, layout.channels)


def _describe(path: Path, dataset: str | None) -> Layout:
    if path.is_dir():
        return describe_zarr(path, dataset)
    describe = _FORMATS.get(path.suffix.lower())
    if describe is None and h5py.is_hdf5(path):
        describe = describe_hdf5
    if describe is None:
        raise InputError(
            f"The format of {path} is not known",
            found=f"the ending {path.suffix!r}",
            expected=f"a Zarr folder or a file that ends in {', '.join(_FORMATS)}",
            fix="convert the volume to OME-Zarr, HDF5 or a TIFF stack",
        )
    if describe in (describe_tiff, describe_npy) and dataset is not None:
        raise InputError(
            f"{path} holds one volume and no data sets",
            found=f"the data set {dataset!r}",
            fix=f"write {path}",
        )
    return describe(path, dataset)


def _triple_nm(values: NDArray[np.float64]) -> TripleNm:
    z, y, x = (float(value) for value in values)
    return z, y, x


def single_channel(volume: Volume) -> Volume:
    """The channel of ``volume`` without its axis, if there is just one; else ``volume``."""
    if volume.channels is not None and len(volume.channels) == 1:
        return volume.channel(volume.channels[0])
    return volume
