"""The candidates of a volume: pieces of blocks joined, with their statistics."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.records import AXES, CANDIDATES, conform, empty, point_columns
from napari_synapse_debug.domain.roles import ClassSpec
from napari_synapse_debug.synapses.candidates import (
    CandidatePieces,
    candidate_pieces,
    draw_candidates,
)
from napari_synapse_debug.synapses.channels import FULL, least_value, synapse_classes

Relabelling = dict[Box, NDArray[np.int64]]
"""For each block: the candidate of each of its local labels; entry 0 is 0, the background."""

# Half of the 26 neighbours; the other half looks back.
_NEIGHBOURS = [step for step in product((-1, 0, 1), repeat=3) if step > (0, 0, 0)]


def stitch_candidates(
    pieces: Iterable[CandidatePieces],
    grid: Grid,
    classes: Sequence[ClassSpec],
    min_size_vx: int,
    high_threshold: float | None = None,
) -> tuple[pd.DataFrame, Relabelling]:
    """The candidates (``records.CANDIDATES``) and what turns local labels into their ids.

    Candidates are numbered from 1 in the order of their first voxels (zyx). The class of a
    candidate is the synapse class with the largest summed probability in it (equal: the
    earlier class), and its kind that of the class. ``peak`` and ``mean`` are those of the
    largest probability of the synapse classes, in [0, 1]; the centroid is weighted by it.

    Parameters
    ----------
    pieces : iterable of CandidatePieces
        One of each block, in any order.
    grid : Grid
        The grid of the volume.
    classes : sequence of ClassSpec
        The classes that the pieces were found with.
    min_size_vx : int
        Smaller candidates stay in the table with ``is_kept`` false.
    high_threshold : float, optional
        Hysteresis: pieces without a voxel of at least this probability are no candidates, and
        are background in the relabelling.

    Returns
    -------
    candidates : DataFrame
        A well-formed table without rows if there is none.
    relabelling : dict of Box to (P + 1,) int64
        ``relabelling[core][labels]`` is the block of the volume of candidate ids.
    """
    blocks = list(pieces)
    offsets = np.cumsum([0, *(len(block.size) for block in blocks)])
    if not offsets[-1]:
        return empty(CANDIDATES), {block.core: np.zeros(1, np.int64) for block in blocks}
    group = _joined_pieces(blocks, offsets, grid)
    first = np.concatenate([block.first for block in blocks])
    lowest = np.full(group.max() + 1, np.iinfo(np.int64).max)
    np.minimum.at(lowest, group, first)
    is_there = _is_strong(blocks, group, high_threshold)
    number = np.zeros(len(lowest), dtype=np.int64)
    in_order = np.argsort(lowest)
    in_order = in_order[is_there[in_order]]
    number[in_order] = np.arange(1, len(in_order) + 1)
    candidate = number[group]
    relabelling = {
        block.core: np.concatenate([[0], candidate[a:b]])
        for block, a, b in zip(blocks, offsets[:-1], offsets[1:], strict=True)
    }
    return _table(blocks, candidate, grid, classes, min_size_vx), relabelling


def find_candidates(
    probability: NDArray[np.uint8],
    grid: Grid,
    classes: Sequence[ClassSpec],
    threshold: float,
    min_size_vx: int,
    high_threshold: float | None = None,
) -> tuple[NDArray[np.uint32], pd.DataFrame]:
    """Candidate ids (z, y, x), uint32, and the table of a volume that fits in memory.

    Candidates below the size filter have their label, too. See ``candidates_in_block``.

    Raises
    ------
    InputError
        The probabilities fit neither grid nor classes, no class marks synapses, or the
        threshold lies outside [0, 1].
    """
    pieces = candidate_pieces(probability, grid.box, grid, classes, threshold)
    table, relabelling = stitch_candidates([pieces], grid, classes, min_size_vx, high_threshold)
    return draw_candidates(pieces, relabelling[grid.box]), table


def _is_strong(
    blocks: list[CandidatePieces], group: NDArray[np.int64], high_threshold: float | None
) -> NDArray[np.bool_]:
    """Which groups hold a voxel of the high threshold; all, if there is none."""
    if high_threshold is None:
        return np.ones(group.max() + 1, dtype=bool)
    peak = np.zeros(group.max() + 1, dtype=np.int64)
    np.maximum.at(peak, group, np.concatenate([block.peak for block in blocks]))
    return peak >= least_value(high_threshold)


def _table(
    blocks: list[CandidatePieces],
    candidate: NDArray[np.int64],
    grid: Grid,
    classes: Sequence[ClassSpec],
    min_size_vx: int,
) -> pd.DataFrame:
    order = np.argsort(candidate, kind="stable")
    order = order[candidate[order] > 0]
    if not len(order):
        return empty(CANDIDATES)
    firsts = np.flatnonzero(np.diff(candidate[order], prepend=0))

    def summed(name: str, how: np.ufunc = np.add) -> NDArray[np.int64]:
        values = np.concatenate([getattr(block, name) for block in blocks])
        return np.asarray(how.reduceat(values[order], firsts, axis=0))

    size, weight = summed("size"), summed("weight")
    channels = synapse_classes(classes)
    strongest = [classes[channels[k]] for k in summed("class_weight").argmax(axis=1)]
    centroid = grid.to_nm(summed("moment") / weight[:, None])
    boxes = {"start": summed("start", np.minimum), "stop": summed("stop", np.maximum)}
    table = pd.DataFrame(
        {
            "candidate": np.arange(1, len(size) + 1),
            "class_name": [spec.name for spec in strongest],
            "kind": [str(spec.role.kind) for spec in strongest],
            "size_vx": size,
            "peak": summed("peak", np.maximum) / FULL,
            "mean": weight / size / FULL,
            "is_kept": size >= min_size_vx,
            **dict(zip(point_columns("centroid"), centroid.T, strict=True)),
            **{
                f"{end}_{axis}": values[:, k]
                for end, values in boxes.items()
                for k, axis in enumerate(AXES)
            },
        }
    )
    return conform(table, CANDIDATES, "candidates")


def _joined_pieces(
    blocks: list[CandidatePieces], offsets: NDArray[np.int64], grid: Grid
) -> NDArray[np.int64]:
    """Number of the component of each piece: pieces with neighbouring border voxels are one."""
    voxel = np.concatenate([block.border_voxel for block in blocks])
    piece = np.concatenate(
        [block.border_piece + by for block, by in zip(blocks, offsets[:-1], strict=True)]
    )
    order = np.argsort(voxel)
    voxel, piece = voxel[order], piece[order]
    index = np.stack(np.unravel_index(voxel, grid.shape), axis=1)
    links = [np.zeros((2, 0), dtype=np.int64)]
    for step in _NEIGHBOURS if len(voxel) else []:
        neighbour = index + np.asarray(step)
        inside = np.flatnonzero(grid.box.contains(neighbour))
        wanted = np.ravel_multi_index(tuple(neighbour[inside].T), grid.shape)
        place = np.minimum(np.searchsorted(voxel, wanted), len(voxel) - 1)
        is_there = voxel[place] == wanted
        links.append(np.stack([piece[inside[is_there]], piece[place[is_there]]]))
    first, second = np.concatenate(links, axis=1)
    graph = coo_array(
        (np.ones(len(first), bool), (first, second)), shape=(offsets[-1], offsets[-1])
    )
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)
