"""Segments grown into background, so that neurons across a narrow gap touch."""

from __future__ import annotations

import math
from itertools import groupby, product

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.contacts.labels import Labels, unsigned_labels
from napari_synapse_debug.domain.grid import Grid, Triple, TripleNm
from napari_synapse_debug.domain.params import ContactParams


def contact_halo_vx(grid: Grid, params: ContactParams) -> Triple:
    """Voxels (zyx) that a block must read beyond its faces to find the contacts it owns.

    Half the largest gap, because both neurons grow by that much, and one voxel for the far
    side of the faces on the block's upper border.
    """
    z, y, x = (n + 1 for n in grid.margin_vx(params.max_gap_nm / 2))
    return z, y, x


def grow_segments(labels: Labels, voxel_size_nm: TripleNm, max_gap_nm: float) -> Labels:
    """The labels with each segment grown into background by half of ``max_gap_nm``.

    A background voxel takes the segment that is nearest to its centre, if that is at most
    ``max_gap_nm / 2`` away. A segment is a solid made of its voxels, so that two neurons whose
    surfaces are ``max_gap_nm`` apart along an axis just touch::

        a a . . . b b    3 voxels of 8 nm apart: touch from max_gap_nm = 24 on
        a a a ? b b b    the middle one is equally near: the smaller label

    Equal distances go to the smaller label, so that the result depends on nothing but the
    neighbourhood and is the same for any block size.

    Parameters
    ----------
    labels : (z, y, x) integers
        Segment ids, 0 is background.
    voxel_size_nm : tuple of float
        Edges of a voxel along z, y, x.
    max_gap_nm : float
        Distance of the surfaces of two neurons that still count as touching.

    Returns
    -------
    (z, y, x) integers
        A new array of the same dtype; a copy where the gap is 0 or the array is empty.

    Raises
    ------
    InputError
        ``labels`` is not a volume of non-negative integers.
    """
    ids = unsigned_labels(labels)
    shells = _shells(voxel_size_nm, max_gap_nm / 2)
    if not shells or not ids.size:
        return labels.copy()
    margin = np.abs(np.concatenate(shells)).max(axis=0)
    padded = np.pad(ids, [(int(m), int(m)) for m in margin])
    inner = np.zeros(padded.shape, dtype=bool)
    inner[tuple(slice(m, m + n) for m, n in zip(margin, ids.shape, strict=True))] = ids == 0
    strides = np.array([padded.shape[1] * padded.shape[2], padded.shape[2], 1])

    source = padded.ravel()
    grown = source.copy()
    nothing = np.iinfo(ids.dtype).max
    waiting = np.flatnonzero(inner)
    for shell in shells:
        # id - 1 wraps background round to the largest value: it never wins a minimum, and
        # all ids up to that of the widest type keep their place.
        best = np.full(waiting.size, nothing, dtype=ids.dtype)
        for step in shell @ strides:
            np.minimum(best, source[waiting + step] - np.array(1, ids.dtype), out=best)
        is_found = best != nothing
        grown[waiting[is_found]] = best[is_found] + np.array(1, ids.dtype)
        waiting = waiting[~is_found]
    cut = tuple(slice(m, m + n) for m, n in zip(margin, ids.shape, strict=True))
    return grown.reshape(padded.shape)[cut].astype(labels.dtype)


def _shells(voxel_size_nm: TripleNm, reach_nm: float) -> list[NDArray[np.int64]]:
    """Voxel offsets ((N, 3), zyx) whose solid lies within reach, nearest first, ties together."""
    spans = [math.floor(reach_nm / v + 0.5 + 1e-9) for v in voxel_size_nm]
    unit = min(voxel_size_nm)
    offsets = []
    for offset in product(*(range(-n, n + 1) for n in spans)):
        legs = (
            max(0.0, abs(k) - 0.5) * v / unit for k, v in zip(offset, voxel_size_nm, strict=True)
        )
        squared = round(sum(leg * leg for leg in legs), 9)
        if any(offset) and squared <= (reach_nm / unit) ** 2 + 1e-9:
            offsets.append((squared, offset))
    offsets.sort()
    return [
        np.array([offset for _, offset in group])
        for _, group in groupby(offsets, key=lambda item: item[0])
    ]
