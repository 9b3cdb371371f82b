"""Which pairs of truth and prediction may match, and which tests the others fail."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from napari_synapse_debug.domain.params import EvaluateParams
from napari_synapse_debug.evaluate.identity import Judge
from napari_synapse_debug.evaluate.optimum import Edges, Indices
from napari_synapse_debug.evaluate.sides import Side

REFUSALS = (
    "outside_box",
    "reversed",
    "wrong_pre",
    "wrong_post",
    "too_far_cleft",
    "too_far_pre",
    "too_far_post",
    "duplicate",
)
"""Why a pair is no match, in the order in which the headline is chosen."""

_LEG_TEST = {0: "too_far_pre", 1: "too_far_cleft", 2: "too_far_post"}


@dataclass(frozen=True)
class Rule:
    """What a pair must fulfil.

    Parameters
    ----------
    tolerance_nm : float
        Largest distance of each leg, included.
    legs : tuple of int
        The points that are compared: 0 pre, 1 cleft, 2 post.
    uses_ids : bool
        Whether pre and post must be the same ordered pair of known ids.
    """

    tolerance_nm: float
    legs: tuple[int, ...]
    uses_ids: bool

    @classmethod
    def of(cls, params: EvaluateParams, judge: Judge) -> Rule:
        """The rule of ``params``, with the judge that was available."""
        if params.rule == "cleft":
            return cls(params.tolerance_nm, (1,), uses_ids=False)
        if judge == "none":
            return cls(params.tolerance_nm, (0, 1, 2), uses_ids=False)
        return cls(params.tolerance_nm, (1,), uses_ids=True)


def leg_distances(truth: Side, prediction: Side, t: Indices, p: Indices) -> NDArray[np.float64]:
    """Distances of pre, cleft and post of the pairs ``(t, p)``: (N, 3), nm."""
    return np.asarray(np.linalg.norm(truth.ends_nm[t] - prediction.ends_nm[p], axis=2))


def admissible_pairs(truth: Side, prediction: Side, rule: Rule) -> Edges:
    """The pairs that may match, among rows that take part; cost is the mean of the legs used."""
    t, p = pairs_within(truth, prediction, truth.takes_part, prediction.takes_part, rule)
    if rule.uses_ids:
        known = (truth.ids[t] != 0).all(axis=1)
        same = known & (truth.ids[t] == prediction.ids[p]).all(axis=1)
        t, p = t[same], p[same]
    legs = leg_distances(truth, prediction, t, p)[:, list(rule.legs)]
    near = (legs <= rule.tolerance_nm).all(axis=1)
    return Edges(t[near], p[near], legs[near].mean(axis=1))


def pairs_within(
    truth: Side,
    prediction: Side,
    of_truth: NDArray[np.bool_],
    of_prediction: NDArray[np.bool_],
    rule: Rule,
    factor: float = 1.0,
) -> tuple[Indices, Indices]:
    """Indices of all pairs whose clefts are at most ``factor`` tolerances apart."""
    left, right = np.flatnonzero(of_truth), np.flatnonzero(of_prediction)
    if len(left) == 0 or len(right) == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    reach = factor * rule.tolerance_nm * (1 + 1e-9)
    near = KDTree(truth.cleft_nm[left]).sparse_distance_matrix(
        KDTree(prediction.cleft_nm[right]), reach, output_type="ndarray"
    )
    return left[near["i"]], right[near["j"]]


def failed_tests(
    truth: Side, prediction: Side, t: Indices, p: Indices, rule: Rule
) -> NDArray[np.bool_]:
    """Which tests each pair fails: (N, len(REFUSALS)) bool, in the order of ``REFUSALS``.

    ``duplicate`` is set for pairs that fail nothing else: they may match, but the other row
    was given elsewhere. A swapped pair fails ``reversed`` alone, not both ends.
    """
    legs = leg_distances(truth, prediction, t, p)
    failed = dict.fromkeys(REFUSALS, np.zeros(len(t), dtype=bool))
    failed["outside_box"] = ~(truth.takes_part[t] & prediction.takes_part[p])
    for leg in rule.legs:
        failed[_LEG_TEST[leg]] = legs[:, leg] > rule.tolerance_nm
    if rule.uses_ids:
        failed.update(_identity_tests(truth.ids[t], prediction.ids[p]))
    elif len(rule.legs) == 3:
        crossed = np.linalg.norm(
            truth.ends_nm[t][:, [0, 2]] - prediction.ends_nm[p][:, [2, 0]], axis=2
        )
        swapped = (crossed <= rule.tolerance_nm).all(axis=1)
        is_reversed = swapped & (failed["too_far_pre"] | failed["too_far_post"])
        failed["reversed"] = is_reversed
        failed["too_far_pre"] = failed["too_far_pre"] & ~is_reversed
        failed["too_far_post"] = failed["too_far_post"] & ~is_reversed
    matrix = np.stack([failed[name] for name in REFUSALS], axis=1)
    matrix[:, -1] = ~matrix.any(axis=1)
    return matrix


def _identity_tests(
    truth: NDArray[np.uint64], prediction: NDArray[np.uint64]
) -> dict[str, NDArray[np.bool_]]:
    equal = (truth == prediction) & (truth != 0)
    swapped = ((truth == prediction[:, ::-1]) & (truth != 0)).all(axis=1)
    is_reversed = swapped & ~equal.all(axis=1)
    return {
        "reversed": is_reversed,
        "wrong_pre": ~equal[:, 0] & ~is_reversed,
        "wrong_post": ~equal[:, 1] & ~is_reversed,
    }
