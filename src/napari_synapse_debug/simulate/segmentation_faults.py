"""Faults of the segmentation in use: neurons merged, split, erased or drawn apart at a cleft."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from napari_synapse_debug.simulate.place import Change, Mask, Place, Volume

MERGE_NM = 400.0
ERASE_NM = 300.0
GAP_REACH_NM = 350.0
GAP_NM = 60.0
"""Each partner draws back this far at least."""

SHEET_SHARE = 0.6
"""A fragment reaches this part of the way from the interface to post's point."""


def merge_neurons(place: Place) -> Change:
    """Post near the cleft gets the id of pre."""
    taken = place.within(MERGE_NM) & (place.segments == place.post)
    return Change(place.box, {"segmentation": _write(place.segments, taken, place.pre)})


def erase_partner(place: Place) -> Change:
    """Post near the cleft becomes background."""
    taken = place.within(ERASE_NM) & (place.segments == place.post)
    return Change(place.box, {"segmentation": _write(place.segments, taken, 0)})


def split_partner(place: Place, fresh: int) -> Change | None:
    """The sheet of post at the cleft gets an id of its own; post's point keeps the old one."""
    post = place.segments == place.post
    to_pre = place.far_from(place.segments == place.pre)
    depth = SHEET_SHARE * to_pre[place.index(place.point("post"))]
    sheet = post & (to_pre <= depth) & place.within(GAP_REACH_NM)
    if not sheet.any():
        return None
    return Change(place.box, {"segmentation": _write(place.segments, sheet, fresh)})


def open_gap(place: Place, gap_nm: float = GAP_NM, zone: Mask | None = None) -> Change:
    """Pre and post draw back from each other, in all of a zone; both stay beside the gap."""
    return Change(place.box, {"segmentation": _write(place.segments, _gap(place, gap_nm, zone), 0)})


def narrow_contact(place: Place, gap_nm: float, area_nm2: float, zone: Mask) -> Change | None:
    """A gap parts pre and post but for a window of at most ``area_nm2`` next to the cleft point.

    None where the window would touch what is left of the contact beyond the gap.
    """
    pre, post = place.segments == place.pre, place.segments == place.post
    low, axis = _faces_between(pre, post)
    if len(low) == 0:
        return None
    high = low + np.eye(3, dtype=np.int64)[axis]
    middle = place.to_nm(low) / 2 + place.to_nm(high) / 2
    order = np.argsort(np.linalg.norm(middle - place.point("cleft"), axis=1), kind="stable")
    areas = np.asarray(place.grid.voxel_area_nm2)[axis[order]]
    chosen = order[np.cumsum(areas) <= area_nm2]
    if len(chosen) == 0:
        return None
    window = np.zeros(pre.shape, bool)
    window[tuple(low[chosen].T)] = window[tuple(high[chosen].T)] = True
    taken = _gap(place, gap_nm, zone) & ~window
    rest, _ = _faces_between(pre & ~taken & ~window, post & ~taken & ~window)
    beside = np.ones((3, 3, 3), bool)
    if ndimage.binary_dilation(window, beside)[tuple(rest.T)].any():
        return None  # the window would be a part of the contact beyond the gap
    return Change(place.box, {"segmentation": _write(place.segments, taken, 0)})


def add_neuron(place: Place, half: Mask, fresh: int) -> Change:
    """The part of post in ``half`` is another neuron, in the true segmentation too."""
    taken = half & place.is_own & (place.segments == place.post)
    names = ("segmentation", "true_segmentation")
    return Change(place.box, {n: _write(place.volumes[n], taken, fresh) for n in names})


def _gap(place: Place, gap_nm: float, zone: Mask | None) -> Mask:
    """The voxels of pre and post within ``gap_nm`` of the other, but for their own points."""
    around = place.within(GAP_REACH_NM)
    if zone is not None:
        around = around | (place.far_from(zone) <= gap_nm)
    pre, post = place.segments == place.pre, place.segments == place.post
    gap = max(gap_nm, *place.grid.voxel_size_nm)
    drawn_back = (pre & (place.far_from(post) <= gap)) | (post & (place.far_from(pre) <= gap))
    taken = drawn_back & around
    for end in ("pre", "post"):
        taken[place.index(place.point(end))] = False
    return np.asarray(taken)


def _faces_between(pre: Mask, post: Mask) -> tuple[np.ndarray, np.ndarray]:
    """Faces between two segments: the voxel below each, (N, 3), and the axis, (N,)."""
    found, axes = [], []
    for axis in range(3):
        below = [slice(None)] * 3
        above = [slice(None)] * 3
        below[axis], above[axis] = slice(None, -1), slice(1, None)
        lower, upper = tuple(below), tuple(above)
        meets = (pre[lower] & post[upper]) | (post[lower] & pre[upper])
        found.append(np.argwhere(meets))
        axes.append(np.full(len(found[-1]), axis))
    return np.concatenate(found), np.concatenate(axes)


def _write(segments: Volume, where: Mask, value: int) -> Volume:
    """A copy of ``segments`` with ``value`` in a mask."""
    return np.where(where, segments.dtype.type(value), segments)
