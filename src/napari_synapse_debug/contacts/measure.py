"""Sums, boxes and the middle face of the pieces of one block, from their runs of faces."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.contacts.scan import Runs
from napari_synapse_debug.domain.compiled import compiled, kernel
from napari_synapse_debug.domain.grid import Box, Triple, TripleNm

FINE_FACES = 256
"""Patches of more faces look for their middle face in every fourth row only (``is_coarse_row``),
so that the memory for patches that cross many blocks stays small."""

_NONE = np.iinfo(np.int64).max


class Sums(NamedTuple):
    """What is known of each of P pieces; places are twice an index, so whole numbers.

    Parameters
    ----------
    pair : (P, 2) uint64
        Segments a < b.
    faces, signed_faces : (P, 3) int64
        Faces normal to z, y, x; signed: those from a to b along the axis less the others.
    place_sum : (P, 3) int64
        Sum of the places of the middles of the faces, zyx.
    start, stop : (P, 3) int64
        Half-open box of the voxels on both sides, in the volume.
    first : (P, 4) int64
        Place of the first face in zyx order, and whether a to b is along the axis there.
    """

    pair: NDArray[np.uint64]
    faces: NDArray[np.int64]
    signed_faces: NDArray[np.int64]
    place_sum: NDArray[np.int64]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    first: NDArray[np.int64]


def measure_pieces(labels: NDArray[Any], origin: Triple, core: Box, runs: Runs) -> Sums:
    """The sums of each piece of ``runs``; P may be 0.

    Parameters
    ----------
    labels : (z, y, x) uint16, uint32 or uint64
        The ids that were swept.
    origin : tuple of int
        The voxel of the volume that ``labels`` begins at.
    core : Box
        The block in the volume.
    runs : Runs
        Its faces.
    """
    count = runs.pieces
    sums = Sums(
        pair=np.zeros((count, 2), np.uint64),
        faces=np.zeros((count, 3), np.int64),
        signed_faces=np.zeros((count, 3), np.int64),
        place_sum=np.zeros((count, 3), np.int64),
        start=np.full((count, 3), _NONE, np.int64),
        stop=np.zeros((count, 3), np.int64),
        first=np.full((count, 4), _NONE, np.int64),
    )
    _sum_runs(labels, origin, core.start, core.shape[1], runs[:4], sums)
    return sums


@compiled
def _sum_runs(labels: Any, origin: Any, start: Any, rows: Any, runs: Any, sums: Any) -> Any:
    """Add every run to the sums of its piece."""
    row_start, xs, code, piece = runs
    pair, faces, signed, place_sum, low, high, first = sums
    for row in range(len(row_start) - 1):
        z, y = start[0] + row // rows, start[1] + row % rows
        for run in range(row_start[row], row_start[row + 1]):
            k, length, is_up, axis = piece[run], code[run] >> 3, (code[run] >> 2) & 1, code[run] & 3
            x = start[2] + xs[run]
            dz, dy, dx = axis == 0, axis == 1, axis == 2
            if faces[k, 0] + faces[k, 1] + faces[k, 2] == 0:
                here = labels[z - origin[0], y - origin[1], x - origin[2]]
                there = labels[z - origin[0] - dz, y - origin[1] - dy, x - origin[2] - dx]
                pair[k, 0], pair[k, 1] = min(here, there), max(here, there)
            faces[k, axis] += length
            signed[k, axis] += length if is_up else -length
            place_sum[k, 0] += length * (2 * z - dz)
            place_sum[k, 1] += length * (2 * y - dy)
            place_sum[k, 2] += length * (2 * x - dx + length - 1)
            low[k, 0] = min(low[k, 0], z - dz)
            low[k, 1] = min(low[k, 1], y - dy)
            low[k, 2] = min(low[k, 2], x - dx)
            high[k, 0] = max(high[k, 0], z + 1)
            high[k, 1] = max(high[k, 1], y + 1)
            high[k, 2] = max(high[k, 2], x + length)
            place = (2 * z - dz, 2 * y - dy, 2 * x - dx)
            if place < (first[k, 0], first[k, 1], first[k, 2]):
                first[k, 0], first[k, 1], first[k, 2] = place
                first[k, 3] = is_up


class Spans(NamedTuple):
    """Stretches of faces along x, among which the middle face of a patch is looked for.

    Parameters
    ----------
    piece : (S,) int32
        Piece that they belong to.
    place : (S, 3) int32
        Twice the index of the middle of the first face, zyx, in the volume.
    length : (S,) int32
        Faces.
    is_up : (S,) bool
        Whether a to b is along the axis.
    """

    piece: NDArray[np.int32]
    place: NDArray[np.int32]
    length: NDArray[np.int32]
    is_up: NDArray[np.bool_]


def spans_of(core: Box, runs: Runs, sums: Sums, is_open: NDArray[np.bool_]) -> Spans:
    """The spans of the open pieces: all, or those of coarse rows where a piece is large."""
    asked, block = _asked(sums, is_open), (core.start, core.shape[1])
    count = _count_spans(runs[:4], block, asked)
    spans = Spans(
        piece=np.empty(count, np.int32),
        place=np.empty((count, 3), np.int32),
        length=np.empty(count, np.int32),
        is_up=np.empty(count, np.bool_),
    )
    _write_spans(runs[:4], block, asked, spans)
    return spans


@kernel
def is_coarse_row(z: Any, y: Any) -> bool:
    """Whether the middle face of a large patch may lie in the row of voxels z, y."""
    return bool((z + y) % 4 == 0)


def _asked(sums: Sums, is_wanted: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Of which rows the runs of each piece are asked: (P,) 0 of none, 1 of coarse, 2 of all."""
    is_fine = sums.faces.sum(axis=1) <= FINE_FACES
    return np.where(is_wanted, np.where(is_fine, 2, 1), 0).astype(np.uint8)


