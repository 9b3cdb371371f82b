"""Where a neuron is as thick as a soma: the places that a large ball fits around."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from scipy.spatial import cKDTree

from napari_synapse_debug.domain.grid import Box, Grid, Triple
from napari_synapse_debug.domain.records import point_columns, points

STEPS_A_RADIUS = 8
"""Thickness is measured on every n-th voxel, so that a radius is about this many steps."""

SLACK = 0.25
"""A point is on a soma within the radius and this part of it: the steps are coarse."""

Places = pd.DataFrame


def soma_stride_vx(grid: Grid, radius_nm: float) -> Triple:
    """Every how many voxels (zyx) a segmentation is looked at for somata."""
    z, y, x = (max(1, int(radius_nm / STEPS_A_RADIUS / size)) for size in grid.voxel_size_nm)
    return z, y, x


def soma_grid(grid: Grid, radius_nm: float) -> Grid:
    """The grid of every ``soma_stride_vx``-th voxel of ``grid``, beginning with the first."""
    stride = soma_stride_vx(grid, radius_nm)
    z, y, x = (-(-n // s) for n, s in zip(grid.shape, stride, strict=True))
    c, b, a = (size * s for size, s in zip(grid.voxel_size_nm, stride, strict=True))
    return Grid((z, y, x), (c, b, a), grid.offset_nm)


def soma_halo_vx(grid: Grid, radius_nm: float) -> Triple:
    """Voxels (zyx) that must be read around a block for its places to be right."""
    stride = soma_stride_vx(grid, radius_nm)
    margin = grid.margin_vx(radius_nm)
    z, y, x = (m + 2 * s for m, s in zip(margin, stride, strict=True))
    return z, y, x


def soma_places(
    segmentation: NDArray[np.integer[Any]], read: Box, core: Box, grid: Grid, radius_nm: float
) -> Places:
    """Voxels of ``core`` around which a ball of ``radius_nm`` fits into their segment.

    Looked at are the voxels whose index is a multiple of ``soma_stride_vx``; beyond the volume
    nothing is known, and nothing ends there. The ball's end is the last voxel before another
    segment, so that the table is the same for any blocks.

    Parameters
    ----------
    segmentation : (z, y, x) integers
        Segment ids of ``read``, 0 is background.
    read, core : Box
        What was read (``core`` grown by ``soma_halo_vx``, cut to the volume), and what is asked.
    grid : Grid
        Of the volume.
    radius_nm : float
        Above 0.

    Returns
    -------
    DataFrame
        Columns ``segment`` (uint64) and the points ``place``; without rows if there is none.
    """
    stride = soma_stride_vx(grid, radius_nm)
    first = [-(-a // s) * s for a, s in zip(read.start, stride, strict=True)]
    z, y, x = (slice(f - a, None, s) for f, a, s in zip(first, read.start, stride, strict=True))
    ids = segmentation[z, y, x]
    is_end = _ends(ids)
    depth = np.full(ids.shape, np.inf)
    if is_end.any():
        spacing = [s * size for s, size in zip(stride, grid.voxel_size_nm, strict=True)]
        depth = distance_transform_edt(~is_end, sampling=spacing)
    index = np.argwhere((depth >= radius_nm) & (ids > 0))
    voxels = index * np.asarray(stride) + np.asarray(first)
    is_own = core.contains(voxels)
    return _table(ids[tuple(index[is_own].T)], grid.to_nm(voxels[is_own]))


def join_places(parts: Iterable[Places]) -> Places:
    """The places of all blocks in one table, by segment and then zyx."""
    tables = [part for part in parts if len(part)]
    if not tables:
        return _table(np.zeros(0, np.uint64), np.zeros((0, 3)))
    joined = pd.concat(tables, ignore_index=True)
    return joined.sort_values(["segment", *point_columns("place")], ignore_index=True)


def mark_somata(pairs: pd.DataFrame, places: Places, radius_nm: float) -> pd.DataFrame:
    """The pairs with ``soma_a`` and ``soma_b``: whether the point of that side is in a soma.

    It is if a place of its own segment lies within ``radius_nm``, and a quarter more as the
    places are coarse: then a ball of that radius, which lies in the neuron, holds the point.

    Parameters
    ----------
    pairs : DataFrame
        ``records.PAIRS``; order and index are kept.
    places : DataFrame
        From ``soma_places``; without rows nothing is a soma.
    radius_nm : float
        That the places were found with.
    """
    held = np.unique(places["segment"].to_numpy(np.uint64))
    trees = {k: cKDTree(points(places[places["segment"] == k], "place")) for k in held}
    marks = {}
    for side in "ab":
        is_soma = np.zeros(len(pairs), dtype=bool)
        at, segments = points(pairs, side), pairs[f"segment_{side}"].to_numpy()
        for row in np.flatnonzero(np.isin(segments, held)):
            distance, _ = trees[segments[row]].query(at[row])
            is_soma[row] = distance <= radius_nm * (1 + SLACK)
        marks[f"soma_{side}"] = is_soma
    return pairs.assign(**marks)


def _ends(ids: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
    """Which voxels are background, or have a neighbour of another segment across a face."""
    is_end: NDArray[np.bool_] = np.asarray(ids == 0)
    for axis in range(ids.ndim):
        low = (slice(None),) * axis + (slice(None, -1),)
        high = (slice(None),) * axis + (slice(1, None),)
        differs = ids[low] != ids[high]
        is_end[low] |= differs
        is_end[high] |= differs
    return is_end


def _table(segments: NDArray[Any], places_nm: NDArray[np.float64]) -> Places:
    table = pd.DataFrame({"segment": segments.astype(np.uint64)})
    return table.assign(**dict(zip(point_columns("place"), places_nm.T, strict=True)))
