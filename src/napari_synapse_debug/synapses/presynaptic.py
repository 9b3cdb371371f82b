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
    confidence : (N,) float64
        In [0.5, 1].
    """

    is_chosen: NDArray[np.bool_]
    a_is_pre: NDArray[np.bool_]
    confidence: NDArray[np.float64]


def chosen_directions(pairs: pd.DataFrame, polyadic: bool) -> Directions:
    """The choice of each candidate among its pairs (``records.PAIRS``, those in question only).

    *Polyadic*: every pair adds ``overlap · ln(p / (1 - p))`` to either of its segments, p the
    evidence that this one is pre. The segment with the largest sum is pre (equal: more
    overlap, then the smaller id), and chosen are its pairs. The confidence is that of the
    candidate: the logistic of its sum divided by its overlap, at least 1/2.

    *Otherwise* the pair with the largest overlap × probability (equal: more overlap, then the
    earlier one); its own ``p_ab`` gives the direction and the confidence.
    """
    if polyadic:
        return _one_pre(pairs)
    strength = pairs["overlap_nm2"].to_numpy() * pairs["probability"].to_numpy()
    candidate = pairs["candidate"].to_numpy()
    order = np.lexsort(
        (np.arange(len(pairs)), -pairs["overlap_nm2"].to_numpy(), -strength, candidate)
    )
    best = order[np.unique(candidate[order], return_index=True)[1]]
    is_chosen = np.zeros(len(pairs), dtype=bool)
    is_chosen[best] = True
    p_ab = pairs["p_ab"].to_numpy()
    return Directions(is_chosen, p_ab >= 0.5, np.maximum(p_ab, 1 - p_ab))


def _one_pre(pairs: pd.DataFrame) -> Directions:
    p = pairs["p_ab"].clip(_CERTAIN, 1 - _CERTAIN).to_numpy()
    overlap = pairs["overlap_nm2"].to_numpy()
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
    mean = of["evidence"].to_numpy() / np.maximum(of["overlap"].to_numpy(), _CERTAIN)
    a_is_pre = pairs["segment_a"].to_numpy() == pre
    return Directions(
        is_chosen=a_is_pre | (pairs["segment_b"].to_numpy() == pre),
        a_is_pre=a_is_pre,
        confidence=1 / (1 + np.exp(-np.maximum(mean, 0.0))),
    )
