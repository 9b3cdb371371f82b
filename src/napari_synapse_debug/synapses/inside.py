"""Where in a neuron a point is put: deep enough, where the neuron is thick, never outside."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.domain.distances import distances_to
from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box, Grid

SEARCH_NM = 100.0
"""A point may be moved this far from its aim to where the neuron is thicker."""

VIEW_NM = 150.0
"""Thickness is measured within this distance, so that it never exceeds twice as much."""

TRIES = (1.0, 0.5, 0.25)
"""Parts of the depth that are aimed at, until the neuron is met."""


def inner_point(
    segmentation: NDArray[np.integer[Any]],
    segment: int,
    cleft_nm: NDArray[np.float64],
    direction: NDArray[np.float64],
    depth_nm: float,
    grid: Grid,
) -> tuple[NDArray[np.float64], float]:
    """A point (3,) in nm inside ``segment`` near a cleft, and the local thickness in nm.

    Aimed at is the place ``depth_nm`` from the cleft along ``direction``; of the voxels of the
    segment around it the one with the largest ``min(r, depth_nm) - d / 2`` is taken, where r is
    its distance to the outside of the segment and d that to the aim. Without any the aim comes
    nearer, and at last the voxel of the segment nearest to the cleft is taken. The point is
    the centre of a voxel that holds ``segment``. The thickness is 2 r, the largest there.

    Raises
    ------
    InputError
        The segment is not in this crop.
    """
    for part in TRIES:
        aim = cleft_nm + part * depth_nm * direction
        radius = min(part * depth_nm, SEARCH_NM)
        found = _thick_point(segmentation, segment, aim, radius, depth_nm, grid)
        if found is not None:
            return found
    nearest = _nearest_voxel(segmentation, segment, cleft_nm, grid)
    found = _thick_point(segmentation, segment, nearest, 0.0, depth_nm, grid)
    if found is None:
        raise _not_there(segment)
    return found


def _thick_point(
    segmentation: NDArray[np.integer[Any]],
    segment: int,
    aim_nm: NDArray[np.float64],
    radius_nm: float,
    depth_nm: float,
    grid: Grid,
) -> tuple[NDArray[np.float64], float] | None:
    """The best voxel within ``radius_nm`` of the aim, and the thickness; None if there is none."""
    near = _box_around(aim_nm, radius_nm, grid)
    if near.is_empty or not (segmentation[near.slices] == segment).any():
        return None
    view = _held(segmentation, segment, near.grow(grid.margin_vx(VIEW_NM), within=grid.box))
    is_inside = segmentation[view.slices] == segment
    depth = distances_to(~is_inside, grid.voxel_size_nm, VIEW_NM)
    core = near.intersect(view).relative_to(view)
    index = np.argwhere(is_inside[core.slices]) + np.asarray(core.start)
    points = grid.crop(view).to_nm(index)
    distance = np.linalg.norm(points - aim_nm, axis=1)
    is_near = distance <= radius_nm + 1e-6
    if not is_near.any():
        return None
    index, points, distance = index[is_near], points[is_near], distance[is_near]
    inner = np.minimum(depth[tuple(index.T)], VIEW_NM)
    # Rounded, so that ties fall alike however the crop is cut: to the first voxel in zyx order.
    best = int(np.argmax(np.round(np.minimum(inner, depth_nm) - distance / 2, 6)))
    return points[best], float(2 * inner.max())


def _held(segmentation: NDArray[np.integer[Any]], segment: int, view: Box) -> Box:
    """The part of ``view`` with the segment, and one voxel more: no nearest outside is lost.

    From the nearest voxel outside, one step towards the inside is still nearer, hence inside.
    """
    is_inside = segmentation[view.slices] == segment
    start, stop = [], []
    for axis in range(3):
        along = np.flatnonzero(is_inside.any(axis=tuple(k for k in range(3) if k != axis)))
        start.append(int(along[0]))
        stop.append(int(along[-1]) + 1)
    held = Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))
    return held.shift(view.start).grow((1, 1, 1), within=view)


def _nearest_voxel(
    segmentation: NDArray[np.integer[Any]],
    segment: int,
    point_nm: NDArray[np.float64],
    grid: Grid,
) -> NDArray[np.float64]:
    """Centre (3,) of the voxel of ``segment`` nearest to the point; looks near it first."""
    for box in (_box_around(point_nm, 2 * SEARCH_NM, grid), grid.box):
        index = np.argwhere(segmentation[box.slices] == segment)
        points = grid.crop(box).to_nm(index)
        distance = np.linalg.norm(points - point_nm, axis=1)
        if len(points) and (distance.min() <= 2 * SEARCH_NM or box == grid.box):
            return np.asarray(points[np.argmin(np.round(distance, 6))])
    raise _not_there(segment)


def _box_around(point_nm: NDArray[np.float64], radius_nm: float, grid: Grid) -> Box:
    """Box of the voxels within ``radius_nm`` of a point, cut to the crop; may be empty."""
    z, y, x = (int(n) for n in grid.to_index(point_nm)[0])
    margin = grid.margin_vx(radius_nm)
    return Box((z, y, x), (z + 1, y + 1, x + 1)).grow(margin, within=grid.box)


def _not_there(segment: int) -> InputError:
    return InputError(
        "A segment of the interface is not in the segmentation",
        found=f"no voxel of segment {segment}",
        expected="the segmentation that the faces were found in",
        fix="find the faces again in this segmentation",
    )
