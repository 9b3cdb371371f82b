"""Segments grown into background, so that neurons across a narrow gap touch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.contacts.compression import compress, expand
from napari_synapse_debug.contacts.labels import Labels, unsigned_labels
from napari_synapse_debug.domain.compiled import compiled
from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Grid, Triple, TripleNm
from napari_synapse_debug.domain.params import ContactParams

_STEPS_PER_NM = (1000, 100, 10, 1)
"""Voxel sizes are taken as whole multiples of 1/1000 nm, or more coarsely if they must be."""


def contact_halo_vx(grid: Grid, params: ContactParams) -> Triple:
    """Voxels (zyx) that a block must read beyond its faces to find the contacts it owns.

    Half the largest gap, because both neurons grow by that much, and one voxel for the lower
    side of the faces on the block's lower border.
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
    neighbourhood and is the same for any block size. It is ``skimage.segmentation.expand_labels``
    of the same volume drawn with ever finer voxels, up to ties.

    The squared distance is a sum over the axes, so the nearest segment is found by one pass
    along each (separable minimum of sums: Felzenszwalb and Huttenlocher 2012, doi
    10.4086/toc.2012.v008a019, here over a bounded window). Distance and label share one whole
    number, distance first: one minimum compares both.

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
        ``labels`` is not a volume of non-negative integers, or so many segments and so large a
        gap that they do not fit 64 bits.
    """
    ids = unsigned_labels(labels)
    windows, limit = _costs(voxel_size_nm, max_gap_nm / 2)
    if not ids.size or max(map(len, windows)) == 1:
        return labels.copy()
    ids = np.ascontiguousarray(ids)
    direct = _word(int(ids.max()), limit)
    if direct is not None:
        return _grown(ids, windows, limit, int(ids.max()), direct).view(labels.dtype)
    codes, table = compress(ids)
    word = _word(len(table), limit)
    if word is None:
        raise InputError(
            "The gap cannot be bridged in a block this large",
            found=f"{len(table)} segments, max_gap_nm = {max_gap_nm:g}",
            expected="fewer segments at once, or a smaller gap",
            fix="set contacts.block_vx or contacts.max_gap_nm smaller",
        )
    grown = _grown(codes, windows, limit, len(table), word)
    return expand(grown, table.astype(ids.dtype)).view(labels.dtype)


def _word(largest: int, limit: int) -> type[np.unsignedinteger[Any]] | None:
    """The type that holds codes up to ``largest`` with distances up to four times the limit.

    That much, because a sum of three costs, none beyond the limit, must not overflow.
    """
    for word in (np.uint32, np.uint64):
        if (4 * limit + 5) << largest.bit_length() <= np.iinfo(word).max:
            return word
    return None


def _grown(
    codes: NDArray[Any],
    windows: list[list[int]],
    limit: int,
    largest: int,
    word: type[np.unsignedinteger[Any]],
) -> NDArray[Any]:
    """The codes grown: a new array of their type."""
    bits = largest.bit_length()
    costs = tuple(np.array(window, dtype=word) << word(bits) for window in windows)
    has_gap = (codes == 0).any(axis=2)
    grown = codes.copy()
    if has_gap.any():
        beyond, mask = word((limit + 1) << bits), word((1 << bits) - 1)
        _grow(codes, has_gap, costs, (beyond, mask), grown)
    return grown


def _costs(voxel_size_nm: TripleNm, reach_nm: float) -> tuple[list[list[int]], int]:
    """For each axis the squared distance of 0, 1, … voxels within reach, and that of the reach.

    In whole units, the largest in which they are exact.
    """
    reach_vx = [math.floor(reach_nm / v + 0.5 + 1e-9) for v in voxel_size_nm]
    for steps in _STEPS_PER_NM:
        edges = [round(v * steps) for v in voxel_size_nm]
        windows = [
            [0, *(((2 * k - 1) * edge) ** 2 for k in range(1, reach + 1))]
            for edge, reach in zip(edges, reach_vx, strict=True)
        ]
        unit = math.gcd(*(cost for window in windows for cost in window)) or 1
        limit = math.floor((2 * reach_nm * steps) ** 2 * (1 + 1e-9)) // unit
        if limit < 1 << 38:
            break
    return [[cost // unit for cost in window] for window in windows], limit


@compiled
def _grow(codes: Any, has_gap: Any, costs: Any, limits: Any, grown: Any) -> None:
    """Write the grown codes; a ring of sections holds what the passes along x and y found.

    ``has_gap`` tells the rows with background; ``limits`` are the least word that is out of
    reach and the bits of the code.
    """
    sections, rows, columns = codes.shape
    reach = len(costs[0]) - 1
    ring = np.empty((2 * reach + 1, rows, columns), costs[0].dtype)
    along_x = np.empty((rows, columns), costs[0].dtype)
    best, spare = np.empty(columns, costs[0].dtype), np.empty(columns, costs[0].dtype)
    for coming in range(sections + reach):
        if coming < sections:
            for y in range(rows):
                cost = costs[2] if has_gap[coming, y] else costs[2][:1]
                _pass_x(codes[coming, y], cost, limits[0], along_x[y], spare)
            first, last = max(0, coming - reach), min(sections, coming + reach + 1)
            for y in range(rows):
                if has_gap[first:last, y].any():
                    _pass_y(along_x, y, costs[1], ring[coming % len(ring), y], spare)
        z = coming - reach
        for y in range(rows if z >= 0 else 0):
            if has_gap[z, y]:
                _pass_z(ring, (z, y), costs[0], sections, (best, spare))
                _write(best, limits, grown[z, y])


@compiled
def _pass_z(ring: Any, row: Any, cost: Any, sections: int, rows: Any) -> None:
    """Least words of one row within the window along z."""
    z, y = row
    best, spare = rows
    reach = len(cost) - 1
    best[:] = ring[z % len(ring), y]
    for other in range(max(0, z - reach), min(sections, z + reach + 1)):
        if other != z:
            _lower(best, ring[other % len(ring), y], cost[abs(other - z)], spare)


@compiled
def _pass_x(codes: Any, cost: Any, beyond: Any, out: Any, spare: Any) -> None:
    """Least word of a row within the window along x; background starts out of reach."""
    count = len(codes)
    for x in range(count):
        out[x] = beyond if codes[x] == 0 else codes[x]
    if len(cost) > 1:
        word = out.copy()
        for k in range(1, min(len(cost), count)):
            _lower(out[k:], word[:-k], cost[k], spare)
            _lower(out[:-k], word[k:], cost[k], spare)


@compiled
def _pass_y(words: Any, y: int, cost: Any, out: Any, spare: Any) -> None:
    """Least words of one row within the window along y."""
    out[:] = words[y]
    for k in range(1, len(cost)):
        if y >= k:
            _lower(out, words[y - k], cost[k], spare)
        if y + k < len(words):
            _lower(out, words[y + k], cost[k], spare)


@compiled
def _lower(best: Any, words: Any, cost: Any, spare: Any) -> None:
    """Write the smaller of ``best`` and ``words + cost`` over ``best``."""
    # The sum is stored to stay as narrow as the words: numba adds 32-bit numbers in 64 bits,
    # and the comparison would take half as many at once.
    for x in range(len(best)):
        spare[x] = words[x] + cost
        best[x] = min(best[x], spare[x])


@compiled
def _write(best: Any, limits: Any, out: Any) -> None:
    """Fill the background of a row by the nearest code, where that is within reach."""
    beyond, mask = limits
    for x in range(len(out)):
        if out[x] == 0 and best[x] < beyond:
            out[x] = best[x] & mask
