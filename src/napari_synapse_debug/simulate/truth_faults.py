"""Faults of the truth: points misplaced, rows flipped, repeated, forgotten or moved."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.simulate.distances import distance_nm
from napari_synapse_debug.simulate.place import Change, Mask, Place, as_columns

NEIGHBOUR_NM = 60.0
"""A neuron this much farther than a partner may lie is surely none."""

Point = NDArray[np.float64]


def misplace_pre(place: Place) -> Change:
    """The pre point is moved across the cleft, into post; the row still names the pre neuron."""
    inside = place.segments == place.post
    middle = (place.point("cleft") + place.point("post")) / 2
    distance = np.where(inside, distance_nm(place.grid, place.box, middle), np.inf)
    index = np.asarray(np.unravel_index(np.argmin(distance), place.box.shape))
    return Change(place.box, row=as_columns("pre", place.to_nm(index[None])[0]))


def hole_at_post(place: Place, snap_nm: float) -> Change:
    """The true segmentation has a hole at the post point, wider than points are snapped."""
    segments = place.volumes["true_segmentation"]
    radius = snap_nm + 2 * min(place.grid.voxel_size_nm)
    hole = distance_nm(place.grid, place.box, place.point("post")) <= radius
    holed = np.where(hole, segments.dtype.type(0), segments)
    return Change(place.box, {"true_segmentation": holed})


def stray_post(place: Place, cleft: Mask, reach_nm: float) -> Change | None:
    """The post point is moved into a neuron that does not come near the cleft."""
    segments = place.volumes["true_segmentation"]
    away = place.far_from(cleft)
    near = np.unique(segments[away <= reach_nm + NEIGHBOUR_NM])
    far = (segments != 0) & ~np.isin(segments, near)
    if not far.any():
        return None
    deepest = np.unravel_index(np.argmax(np.where(far, -away, -np.inf)), far.shape)
    point = place.to_nm(np.asarray(deepest)[None])[0]
    row = as_columns("post", point) | {"post_segment": int(segments[deepest])}
    return Change(place.box, row=row)


def repeat_row(place: Place) -> Change:
    """The row is in the truth twice, its cleft point a voxel further the second time."""
    step = np.zeros(3)
    step[int(np.argmin(place.grid.voxel_size_nm))] = min(place.grid.voxel_size_nm)
    return Change(place.box, added=(as_columns("cleft", place.point("cleft") + step),))


def forget_synapse(place: Place, mask: str) -> Change:
    """The row and the cleft's mask are taken out of the truth; the image keeps the synapse."""
    volumes = {}
    if mask in place.volumes:
        ids = place.volumes[mask]
        volumes[mask] = np.where(ids == place.row["synapse"], ids.dtype.type(0), ids)
    return Change(place.box, volumes, is_dropped=True)


def flip_row(place: Place) -> Change:
    """Pre and post, points and segments, are swapped in the truth."""
    return Change(
        place.box,
        row={
            **as_columns("pre", place.point("post")),
            **as_columns("post", place.point("pre")),
            "pre_segment": place.row["post_segment"],
            "post_segment": place.row["pre_segment"],
        },
    )


def name_other_pair(place: Place, pre: Point, cleft: Point, post: Point) -> Change:
    """The row names another pair that the candidate touches."""
    segments = place.volumes["true_segmentation"]
    return Change(
        place.box,
        row={
            **as_columns("pre", pre),
            **as_columns("cleft", cleft),
            **as_columns("post", post),
            "pre_segment": int(segments[place.index(pre)]),
            "post_segment": int(segments[place.index(post)]),
        },
    )


def move_cleft(place: Place, distance_nm: float, within: Box) -> Change | None:
    """The cleft point is moved ``distance_nm`` away, inside a box; mask and partners stay."""
    for direction in _directions():
        moved = place.point("cleft") + distance_nm * direction
        if within.contains(place.grid.to_index([moved]))[0]:
            return Change(place.box, row=as_columns("cleft", moved))
    return None


def move_out_of_box(place: Place, box: Box, margin_nm: float, farthest_nm: float) -> Change | None:
    """The cleft point is moved out of the evaluated box, by more than the margin."""
    cleft = place.point("cleft")
    low, high = place.grid.to_nm(np.stack([box.start, np.asarray(box.stop) - 1]))
    volume = place.grid.box
    for axis in range(3):
        past = margin_nm + 2 * place.grid.voxel_size_nm[axis]
        for face, sign, is_inner in (
            (low[axis], -1, box.start[axis] > volume.start[axis]),
            (high[axis], 1, box.stop[axis] < volume.stop[axis]),
        ):
            moved = cleft.copy()
            moved[axis] = face + sign * past
            is_near = abs(moved[axis] - cleft[axis]) <= farthest_nm
            if is_inner and is_near and volume.contains(place.grid.to_index([moved]))[0]:
                return Change(place.box, row=as_columns("cleft", moved))
    return None


def steal_match(
    place: Place, signal: Mask, clear_nm: float, farthest_nm: float, fresh: int
) -> Change | None:
    """A second row of the same pair lies nearer to the prediction than the row that is right.

    Its cleft holds no signal, so that the prediction is surely that of the first.
    """
    start = place.point("cleft")
    away = place.far_from(signal)
    step = min(place.grid.voxel_size_nm)
    for direction in _directions():
        for reached in np.arange(clear_nm, farthest_nm - 2 * step, step):
            thief = start + reached * direction
            local = place.grid.to_index([thief])[0] - np.asarray(place.box.start)
            if (local < 0).any() or (local >= place.box.shape).any():
                break
            if away[tuple(local)] < clear_nm:
                continue
            moved = start + farthest_nm * direction
            if not place.grid.box.contains(place.grid.to_index([moved]))[0]:
                break
            added = as_columns("cleft", thief) | {"synapse": fresh}
            return Change(place.box, row=as_columns("cleft", moved), added=(added,))
    return None


def _directions() -> list[Point]:
    """The six directions of the axes."""
    return [sign * axis for axis in np.eye(3)[::-1] for sign in (1.0, -1.0)]
