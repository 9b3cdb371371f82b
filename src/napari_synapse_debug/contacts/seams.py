"""What neighbouring blocks need to join their pieces: the lattice edges on their borders."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from napari_synapse_debug.contacts.scan import Runs
from napari_synapse_debug.domain.compiled import compiled, kernel
from napari_synapse_debug.domain.grid import Box, Triple


def border_edges(
    core: Box, shape: Triple, runs: Runs
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Lattice edges that a face of another block may share, (E,), and their pieces, (E,).

    Corner (z, y, x) of the lattice is the lower corner of voxel (z, y, x); an edge is three
    times the flat number of its first corner plus its direction. A face normal to k with upper
    voxel c and other axes i, j has four::

        corner c ──── along j ────┐
           │                      │
        along i                along i (corner c + j)
           └─ along j (corner c + i)

    Parameters
    ----------
    core : Box
        The block in the volume.
    shape : tuple of int
        Voxels of the volume along z, y, x.
    runs : Runs
        The faces of the block.
    """
    # A border of the volume is none: -1 is no corner.
    low = tuple(a if a > 0 else -1 for a in core.start)
    high = tuple(b if b < n else -1 for b, n in zip(core.stop, shape, strict=True))
    lattice = tuple(n + 1 for n in shape)
    edge, piece = _edges(runs[:4], core.start, core.shape, (low, high), lattice)
    return edge, piece


@compiled
def _edges(runs: Any, start: Any, shape: Any, borders: Any, lattice: Any) -> Any:
    row_start, xs, code, piece = runs
    edge, owner = np.empty(1024, np.int64), np.empty(1024, np.int64)
    count = 0
    for row in range(len(row_start) - 1):
        z, y = row // shape[1], row % shape[1]
        is_inner = not (
            _is_at(z, shape[0], borders[0][0], borders[1][0])
            or _is_at(y, shape[1], borders[0][1], borders[1][1])
        )
        if is_inner and borders[0][2] < 0 and borders[1][2] < 0:
            continue
        for run in range(row_start[row], row_start[row + 1]):
            length, axis = code[run] >> 3, code[run] & 3
            if is_inner and xs[run] > 0 and xs[run] + length < shape[2]:
                continue
            while count + 4 * length > len(edge):
                edge, owner = np.append(edge, edge), np.append(owner, owner)
            for x in range(xs[run], xs[run] + length):
                voxel = (start[0] + z, start[1] + y, start[2] + x)
                for number in range(4):
                    found = _shared_edge(voxel, axis, number, borders, lattice)
                    if found >= 0:
                        edge[count], owner[count] = found, piece[run]
                        count += 1
    return edge[:count].copy(), owner[:count].copy()


@kernel
def _is_at(index: Any, size: Any, low: Any, high: Any) -> Any:
    """Whether the voxel is the first or last of the block where another block follows."""
    return (low >= 0 and index == 0) or (high >= 0 and index == size - 1)


@kernel
def _shared_edge(voxel: Any, axis: int, number: int, borders: Any, lattice: Any) -> Any:
    """The number of one of the four edges of a face; -1 if it lies on no border."""
    low, high = borders
    along = (axis + 1 + number % 2) % 3
    aside = 3 - axis - along  # the axis across which the edge may move by one
    z = voxel[0] + (1 if aside == 0 and number > 1 else 0)
    y = voxel[1] + (1 if aside == 1 and number > 1 else 0)
    x = voxel[2] + (1 if aside == 2 and number > 1 else 0)
    if not (
        (along != 0 and (z == low[0] or z == high[0]))
        or (along != 1 and (y == low[1] or y == high[1]))
        or (along != 2 and (x == low[2] or x == high[2]))
    ):
        return -1
    return 3 * ((z * lattice[1] + y) * lattice[2] + x) + along


def joined_pieces(
    pair: NDArray[np.uint64], edge: NDArray[np.int64], owner: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Number of the patch of each piece: pieces of a pair that share a lattice edge are one.

    Parameters
    ----------
    pair : (P, 2) uint64
        Segments of the pieces.
    edge, owner : (E,) int64
        Lattice edges on borders, and their pieces.
    """
    order = np.argsort(edge, kind="stable")  # rows come in order, which this kind makes use of
    first, second = _links(edge[order], owner[order], pair)
    return joined(len(pair), first, second)


@compiled
def _links(
    edge: NDArray[np.int64], owner: NDArray[np.int64], pair: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pieces to join: those at equal edges (they are sorted) whose pairs are equal."""
    first, second = np.empty_like(edge), np.empty_like(edge)
    count = 0
    for k in range(len(edge)):
        before = k - 1
        while before >= 0 and edge[before] == edge[k]:
            one, two = owner[before], owner[k]
            if one == two:
                break  # what it is linked to, this one is, too
            if pair[one, 0] == pair[two, 0] and pair[one, 1] == pair[two, 1]:
                first[count], second[count] = one, two
                count += 1
                break  # the earlier ones of this pair are linked to that one
            before -= 1
    return first[:count].copy(), second[:count].copy()


def joined(nodes: int, first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.int64]:
    """Number of the connected component of each of ``nodes`` nodes, given linked nodes."""
    links = coo_array((np.ones(len(first), bool), (first, second)), shape=(nodes, nodes))
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)
