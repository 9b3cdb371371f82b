"""Connected foreground of a block as runs along x, without a volume of labels."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.domain.compiled import compiled, root_of


class Foreground(NamedTuple):
    """Runs of voxels at or above a threshold, row by row, joined with 26 neighbours.

    Parameters
    ----------
    row_start : (Z * Y + 1,) int64, or (1,) without any run
        The runs of row ``z * Y + y`` are ``row_start[row] : row_start[row + 1]``.
    start, stop : (R,) int32
        Half-open range along x, relative to the block.
    piece : (R,) int32
        Connected piece, from 0 on in the order of first voxels.
    pieces : int
        Number of pieces.
    """

    row_start: NDArray[np.int64]
    start: NDArray[np.int32]
    stop: NDArray[np.int32]
    piece: NDArray[np.int32]
    pieces: int


def connect_foreground(values: NDArray[np.uint8], least: int) -> Foreground:
    """The voxels of ``values`` ((z, y, x) uint8) that are at least ``least``, as joined runs.

    Rows are scanned once; a run is joined with the runs of the four rows before it (y - 1 and
    the three of z - 1) that it touches by a face, an edge or a corner.
    """
    row_start, start, stop, parent = _runs(np.ascontiguousarray(values), np.uint8(least))
    if not len(start):
        row_start = row_start[:1].copy()  # of a volume of blocks most are empty, and all are kept
    pieces = _join_rows(row_start, start, stop, parent, values.shape[1])
    return Foreground(row_start, start, stop, parent, pieces)


def draw_foreground(
    foreground: Foreground, names: NDArray[np.uint32], shape: tuple[int, int, int]
) -> NDArray[np.uint32]:
    """The label volume of the block, (z, y, x) uint32: ``names[piece]``, 0 is background."""
    labels = np.zeros((shape[0] * shape[1], shape[2]), dtype=np.uint32)
    _draw(foreground[:4], names, labels)
    return labels.reshape(shape)


@compiled
def _runs(
    values: NDArray[Any], least: Any
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Runs of each row, each its own parent."""
    sections, rows, columns = values.shape
    row_start = np.zeros(sections * rows + 1, np.int64)
    start = np.empty(max(1024, columns), np.int32)
    stop = np.empty(len(start), np.int32)
    flags = np.zeros((columns + 8) // 8 * 8, np.uint8)  # at least one 0 behind the row
    words = flags.view(np.uint64)
    count = 0
    for z in range(sections):
        for y in range(rows):
            if _flag(values[z, y], least, flags):
                if count + columns > len(start):
                    start, stop = np.append(start, start), np.append(stop, stop)
                count = _runs_of_row(words, flags, start, stop, count)
            row_start[z * rows + y + 1] = count
    parent = np.arange(count).astype(np.int32)
    return row_start, start[:count].copy(), stop[:count].copy(), parent


@compiled
def _flag(row: NDArray[Any], least: int, flags: NDArray[Any]) -> bool:
    total = np.uint8(0)
    for x in range(len(row)):
        flag = np.uint8(row[x] >= least)
        flags[x] = flag
        total |= flag
    return bool(total != 0)


@compiled
def _runs_of_row(
    words: NDArray[Any], flags: NDArray[Any], start: NDArray[Any], stop: NDArray[Any], count: int
) -> int:
    x = 0
    while x < len(flags):
        if x % 8 == 0 and words[x // 8] == 0:
            x += 8
        elif flags[x] == 0:
            x += 1
        else:
            start[count] = x
            while flags[x] != 0:
                x += 1
            stop[count] = x
            count += 1
    return count


@compiled
def _join_rows(
    row_start: NDArray[Any],
    start: NDArray[Any],
    stop: NDArray[Any],
    parent: NDArray[Any],
    rows: int,
) -> int:
    """Join runs of neighbouring rows; write piece numbers over ``parent``; how many pieces."""
    for row in range(len(row_start) - 1):
        if row_start[row] == row_start[row + 1]:
            continue
        y = row % rows
        if y > 0:
            _join_two(row_start, start, stop, parent, (row, row - 1))
        if row >= rows:
            for other in range(max(0, y - 1), min(rows, y + 2)):
                _join_two(row_start, start, stop, parent, (row, row - rows - y + other))
    pieces = 0
    for run in range(len(parent)):
        if parent[run] == run:
            parent[run] = pieces
            pieces += 1
        else:  # joined to an earlier run, which has its number already
            parent[run] = parent[parent[run]]
    return pieces


@compiled
def _join_two(row_start: Any, start: Any, stop: Any, parent: Any, rows: Any) -> None:
    """Join the runs of two rows that overlap or touch by a corner."""
    one, end_one = row_start[rows[0]], row_start[rows[0] + 1]
    two, end_two = row_start[rows[1]], row_start[rows[1] + 1]
    while one < end_one and two < end_two:
        if start[one] <= stop[two] and start[two] <= stop[one]:
            a, b = root_of(parent, one), root_of(parent, two)
            if a != b:
                parent[max(a, b)] = min(a, b)
        if stop[one] < stop[two]:
            one += 1
        else:
            two += 1


@compiled
def _draw(runs: Any, names: Any, labels: Any) -> None:
    row_start, start, stop, piece = runs
    for row in range(len(row_start) - 1):
        for run in range(row_start[row], row_start[row + 1]):
            labels[row, start[run] : stop[run]] = names[piece[run]]
