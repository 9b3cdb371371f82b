"""Which pairs a candidate chooses, and which neuron is pre in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_CERTAIN = 1e-6
"""Evidence is cut to this far from 0 and 1, so that one pair cannot outweigh all others."""


@dataclass(frozen=True)
class Directions:
    """For each pair: whether it is chosen, whether a is pre, and how sure that is.

    Parameters
    ----------
    is_chosen, a_is_pre : (N,) bool
        ``a_is_pre`` means nothing where a pair is not chosen.
    score : (N,) float64
        In [0, 1]: by the model P(pre → post), by the rule the confidence in the direction,
        from 1/2.
    """

    is_chosen: NDArray[np.bool_]
    a_is_pre: NDArray[np.bool_]
    score: NDArray[np.float64]


def is_by_model(pairs: pd.DataFrame) -> bool:
    """Whether a partner model told ``p_synapse`` of these pairs; otherwise the rule serves."""
    return bool(len(pairs)) and bool(pairs["p_synapse"].notna().all())


def chosen_directions(pairs: pd.DataFrame, polyadic: bool) -> Directions:
    """The choice of each candidate among its pairs (``records.PAIRS``, those in question only).

    *Polyadic*: every pair gives evidence to one of its segments and takes it from the other.
    By the model that is P(a → b) - P(b → a), so that a segment's sum is the number of synapses
    expected to leave it, less those to reach it; by the rule ``overlap · ln(p / (1 - p))``, p
    the evidence that this one is pre. The segment with the largest sum is pre (equal: more
    overlap, then the smaller id), and chosen are its pairs. The rule's score is that of the
    candidate: the logistic of its sum divided by its overlap, at least 1/2.

    *Otherwise* the pair with the largest P(pre → post), by the rule with the largest overlap ×
    probability (equal: more overlap, then the earlier one); its own ``p_ab`` gives the
    direction, and the rule's score.
    """
    return _one_pre(pairs) if polyadic else _one_pair(pairs)


def _one_pair(pairs: pd.DataFrame) -> Directions:
    p_ab = pairs["p_ab"].to_numpy()
    score = np.maximum(p_ab, 1 - p_ab)
    if is_by_model(pairs):
        score = strength = score * pairs["p_synapse"].to_numpy()
    else:
        strength = pairs["overlap_nm2"].to_numpy() * pairs["probability"].to_numpy()
    candidate = pairs["candidate"].to_numpy()
    order = np.lexsort(
        (np.arange(len(pairs)), -pairs["overlap_nm2"].to_numpy(), -strength, candidate)
    )
    best = order[np.unique(candidate[order], return_index=True)[1]]
    is_chosen = np.zeros(len(pairs), dtype=bool)
    is_chosen[best] = True
    return Directions(is_chosen, p_ab >= 0.5, score)


def _one_pre(pairs: pd.DataFrame) -> Directions:
    by_model = is_by_model(pairs)
    p_ab, overlap = pairs["p_ab"].to_numpy(), pairs["overlap_nm2"].to_numpy()
    if by_model:
        evidence = pairs["p_synapse"].to_numpy() * (2 * p_ab - 1)
    else:
        p = np.clip(p_ab, _CERTAIN, 1 - _CERTAIN)
        evidence = overlap * np.log(p / (1 - p))
    sides = pd.DataFrame(
        {
            "candidate": np.tile(pairs["candidate"].to_numpy(), 2),
            "segment": np.concatenate([pairs["segment_a"], pairs["segment_b"]]),
            "evidence": np.concatenate([evidence, -evidence]),
            "overlap": np.tile(overlap, 2),
        }
    )
    sums = sides.groupby(["candidate", "segment"], as_index=False).sum()
    sums = sums.sort_values(
        ["candidate", "evidence", "overlap", "segment"], ascending=[True, False, False, True]
    )
    best = sums.drop_duplicates("candidate").set_index("candidate")
    of = best.reindex(pairs["candidate"])
    pre = of["segment"].to_numpy()
    a_is_pre = pairs["segment_a"].to_numpy() == pre
    if by_model:
        score = pairs["p_synapse"].to_numpy() * np.where(a_is_pre, p_ab, 1 - p_ab)
    else:
        mean = of["evidence"].to_numpy() / np.maximum(of["overlap"].to_numpy(), _CERTAIN)
        score = 1 / (1 + np.exp(-np.maximum(mean, 0.0)))
    is_chosen = a_is_pre | (pairs["segment_b"].to_numpy() == pre)
    return Directions(is_chosen, a_is_pre, score)
