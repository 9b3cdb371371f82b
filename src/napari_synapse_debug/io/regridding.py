"""Labels of other voxels than the image, seen on the image's grid: the nearest voxel counts."""

from __future__ import annotations

from dataclasses import dataclass
from operator import index as as_int
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.domain.grid import Grid, Triple, TripleNm
from napari_synapse_debug.io.arrays import LazyArray, StoredArray
from napari_synapse_debug.io.volumes import Volume

_NEARLY = 0.25
"""Ratios of shapes are only nearly those of voxels, as a last voxel may be cut."""


@dataclass(frozen=True)
class Regridded:
    """An array-like (Z, Y, X) whose voxels are looked up in an array of other voxels.

    Parameters
    ----------
    source : LazyArray
        (Z, Y, X).
    shape : tuple of int
        Voxels zyx of this array.
    repeat, stride : tuple of int
        Along each axis ``repeat`` voxels of this array see one of ``source``, or each sees the
        middle one of ``stride``; one of the two is 1.
    """

    source: LazyArray
    shape: Triple
    repeat: Triple
    stride: Triple

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        return self.source.dtype

    @property
    def ndim(self) -> int:
        """Three."""
        return 3

    def __getitem__(self, index: Any) -> NDArray[Any]:
        """The values at integers and slices."""
        parts = list(index) if isinstance(index, tuple) else [index]
        if Ellipsis in parts:
            at = parts.index(Ellipsis)
            parts[at : at + 1] = [slice(None)] * (4 - len(parts))
        parts += [slice(None)] * (3 - len(parts))
        wanted = [self._positions(axis, part) for axis, part in enumerate(parts)]
        if any(len(positions) == 0 for positions in wanted):
            values = np.empty([len(positions) for positions in wanted], self.dtype)
        else:
            low = [int(positions.min()) for positions in wanted]
            high = [int(positions.max()) + 1 for positions in wanted]
            block = np.asarray(self.source[tuple(map(slice, low, high))])
            at_block = [p - first for p, first in zip(wanted, low, strict=True)]
            values = block[np.ix_(*at_block)]
        dropped = tuple(0 if _is_integer(part) else slice(None) for part in parts)
        return np.asarray(values[dropped])

    def _positions(self, axis: int, part: Any) -> NDArray[np.int64]:
        """Voxels of ``source`` along ``axis`` that ``part`` of this array sees."""
        size = self.shape[axis]
        if _is_integer(part):
            place = as_int(part)
            if not -size <= place < size:
                raise IndexError(f"index {place} is out of bounds for axis {axis} of size {size}")
            own = np.array([place % size])
        else:
            own = np.arange(*part.indices(size))
        stride = self.stride[axis]
        last = self.source.shape[axis] - 1
        seen: NDArray[np.int64] = own // self.repeat[axis] * stride + stride // 2
        return np.minimum(seen, last)


def on_grid(volume: Volume, grid: Grid) -> Volume | None:
    """``volume`` seen on ``grid``; None where the two do not fit.

    They fit where along each axis one voxel is a whole number of voxels of the other, and both
    cover the same space (but for less than one of the larger voxels). A volume of the same shape
    is given back as it is.

    Parameters
    ----------
    volume : Volume
        Labels (Z, Y, X); its voxel size is not looked at, since a file may be opened with
        that of the image.
    grid : Grid
        Of the image.
    """
    own = volume.grid.shape
    if own == grid.shape:
        return volume
    factors = [_factors(a, b) for a, b in zip(own, grid.shape, strict=True)]
    if volume.channels is not None or not all(factors):
        return None
    repeat, stride = zip(*(found for found in factors if found), strict=True)
    array = Regridded(volume.array, grid.shape, repeat, stride)
    return Volume(f"{volume.name} (nearest voxel)", grid, array)


def is_told_otherwise(labels: Volume, image: Volume) -> bool:
    """Whether the files say voxel sizes of another ratio than that of the shapes.

    Labels of a part of the image have fewer voxels, and not larger ones. Of the same shape, or
    where one of the files does not say its voxel size, nothing is told.

    Parameters
    ----------
    labels, image : Volume
        (Z, Y, X), as they were opened; the sizes (nm) are those that stand in their files.
    """
    own, other = _told(labels), _told(image)
    is_same = labels.grid.shape == image.grid.shape
    if own is None or other is None or is_same or 0 in labels.grid.shape:
        return False
    wanted = np.divide(image.grid.shape, labels.grid.shape)
    return not np.allclose(np.divide(own, other), wanted, rtol=_NEARLY)


def _told(volume: Volume) -> TripleNm | None:
    return volume.array.layout.voxel_size_nm if isinstance(volume.array, StoredArray) else None


def _factors(own: int, wanted: int) -> tuple[int, int] | None:
    """How often a voxel is repeated, and how many are stepped over; None if it cannot be."""
    if own == 0 or wanted == 0:
        return None
    if own <= wanted:
        repeat = round(wanted / own)
        return (repeat, 1) if _covers(own, wanted, repeat) else None
    stride = round(own / wanted)
    return (1, stride) if _covers(wanted, own, stride) else None


def _covers(coarse: int, fine: int, factor: int) -> bool:
    """Whether ``coarse`` voxels of ``factor`` cover ``fine`` ones, a cut last one included."""
    return fine // factor == coarse or -(-fine // factor) == coarse


def _is_integer(part: Any) -> bool:
    return not isinstance(part, slice)
