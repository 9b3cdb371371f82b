"""Candidates in one block: connected pieces of the thresholded synapse probability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cc3d
import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.roles import ClassSpec
from napari_synapse_debug.synapses.channels import (
    check_probability,
    least_value,
    synapse_classes,
    synapse_probability,
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
    check_probability(probability, core.shape, classes)
    channels = synapse_classes(classes)
    strongest = synapse_probability(probability, classes)
    labels = _label(strongest >= least_value(threshold))

    local = np.argwhere(labels)
    piece = labels[tuple(local.T)].astype(np.int64) - 1
    order = np.argsort(piece, kind="stable")
    local, piece = local[order], piece[order]
    firsts = np.flatnonzero(np.diff(piece, prepend=-1))
    at = tuple(local.T)
    index = local + np.asarray(core.start)
    value = strongest[at].astype(np.int64)
    flat = np.ravel_multi_index(tuple(index.T), grid.shape)
    by_class = np.stack([probability[k][at] for k in channels], axis=1).astype(np.int64)
    is_border = _is_on_border(index, core, grid)
    return labels, CandidatePieces(
        core=core,
        size=np.diff(firsts, append=len(piece)),
        peak=np.maximum.reduceat(value, firsts),
        weight=np.add.reduceat(value, firsts),
        class_weight=np.add.reduceat(by_class, firsts, axis=0),
        moment=np.add.reduceat(value[:, None] * index, firsts, axis=0),
        first=np.minimum.reduceat(flat, firsts),
        start=np.minimum.reduceat(index, firsts, axis=0),
        stop=np.maximum.reduceat(index + 1, firsts, axis=0),
        border_voxel=flat[is_border],
        border_piece=piece[is_border],
    )


def _label(mask: NDArray[np.bool_]) -> NDArray[np.uint32]:
    """26-connected components of ``mask``, 1 … n."""
    if not mask.any():
        return np.zeros(mask.shape, dtype=np.uint32)
    return np.asarray(cc3d.connected_components(mask, connectivity=26), dtype=np.uint32)


def _is_on_border(index: NDArray[np.int64], core: Box, grid: Grid) -> NDArray[np.bool_]:
    """Which voxels lie at a border of the block that is no border of the volume."""
    start, stop = np.asarray(core.start), np.asarray(core.stop)
    at_start = (index == start) & (start > 0)
    at_stop = (index == stop - 1) & (stop < np.asarray(grid.shape))
    return np.asarray((at_start | at_stop).any(axis=1))
