"""Clefts as objects: components that share voxels, as Synaptor compares them.

Counts are gathered block by block, so the volumes never have to be in memory at once:
``overlap_counts_in_block`` for each block, ``merge_overlaps``, then ``match_overlap``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.params import EvaluateParams
from napari_synapse_debug.evaluate.rates import rates_of
from napari_synapse_debug.evaluate.results import Evaluation

Mode = Literal["bare", "liberal", "conservative"]
Ids = NDArray[np.int64]


@dataclass(frozen=True)
class OverlapCounts:
    """Voxels that each pair of components shares: three (N,) int64 arrays, sorted by pair.

    Background is 0 on either side, so that components without any partner are known too.
    """

    predicted: Ids
    true: Ids
    voxels: Ids


@dataclass(frozen=True)
class OverlapMatch:
    """Which components found each other.

    Parameters
    ----------
    pairs : (N, 2) int64
        Matched predicted and true component.
    missed, false : (N,) int64
        True components that were not found, predicted ones that found none.
    n_predicted, n_true : int
        Components on either side.
    splits, merges : int
        True components that several predicted ones touch, and the other way round.
    """

    pairs: Ids
    missed: Ids
    false: Ids
    n_predicted: int
    n_true: int
    splits: int
    merges: int


def overlap_counts_in_block(
    predicted: NDArray[np.integer[Any]], true: NDArray[np.integer[Any]]
) -> OverlapCounts:
    """The shared voxels in one block of two label volumes of the same shape; 0 is background.

    Raises
    ------
    InputError
        The shapes differ.
    """
    if predicted.shape != true.shape:
        raise InputError(
            "Predicted and true components do not cover the same voxels",
            found=f"shapes {predicted.shape} and {true.shape}",
            expected="equal shapes (zyx)",
            fix="cut both to the box that is evaluated",
        )
    touched = (predicted != 0) | (true != 0)
    return _sum_up(
        predicted[touched].astype(np.int64),
        true[touched].astype(np.int64),
        np.ones(int(touched.sum()), dtype=np.int64),
    )


def merge_overlaps(parts: Iterable[OverlapCounts]) -> OverlapCounts:
    """The counts of all blocks together; without blocks, empty counts."""
    held = list(parts)
    empty = np.zeros(0, dtype=np.int64)
    return _sum_up(
        np.concatenate([empty, *(part.predicted for part in held)]),
        np.concatenate([empty, *(part.true for part in held)]),
        np.concatenate([empty, *(part.voxels for part in held)]),
    )


def match_overlap(counts: OverlapCounts, mode: Mode = "conservative") -> OverlapMatch:
    """The components that match by shared voxels.

    Parameters
    ----------
    counts : OverlapCounts
        Of the whole box.
    mode : str
        ``bare``: any shared voxel, many to many. ``liberal``: each predicted component keeps the
        true one it shares most with. ``conservative``: of those that kept the same true one,
        only the one sharing most stays, so pairs are one-to-one (greedy, not the optimum).
        Equal shares go to the smaller id. The modes are those of Synaptor
        (github.com/seung-lab/Synaptor, ``evaluate/overlap.py``).
    """
    shared = (counts.predicted != 0) & (counts.true != 0)
    predicted, true, voxels = counts.predicted[shared], counts.true[shared], counts.voxels[shared]
    kept = np.arange(len(predicted))
    if mode != "bare":
        kept = _most(kept, predicted, true, voxels)
    if mode == "conservative":
        kept = _most(kept, true, predicted, voxels)
    pairs = np.stack([predicted[kept], true[kept]], axis=1)
    all_predicted = np.unique(counts.predicted[counts.predicted != 0])
    all_true = np.unique(counts.true[counts.true != 0])
    return OverlapMatch(
        pairs=pairs,
        missed=np.setdiff1d(all_true, pairs[:, 1]),
        false=np.setdiff1d(all_predicted, pairs[:, 0]),
        n_predicted=len(all_predicted),
        n_true=len(all_true),
        splits=_several(true),
        merges=_several(predicted),
    )


def match_in_box(
    inside: OverlapCounts, around: OverlapCounts, mode: Mode = "conservative"
) -> OverlapMatch:
    """The match of the components that belong to a box, which may be cut by its faces.

    A component belongs to the box that holds most of its voxels (half is enough). The others
    take part, so that a pair across the face is a pair, and count nowhere::

        ..aaaa|a.....   a belongs to the left box; in the right one it is neither false
        ...111|......   nor missed, and cut there it would be false

    Parameters
    ----------
    inside : OverlapCounts
        Of the box.
    around : OverlapCounts
        Of the box and as much around it as components may reach.
    mode : str
        See ``match_overlap``.
    """
    match = match_overlap(around, mode)
    predicted = _belonging(inside.predicted, inside.voxels, around.predicted, around.voxels)
    true = _belonging(inside.true, inside.voxels, around.true, around.voxels)
    pairs = match.pairs[np.isin(match.pairs[:, 1], true)]
    missed = match.missed[np.isin(match.missed, true)]
    false = match.false[np.isin(match.false, predicted)]
    return replace(
        match,
        pairs=pairs,
        missed=missed,
        false=false,
        n_predicted=len(np.unique(pairs[:, 0])) + len(false),
        n_true=len(np.unique(pairs[:, 1])) + len(missed),
    )


def score_overlap(match: OverlapMatch, params: EvaluateParams, box: Box) -> Evaluation:
    """The numbers of an overlap match; ``tp`` counts true components that were found.

    Precision counts predicted and recall true components, which differ in number under ``bare``
    and ``liberal``; F1 is their harmonic mean. Under a sparse truth there is recall only, and no
    component is false.
    """
    tp = match.n_true - len(match.missed)
    right = match.n_predicted - len(match.false)
    both_empty = match.n_true == match.n_predicted == 0
    recall = rates_of(tp, 0, len(match.missed)).recall if match.n_true else None
    precision = right / match.n_predicted if match.n_predicted else None
    if precision is None or recall is None or precision + recall == 0:
        f1 = 0.0
    else:
        f1 = 2 * precision * recall / (precision + recall)
    is_sparse = params.scope == "sparse"
    return Evaluation(
        rule="overlap",
        judge="none",
        scope=params.scope,  # masks tell neither kinds nor neurons
        params=params,
        box=str(box),
        n_truth=match.n_true,
        n_prediction=match.n_predicted,
        tp=tp,
        fp=0 if is_sparse else len(match.false),
        fn=len(match.missed),
        precision=None if is_sparse else 1.0 if both_empty else precision,
        recall=1.0 if both_empty else recall,
        f1=None if is_sparse else 1.0 if both_empty else f1,
        splits=match.splits,
        merges=match.merges,
    )


def _belonging(inside: Ids, inside_voxels: Ids, around: Ids, around_voxels: Ids) -> Ids:
    """The ids with at least half of their voxels inside."""
    ids, place = np.unique(around, return_inverse=True)
    whole = np.bincount(place, around_voxels, len(ids))
    held = np.zeros(len(ids))
    np.add.at(held, np.searchsorted(ids, inside), inside_voxels)
    return np.asarray(ids[(2 * held >= whole) & (ids != 0)], dtype=np.int64)


def _sum_up(predicted: Ids, true: Ids, voxels: Ids) -> OverlapCounts:
    order = np.lexsort((true, predicted))
    predicted, true, voxels = predicted[order], true[order], voxels[order]
    if len(order) == 0:
        return OverlapCounts(predicted, true, voxels)
    is_new = np.ones(len(order), dtype=bool)
    is_new[1:] = (np.diff(predicted) != 0) | (np.diff(true) != 0)
    starts = np.flatnonzero(is_new)
    return OverlapCounts(predicted[starts], true[starts], np.add.reduceat(voxels, starts))


def _most(kept: Ids, key: Ids, other: Ids, voxels: Ids) -> Ids:
    """Of the ``kept`` pairs, for each ``key`` the one with most voxels."""
    order = kept[np.lexsort((other[kept], -voxels[kept], key[kept]))]
    _, first = np.unique(key[order], return_index=True)
    return np.sort(order[first])


def _several(ids: Ids) -> int:
    return int((np.unique(ids, return_counts=True)[1] > 1).sum())
