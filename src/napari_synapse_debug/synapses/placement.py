"""3-point synapses from candidate-contact pairs: who is kept, who is pre, how sure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.params import SynapseParams
from napari_synapse_debug.domain.records import PREDICTION, conform, empty, point_columns, points
from napari_synapse_debug.domain.roles import Kind
from napari_synapse_debug.synapses.presynaptic import chosen_directions, is_by_model


class Fate(StrEnum):
    """What became of a pair, in the order in which the rules are applied."""

    CANDIDATE_TOO_SMALL = "candidate_too_small"
    BELOW_OVERLAP = "below_overlap"
    BELOW_SHARE = "below_share"
    NOT_BEST_PAIR = "not_best_pair"
    NOT_WITH_PRE = "not_with_pre"
    AUTAPSE = "autapse"
    BELOW_SCORE = "below_score"
    DUPLICATE = "duplicate"
    PLACED = "placed"


_CODE = {fate: number for number, fate in enumerate(Fate)}
"""Fates as numbers, for a slider waits for them."""


@dataclass(frozen=True)
class Placement:
    """The synapses that were placed, and what became of every pair.

    Parameters
    ----------
    synapses : DataFrame
        ``records.PREDICTION``, by candidate and then in the order of the pairs.
    fates : DataFrame
        The pairs as given, with the column ``fate`` (``Fate``) added.
    """

    synapses: pd.DataFrame
    fates: pd.DataFrame


def place_synapses(
    pairs: pd.DataFrame, candidates: pd.DataFrame, params: SynapseParams
) -> Placement:
    """3-point synapses: at most one pair a candidate, or one pre with many posts (polyadic).

    In this order pairs are lost whose candidate is below the size filter, that overlap too
    little (``min_overlap_nm2``, ``min_overlap_fraction``), that are not the choice of their
    candidate, that join a neuron to itself, that score below ``min_score``, or that repeat the
    same ordered pair within ``duplicate_nm`` of a better row.

    *One pair a candidate*: the most probable pair, or by the rule the one with the largest
    overlap × probability; the side with ``p_ab`` > 1/2 is pre (equal: ``segment_a``).
    *Polyadic*: the pre is the segment with the strongest evidence over all pairs
    (``chosen_directions``); all its partners are posts.

    Where a partner model told ``p_synapse``, the score of a row is its P(pre → post), and
    without a ``min_score`` all rows are kept. By the rule it is ``sqrt(m q) c`` in [0, 1]: m
    the mean probability of the candidate, q that of the voxels along the pair's faces, c in
    [0.5, 1] the confidence in the direction; it ranks, and is no probability.

    The kind is that of the candidate; a post that lies in a soma (``soma_a``, ``soma_b``) makes
    it ``soma``, unless the candidate was taken for one on a spine head.

    Parameters
    ----------
    pairs : DataFrame
        ``records.PAIRS``.
    candidates : DataFrame
        ``records.CANDIDATES``; those of all pairs.
    params : SynapseParams
        Filters, and whether synapses are polyadic.

    Returns
    -------
    Placement
        Well-formed tables without rows if there are no pairs.

    Raises
    ------
    InputError
        A pair names a candidate that is not in the table.
    """
    if not len(pairs):
        return Placement(empty(PREDICTION), pairs.assign(fate=pd.Series(dtype="str")))
    of = _candidate_of(pairs, candidates)
    fate = np.full(len(pairs), _CODE[Fate.PLACED], dtype=np.int8)
    _mark(fate, ~of["is_kept"].to_numpy(bool), Fate.CANDIDATE_TOO_SMALL)
    _mark(fate, (pairs["overlap_nm2"] < params.min_overlap_nm2).to_numpy(), Fate.BELOW_OVERLAP)
    too_small_share = pairs["overlap_fraction"] < params.min_overlap_fraction
    _mark(fate, too_small_share.to_numpy(), Fate.BELOW_SHARE)

    alive = pairs[fate == _CODE[Fate.PLACED]]
    direction = chosen_directions(alive, params.polyadic)
    is_chosen = np.zeros(len(pairs), dtype=bool)
    a_is_pre = np.ones(len(pairs), dtype=bool)
    score = np.zeros(len(pairs))
    rows = np.flatnonzero(fate == _CODE[Fate.PLACED])
    is_chosen[rows], a_is_pre[rows] = direction.is_chosen, direction.a_is_pre
    score[rows] = direction.score
    if not is_by_model(alive):
        score *= np.sqrt(of["mean"].to_numpy() * pairs["probability"].to_numpy())
    _mark(fate, ~is_chosen, Fate.NOT_WITH_PRE if params.polyadic else Fate.NOT_BEST_PAIR)
    _mark(fate, (pairs["segment_a"] == pairs["segment_b"]).to_numpy(), Fate.AUTAPSE)

    _mark(fate, score < (params.min_score or 0.0), Fate.BELOW_SCORE)
    rows = np.flatnonzero(fate == _CODE[Fate.PLACED])
    synapses = _synapses(pairs.iloc[rows], of.iloc[rows], a_is_pre[rows], score[rows])
    is_repeated = _duplicates(synapses, params.duplicate_nm)
    fate[rows[is_repeated]] = _CODE[Fate.DUPLICATE]
    placed = synapses[~is_repeated].sort_values("candidate", kind="stable")
    placed = placed.reset_index(drop=True)
    placed["row"] = np.arange(1, len(placed) + 1)
    return Placement(placed, pairs.assign(fate=np.array([str(f) for f in Fate])[fate]))


def _mark(fate: NDArray[np.int8], is_lost: NDArray[np.bool_], why: Fate) -> None:
    """Write ``why`` into ``fate`` for the pairs that are lost here and were not before."""
    fate[is_lost & (fate == _CODE[Fate.PLACED])] = _CODE[why]


def _candidate_of(pairs: pd.DataFrame, candidates: pd.DataFrame) -> pd.DataFrame:
    """What placement asks of the candidate of each pair."""
    place = pd.Index(candidates["candidate"]).get_indexer(pd.Index(pairs["candidate"]))
    unknown = pairs["candidate"].to_numpy()[place < 0]
    if len(unknown):
        raise InputError(
            "The pairs and the candidates are not of one run",
            found=f"pairs of candidate {unknown[0]}, which is not in the table of candidates",
            expected="a candidate for each pair",
            fix="give both tables of the same run",
        )
    of: pd.DataFrame = candidates[["is_kept", "mean", "kind"]].iloc[place].reset_index(drop=True)
    return of


def _synapses(
    pairs: pd.DataFrame,
    of: pd.DataFrame,
    a_is_pre: NDArray[np.bool_],
    score: NDArray[np.float64],
) -> pd.DataFrame:
    """A row for each pair, in the order of the pairs, numbered from 0."""
    a, b = pairs["segment_a"].to_numpy(), pairs["segment_b"].to_numpy()
    at_a, at_b = points(pairs, "a"), points(pairs, "b")
    pre_is_a = a_is_pre[:, None]
    ends = {
        "pre": np.where(pre_is_a, at_a, at_b),
        "cleft": points(pairs, "cleft"),
        "post": np.where(pre_is_a, at_b, at_a),
    }
    columns: dict[str, Any] = {
        "row": np.zeros(len(pairs), dtype=np.int64),
        "pre_segment": np.where(a_is_pre, a, b),
        "post_segment": np.where(a_is_pre, b, a),
        "kind": _kinds(pairs, of, a_is_pre),
        "score": score,
        "candidate": pairs["candidate"].to_numpy(),
        "contact": pairs["contact"].array,
    }
    for end, values in ends.items():
        columns |= dict(zip(point_columns(end), values.T, strict=True))
    return conform(pd.DataFrame(columns), PREDICTION, "synapses")


def _kinds(
    pairs: pd.DataFrame, of: pd.DataFrame, a_is_pre: NDArray[np.bool_]
) -> NDArray[np.object_]:
    """The kind of each row: that of its candidate, or soma where the post lies in one."""
    kind = of["kind"].to_numpy(object)
    is_on_soma = np.where(a_is_pre, pairs["soma_b"], pairs["soma_a"]).astype(bool)
    return np.where(is_on_soma & (kind != Kind.SPINE_HEAD), str(Kind.SOMA), kind)


def _duplicates(synapses: pd.DataFrame, within_nm: float) -> NDArray[np.bool_]:
    """Which rows (N,) repeat the ordered pair of a better one within ``within_nm``.

    Better is the higher score, then the earlier row; a row that is itself lost takes no other.
    """
    near = cKDTree(points(synapses, "cleft")).query_pairs(within_nm, output_type="ndarray")
    ordered = synapses[["pre_segment", "post_segment"]].to_numpy()
    near = near[(ordered[near[:, 0]] == ordered[near[:, 1]]).all(axis=1)]
    score = synapses["score"].to_numpy()
    rank = np.empty(len(synapses), dtype=np.int64)
    rank[np.lexsort((np.arange(len(synapses)), -score))] = np.arange(len(synapses))
    is_lost = np.zeros(len(synapses), dtype=bool)
    is_first_better = (rank[near[:, 0]] < rank[near[:, 1]])[:, None]
    better_first = np.where(is_first_better, near, near[:, ::-1])
    for better, worse in better_first[np.argsort(rank[better_first[:, 0]], kind="stable")]:
        is_lost[worse] |= not is_lost[better]
    return is_lost
