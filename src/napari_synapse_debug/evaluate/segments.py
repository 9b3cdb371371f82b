"""Segments under points: look-ups that read only the blocks that hold a point."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box, Grid, Triple

_BLOCK_VX: Triple = (32, 256, 256)


def look_up_segments(
    points_nm: ArrayLike, segmentation: Any, grid: Grid, snap_nm: float = 0.0
) -> NDArray[np.uint64]:
    """Segment under each point; a point in background takes the nearest one within ``snap_nm``.

    Parameters
    ----------
    points_nm : (N, 3) float, zyx, nm
        A point lies in its nearest voxel (halves go up).
    segmentation : array-like of integers, zyx
        Anything with a shape that can be sliced lazily; it is read block by block, and only
        where points lie.
    grid : Grid
        The grid of ``segmentation``.
    snap_nm : float
        Largest distance (nm, included) from a point in background to the centre of the voxel
        whose segment it takes; equally near voxels give the smaller id.

    Returns
    -------
    (N,) uint64
        0 where there is no segment, or where the point lies outside the volume. Without points
        an empty array.

    Raises
    ------
    InputError
        The shape of ``segmentation`` is not that of ``grid``.
    """
    if tuple(segmentation.shape) != grid.shape:
        raise InputError(
            "The segmentation does not fill its grid",
            found=f"an array of shape {tuple(segmentation.shape)}",
            expected=f"shape {grid.shape} (zyx)",
            fix="give the segmentation with its own voxel size and offset",
        )
    points = np.asarray(points_nm, dtype=np.float64).reshape(-1, 3)
    ids = np.zeros(len(points), dtype=np.uint64)
    inside = np.flatnonzero(np.isfinite(points).all(axis=1) & grid.contains(_finite(points)))
    voxels = grid.to_index(_finite(points))
    margin = grid.margin_vx(snap_nm)
    for rows in _groups(inside, voxels):
        low, high = voxels[rows].min(axis=0), voxels[rows].max(axis=0) + 1
        read = Box(_triple(low), _triple(high)).grow(margin, within=grid.box)
        labels = np.asarray(segmentation[read.slices])
        local = voxels[rows] - np.asarray(read.start)
        found = labels[tuple(local.T)].astype(np.uint64)
        if snap_nm > 0:
            for at in np.flatnonzero(found == 0):
                found[at] = _nearest(points[rows[at]], labels, grid, read, snap_nm)
        ids[rows] = found
    return ids


def missing_segments(
    ids: NDArray[np.uint64], segmentation: Any, grid: Grid, box: Box
) -> NDArray[np.uint64]:
    """Those of ``ids`` that no voxel of ``box`` has, sorted; 0 is never missing.

    The box is read block by block until all are found.
    """
    missing = np.unique(ids[ids != 0]).astype(np.uint64)
    for block in box.intersect(grid.box).blocks(_BLOCK_VX):
        if len(missing) == 0:
            break
        missing = np.setdiff1d(missing, np.asarray(segmentation[block.slices]).astype(np.uint64))
    return missing


def cremi_look_up(segmentation: Any, grid: Grid) -> Callable[[ArrayLike], NDArray[np.uint64]]:
    """A look-up of segments under points (N, 3) in nm that rounds as CREMI's code does.

    That is Python 2, where halves are rounded away from zero, and no point snaps to a neuron.
    Outside the volume, where CREMI's code fails, the id is 0.
    """

    def look_up(points_nm: ArrayLike) -> NDArray[np.uint64]:
        place = grid.to_fraction(points_nm)
        whole = np.trunc(place)
        is_half = np.abs(place - whole) >= 0.5
        centres = grid.to_nm(whole + np.where(is_half, np.sign(place), 0.0))
        return look_up_segments(centres, segmentation, grid)

    return look_up


def _finite(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The points, with -1e12 nm for what is not a number, so that they lie outside."""
    return np.nan_to_num(points, nan=-1e12, posinf=-1e12, neginf=-1e12)


def _groups(rows: NDArray[np.int64], voxels: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """The ``rows`` that share a block, block by block."""
    if len(rows) == 0:
        return
    blocks = voxels[rows] // np.asarray(_BLOCK_VX)
    _, which = np.unique(blocks, axis=0, return_inverse=True)
    order = np.argsort(which.ravel(), kind="stable")
    starts = np.flatnonzero(np.diff(which.ravel()[order])) + 1
    yield from np.split(rows[order], starts)


def _nearest(
    point: NDArray[np.float64], labels: NDArray[Any], grid: Grid, read: Box, snap_nm: float
) -> np.uint64:
    """Id of the segment voxel whose centre is nearest to ``point``; 0 beyond ``snap_nm``."""
    voxel = grid.to_index(point)[0]
    near = Box(_triple(voxel), _triple(voxel + 1)).grow(grid.margin_vx(snap_nm), within=read)
    piece = labels[near.relative_to(read).slices]
    places = np.argwhere(piece)
    if len(places) == 0:
        return np.uint64(0)
    centres = grid.to_nm(places + np.asarray(near.start))
    distances = np.linalg.norm(centres - point, axis=1)
    if distances.min() > snap_nm:
        return np.uint64(0)
    nearest = places[distances == distances.min()]
    return np.uint64(piece[tuple(nearest.T)].min())


def _triple(values: ArrayLike) -> Triple:
    z, y, x = (int(v) for v in np.asarray(values))
    return z, y, x
