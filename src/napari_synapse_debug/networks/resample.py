"""Boxes of another voxel size, brought to the one that the network works at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Grid, Triple, TripleNm

LARGEST_DIFFERENCE = 1.25
"""Voxels that differ by less than this factor are used as they are."""

MOST_INVENTED = 2.0
"""Voxels may be this much larger than wanted: beyond it, what lies between them is a guess."""


def needs_resampling(voxel_size_nm: TripleNm, wanted_nm: TripleNm) -> bool:
    """Whether any edge differs by more than a quarter.

    Parameters
    ----------
    voxel_size_nm, wanted_nm : tuple of float
        zyx, nm.

    Raises
    ------
    InputError
        The voxels are so large along an axis that most of the result would be made up.
    """
    ratios = [have / want for have, want in zip(voxel_size_nm, wanted_nm, strict=True)]
    if max(ratios) > MOST_INVENTED:
        raise InputError(
            "A volume cannot be resampled to the voxel size of the project",
            found=f"voxels of {tuple(voxel_size_nm)} nm (zyx)",
            expected=f"at most {MOST_INVENTED:g} × {tuple(wanted_nm)} nm along each axis",
            fix="leave this volume out, or make a project of its own for it",
        )
    return max(ratios) > LARGEST_DIFFERENCE or min(ratios) < 1 / LARGEST_DIFFERENCE


def resampled_grid(grid: Grid, wanted_nm: TripleNm) -> Grid:
    """The grid of the same piece of tissue with voxels of about ``wanted_nm`` (zyx).

    It has a whole number of voxels, at least one, along each axis, so that their edges are
    those wanted to within half a voxel over the whole length. Both outer faces stay.
    """
    edges, shape = np.asarray(grid.voxel_size_nm), np.asarray(grid.shape)
    length = edges * shape
    z, y, x = (max(1, int(n)) for n in np.rint(length / np.asarray(wanted_nm)))
    size = length / np.array([z, y, x])
    offset = np.asarray(grid.offset_nm) + (size - edges) / 2
    return Grid((z, y, x), _triple(size), _triple(offset))


def resample_grey(array: NDArray[Any], shape: Triple) -> NDArray[Any]:
    """``array`` (z, y, x) on ``shape`` voxels of the same piece: a new array of its dtype.

    Along an axis that loses voxels each new one is the mean of what it covers; along one that
    gains voxels values are linear between the old centres and constant beyond the outer ones.
    """
    values = np.asarray(array, np.float32)
    for axis, size in enumerate(shape):
        if size != values.shape[axis]:
            weights = _weights(values.shape[axis], size)
            values = np.moveaxis(np.tensordot(weights, values, axes=(1, axis)), 0, axis)
    if array.dtype.kind in "ui":
        limits = np.iinfo(array.dtype)
        values = np.clip(np.rint(values), limits.min, limits.max)
    return values.astype(array.dtype)


def resample_labels(array: NDArray[Any], shape: Triple) -> NDArray[Any]:
    """The value of the nearest voxel of ``array`` (z, y, x) on ``shape`` voxels: a new array."""
    nearest = [
        np.clip(np.floor(_centres(old, new) + 0.5).astype(np.intp), 0, old - 1)
        for old, new in zip(array.shape, shape, strict=True)
    ]
    return np.asarray(array[np.ix_(*nearest)])


def _weights(old: int, new: int) -> NDArray[np.float32]:
    """What each of ``old`` voxels gives to each of ``new`` ones: (new, old), rows sum to 1."""
    if new < old:
        edges = np.linspace(0, old, new + 1)
        index = np.arange(old)
        shared = np.minimum(edges[1:, None], index + 1) - np.maximum(edges[:-1, None], index)
        weights = np.maximum(shared, 0)
    else:
        centres = np.clip(_centres(old, new), 0, old - 1)
        weights = np.maximum(0, 1 - np.abs(centres[:, None] - np.arange(old)))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)


def _centres(old: int, new: int) -> NDArray[np.float64]:
    """Positions of ``new`` voxel centres in indices of the ``old`` ones."""
    return (np.arange(new) + 0.5) * old / new - 0.5


def _triple(values: Sequence[float] | NDArray[np.float64]) -> TripleNm:
    z, y, x = (float(v) for v in values)
    return z, y, x