@compiled
def _count_spans(runs: Any, block: Any, asked: Any) -> int:
    row_start, _, _, piece = runs
    start, rows = block
    count = 0
    for row in range(len(row_start) - 1):
        least = 2 - is_coarse_row(start[0] + row // rows, start[1] + row % rows)
        for run in range(row_start[row], row_start[row + 1]):
            count += asked[piece[run]] >= least
    return count


@compiled
def _write_spans(runs: Any, block: Any, asked: Any, spans: Any) -> None:
    row_start, xs, code, piece = runs
    start, rows = block
    span_piece, place, length, is_up = spans
    count = 0
    for row in range(len(row_start) - 1):
        z, y = start[0] + row // rows, start[1] + row % rows
        least = 2 - is_coarse_row(z, y)
        for run in range(row_start[row], row_start[row + 1]):
            if asked[piece[run]] >= least:
                axis = code[run] & 3
                place[count, 0] = 2 * z - (axis == 0)
                place[count, 1] = 2 * y - (axis == 1)
                place[count, 2] = 2 * (start[2] + xs[run]) - (axis == 2)
                span_piece[count], length[count] = piece[run], code[run] >> 3
                is_up[count] = (code[run] & 4) != 0
                count += 1


def middle_faces(
    core: Box, runs: Runs, sums: Sums, is_wanted: NDArray[np.bool_], voxel_nm: TripleNm
) -> NDArray[np.int64]:
    """Place and direction of the face of each wanted piece nearest its centroid: (P, 4).

    ``first`` where a piece is not wanted, or is large and lies in no coarse row.
    """
    middle = sums.first.copy()
    least = np.full(len(middle), np.inf)
    count = sums.faces.sum(axis=1)
    centroid = sums.place_sum / np.maximum(count, 1)[:, None]
    _nearest_of_runs(
        runs[:4],
        (core.start, core.shape[1]),
        _asked(sums, is_wanted),
        centroid,
        voxel_nm,
        (middle, least),
    )
    return middle


def middle_of_spans(
    parts: Iterable[tuple[Spans, NDArray[np.int64]]],
    centroid: NDArray[np.float64],
    first: NDArray[np.int64],
    asked: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    voxel_nm: TripleNm,
) -> NDArray[np.int64]:
    """Place and direction of the face of each patch nearest its centroid: (G, 4) int64.

    Parameters
    ----------
    parts : iterable of (Spans, (S,) int64)
        The spans of each block and the patches that they belong to.
    centroid : (G, 3) float64
        In places, zyx.
    first : (G, 4) int64
        What a patch has of which no span is asked.
    asked : pair of (G,) bool
        Patches whose spans are asked, and those of which only spans in coarse rows are.
    voxel_nm : tuple of float
        Edges of a voxel, zyx.
    """
    middle, least = first.copy(), np.full(len(first), np.inf)
    for spans, patch in parts:
        _nearest_of_spans(tuple(spans), patch, asked, (centroid, voxel_nm), (middle, least))
    return middle


@compiled
def _nearest_of_spans(spans: Any, patch: Any, asked: Any, target: Any, best: Any) -> None:
    _, place, length, is_up = spans
    is_asked, is_large = asked
    for k in range(len(patch)):
        if not is_asked[patch[k]]:
            continue
        first = (np.int64(place[k, 0]), np.int64(place[k, 1]), np.int64(place[k, 2]))
        # the row of the upper voxel; a place is odd along the normal
        is_coarse = is_coarse_row((first[0] + 1) // 2, (first[1] + 1) // 2)
        if is_coarse or not is_large[patch[k]]:
            faces = (np.int64(length[k]), is_up[k])
            _keep_nearest(patch[k], first, faces, target[0], target[1], best)


@compiled
def _nearest_of_runs(
    runs: Any, block: Any, asked: Any, centroid: Any, voxel_nm: Any, best: Any
) -> Any:
    row_start, xs, code, piece = runs
    start, rows = block
    for row in range(len(row_start) - 1):
        z, y = start[0] + row // rows, start[1] + row % rows
        least = 2 - is_coarse_row(z, y)
        for run in range(row_start[row], row_start[row + 1]):
            k = piece[run]
            if asked[k] >= least:
                axis = code[run] & 3
                x = start[2] + xs[run]
                first = (2 * z - (axis == 0), 2 * y - (axis == 1), 2 * x - (axis == 2))
                faces = (code[run] >> 3, (code[run] >> 2) & 1)
                _keep_nearest(k, first, faces, centroid, voxel_nm, best)


@kernel
def _keep_nearest(k: Any, first: Any, faces: Any, centroid: Any, voxel_nm: Any, best: Any) -> Any:
    """Write the face of a stretch nearest the centroid over the best one, if it is nearer.

    Equal distances go to the first face in zyx order, whatever the order of the stretches.
    """
    middle, least = best
    length, is_up = faces
    dz = (first[0] - centroid[k, 0]) * voxel_nm[0]
    dy = (first[1] - centroid[k, 1]) * voxel_nm[1]
    flat = dz * dz + dy * dy
    if flat > least[k]:
        return
    step = int(np.floor((centroid[k, 2] - first[2]) / 2))
    for near in (step, step + 1):
        x = first[2] + 2 * min(max(near, 0), length - 1)
        dx = (x - centroid[k, 2]) * voxel_nm[2]
        distance = flat + dx * dx
        place = (first[0], first[1], x)
        if distance < least[k] or (
            distance == least[k] and place < (middle[k, 0], middle[k, 1], middle[k, 2])
        ):
            least[k] = distance
            middle[k, 0], middle[k, 1], middle[k, 2] = place
            middle[k, 3] = is_up
