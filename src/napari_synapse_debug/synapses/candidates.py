"""Candidates in one block: connected pieces of the thresholded synapse probability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.domain.compiled import compiled
from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.roles import ClassSpec
from napari_synapse_debug.synapses.channels import (
    check_probability,
    least_value,
    synapse_classes,
    synapse_probability,
)
from napari_synapse_debug.synapses.foreground import (
    Foreground,
    connect_foreground,
    draw_foreground,
)


@dataclass(frozen=True)
class CandidatePieces:
    """The pieces of candidates in one block; piece p has the local label p + 1.

    All sums are whole numbers, of the stored values 1 … 255, so that the stitched table is the
    same for any block size.

    Parameters
    ----------
    core : Box
        The block.
    size : (P,) int64
        Voxels.
    peak, weight : (P,) int64
        Largest value, sum of the values.
    class_weight : (P, S) int64
        Sum of the values of each synapse class.
    moment : (P, 3) int64
        Sum of value times index, zyx, in the volume.
    first : (P,) int64
        Least flat index in the volume.
    start, stop : (P, 3) int64
        Half-open box in the volume.
    border_voxel, border_piece : (K,) int64
        Voxels on the borders to other blocks: flat index in the volume, and their piece.
    foreground : Foreground
        The runs of voxels of the pieces.
    """

    core: Box
    size: NDArray[np.int64]
    peak: NDArray[np.int64]
    weight: NDArray[np.int64]
    class_weight: NDArray[np.int64]
    moment: NDArray[np.int64]
    first: NDArray[np.int64]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    border_voxel: NDArray[np.int64]
    border_piece: NDArray[np.int64]
    foreground: Foreground


def candidates_in_block(
    probability: NDArray[np.uint8],
    core: Box,
    grid: Grid,
    classes: Sequence[ClassSpec],
    threshold: float,
) -> tuple[NDArray[np.uint32], CandidatePieces]:
    """Local labels of the block's candidates, and what is needed to stitch them.

    A voxel belongs to a candidate when the largest probability of the synapse classes there is
    at least ``threshold`` and not 0; voxels that share a face, an edge or a corner are one.
    No halo is needed: pieces that touch across a border are joined by ``stitch_candidates``.

    Parameters
    ----------
    probability : (C, z, y, x) uint8
        Probabilities of ``core``, 255 for 1, a channel a class.
    core : Box
        The block; the blocks tile the volume.
    grid : Grid
        The grid of the whole volume.
    classes : sequence of ClassSpec
        The class of each channel.
    threshold : float
        In [0, 1]; compared exactly as ``value / 255 >= threshold``.

    Returns
    -------
    labels : (z, y, x) uint32
        1 … P in this block, 0 is background.
    pieces : CandidatePieces
        P may be 0.

    Raises
    ------
    InputError
        The probabilities fit neither block nor classes, no class marks synapses, or the
        threshold lies outside [0, 1].
    """
    pieces = candidate_pieces(probability, core, grid, classes, threshold)
    names = np.arange(1, len(pieces.size) + 1, dtype=np.uint32)
    return draw_foreground(pieces.foreground, names, core.shape), pieces


def candidate_pieces(
    probability: NDArray[np.uint8],
    core: Box,
    grid: Grid,
    classes: Sequence[ClassSpec],
    threshold: float,
) -> CandidatePieces:
    """The pieces of one block without a volume of labels; arguments as ``candidates_in_block``.

    What is kept of the block are its runs of voxels, from which ``draw_candidates`` writes the
    labels once the candidates are known.

    Raises
    ------
    InputError
        As ``candidates_in_block``.
    """
    check_probability(probability, core.shape, classes)
    channels = synapse_classes(classes)
    strongest = np.ascontiguousarray(synapse_probability(probability, classes))
    found = connect_foreground(strongest, least_value(threshold))
    by_class = np.zeros((found.pieces, len(channels)), np.int64)
    if len(channels) > 1:
        for k, channel in enumerate(channels):
            _sum_values(np.ascontiguousarray(probability[channel]), found[:4], by_class[:, k])
    size, peak, weight, first = (np.zeros(found.pieces, np.int64) for _ in range(4))
    moment, start, stop = (np.zeros((found.pieces, 3), np.int64) for _ in range(3))
    sums = (size, peak, weight, moment, first, start, stop)
    _measure(strongest, found[:4], core.start, grid.shape, sums)
    voxel, piece = _border_voxels(found[:4], core.start, core.shape, grid.shape)
    return CandidatePieces(
        core=core,
        size=size,
        peak=peak,
        weight=weight,
        class_weight=by_class if len(channels) > 1 else weight[:, None],
        moment=moment,
        first=first,
        start=start,
        stop=stop,
        border_voxel=voxel,
        border_piece=piece,
        foreground=found,
    )


def draw_candidates(pieces: CandidatePieces, ids: NDArray[np.int64]) -> NDArray[np.uint32]:
    """The candidate ids of a block, (z, y, x) uint32, 0 is background.

    Parameters
    ----------
    pieces : CandidatePieces
        The pieces of the block.
    ids : (P + 1,) int64
        Candidate of each local label, entry 0 is 0: ``relabelling[pieces.core]``.
    """
    return draw_foreground(pieces.foreground, ids[1:].astype(np.uint32), pieces.core.shape)


@compiled
def _sum_values(values: NDArray[Any], runs: Any, total: NDArray[np.int64]) -> None:
    row_start, start, stop, piece = runs
    for row in range(len(row_start) - 1):
        line = values[row // values.shape[1], row % values.shape[1]]
        for run in range(row_start[row], row_start[row + 1]):
            for x in range(start[run], stop[run]):
                total[piece[run]] += line[x]


@compiled
def _measure(values: NDArray[Any], runs: Any, origin: Any, shape: Any, sums: Any) -> None:
    """Add every run to the sums of its piece."""
    row_start, start, stop, piece = runs
    size, peak, weight, moment, first, low, high = sums
    for row in range(len(row_start) - 1):
        z, y = row // values.shape[1], row % values.shape[1]
        for run in range(row_start[row], row_start[row + 1]):
            k, a, b = piece[run], start[run], stop[run]
            begin = (origin[0] + z, origin[1] + y, origin[2] + a)
            end = (begin[0] + 1, begin[1] + 1, origin[2] + b)
            flat = (begin[0] * shape[1] + begin[1]) * shape[2] + begin[2]
            is_new = size[k] == 0
            total, along, most = np.int64(0), np.int64(0), np.int64(0)
            for x in range(a, b):
                value = np.int64(values[z, y, x])
                total += value
                along += value * (origin[2] + x)
                most = max(most, value)
            size[k] += b - a
            peak[k] = max(peak[k], most)
            weight[k] += total
            moment[k, 0] += total * begin[0]
            moment[k, 1] += total * begin[1]
            moment[k, 2] += along
            first[k] = flat if is_new else min(first[k], flat)
            for axis in range(3):
                low[k, axis] = begin[axis] if is_new else min(low[k, axis], begin[axis])
                high[k, axis] = end[axis] if is_new else max(high[k, axis], end[axis])


@compiled
def _border_voxels(
    runs: Any, origin: Any, shape: Any, whole: Any
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Voxels at a border of the block that is no border of the volume, and their pieces."""
    row_start, start, stop, piece = runs
    voxel, owner = np.empty(1024, np.int64), np.empty(1024, np.int64)
    count = 0
    for row in range(len(row_start) - 1):
        z, y = origin[0] + row // shape[1], origin[1] + row % shape[1]
        is_outer = (
            (z == origin[0] and z > 0)
            or (z == origin[0] + shape[0] - 1 and z < whole[0] - 1)
            or (y == origin[1] and y > 0)
            or (y == origin[1] + shape[1] - 1 and y < whole[1] - 1)
        )
        for run in range(row_start[row], row_start[row + 1]):
            while count + stop[run] - start[run] > len(voxel):
                voxel, owner = np.append(voxel, voxel), np.append(owner, owner)
            for local in range(start[run], stop[run]):
                x = origin[2] + local
                at_start = local == 0 and x > 0
                at_stop = local == shape[2] - 1 and x < whole[2] - 1
                if is_outer or at_start or at_stop:
                    voxel[count] = (z * whole[1] + y) * whole[2] + x
                    owner[count] = piece[run]
                    count += 1
    return voxel[:count].copy(), owner[:count].copy()
