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
        Whether pre and post must be the same ordered pair of ids.
    is_zero_an_id : bool
        Whether two points in background are in the same neuron, as CREMI has it.
    """

    tolerance_nm: float
    legs: tuple[int, ...]
    uses_ids: bool
    is_zero_an_id: bool = False

    @classmethod
    def of(cls, params: EvaluateParams, judge: Judge) -> Rule:
        """The rule of ``params``, with the judge that was available."""
        settings = params.in_force
        if params.rule == "cremi":
            return cls(settings.tolerance_nm, (0, 2), uses_ids=True, is_zero_an_id=True)
        if params.rule == "synful":
            legs = {"both": (0, 2), "pre": (0,), "post": (2,)}[settings.use_only]
            return cls(settings.tolerance_nm, legs, uses_ids=True)
        if params.rule == "cleft":
            return cls(settings.tolerance_nm, (1,), uses_ids=False)
        if judge == "none":
            return cls(settings.tolerance_nm, (0, 1, 2), uses_ids=False)
        return cls(settings.tolerance_nm, (1,), uses_ids=True)

    @property
    def anchor(self) -> int:
        """The leg by which near rows are looked for: the cleft where it is compared."""
        return 1 if 1 in self.legs else self.legs[0]


def leg_distances(
    truth: Side, prediction: Side, t: Indices, p: Indices, legs: tuple[int, ...] = (0, 1, 2)
) -> NDArray[np.float64]:
    """Distances of the ``legs`` (0 pre, 1 cleft, 2 post) of the pairs: (N, len(legs)), nm."""
    distances = np.empty((len(t), len(legs)))
    for column, leg in enumerate(legs):
        gaps = truth.ends_nm[t, leg] - prediction.ends_nm[p, leg]
        distances[:, column] = np.sqrt(np.einsum("ij,ij->i", gaps, gaps))
    return distances


def admissible_pairs(truth: Side, prediction: Side, rule: Rule) -> Edges:
    """The pairs that may match, among rows that take part; cost is the mean of the legs used."""
    of_truth, of_prediction = truth.takes_part, prediction.takes_part
    if rule.uses_ids and not rule.is_zero_an_id:
        of_truth = of_truth & (truth.ids != 0).all(axis=1)
        of_prediction = of_prediction & (prediction.ids != 0).all(axis=1)
    t, p = pairs_within(truth, prediction, of_truth, of_prediction, rule, same_ids=rule.uses_ids)
    legs = leg_distances(truth, prediction, t, p, rule.legs)
    near = (legs <= rule.tolerance_nm).all(axis=1)
    return Edges(t[near], p[near], legs[near].mean(axis=1))


def pairs_within(
    truth: Side,
    prediction: Side,
    of_truth: NDArray[np.bool_],
    of_prediction: NDArray[np.bool_],
    rule: Rule,
    *,
    factor: float = 1.0,
    same_ids: bool = False,
) -> tuple[Indices, Indices]:
    """Indices of all pairs whose anchors are at most ``factor`` tolerances apart.

    With ``same_ids`` only pairs of the same ordered pair of ids are looked for: each such pair
    is a layer of its own along a fourth axis, out of reach of the others.
    """
    left, right = np.flatnonzero(of_truth), np.flatnonzero(of_prediction)
    if len(left) == 0 or len(right) == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    reach = factor * rule.tolerance_nm * (1 + 1e-9)
    places = [
        side.ends_nm[rows, rule.anchor] for side, rows in ((truth, left), (prediction, right))
    ]
    if same_ids:
        layer = number_pairs(np.concatenate([truth.ids[left], prediction.ids[right]]))
        places = [
            np.column_stack([place, 2 * reach * of_place])
            for place, of_place in zip(places, np.split(layer, [len(left)]), strict=True)
        ]
    near = KDTree(places[0]).sparse_distance_matrix(KDTree(places[1]), reach, output_type="ndarray")
    return left[near["i"]], right[near["j"]]


def number_pairs(ids: NDArray[np.uint64]) -> NDArray[np.int64]:
    """A number from 0 for each ordered pair of ids that occurs: (N,)."""
    _, pre = np.unique(ids[:, 0], return_inverse=True)
    _, post = np.unique(ids[:, 1], return_inverse=True)
    _, pair = np.unique(pre * (int(post.max(initial=0)) + 1) + post, return_inverse=True)
    return np.asarray(pair, dtype=np.int64)


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
        failed.update(_identity_tests(truth.ids[t], prediction.ids[p], rule.is_zero_an_id))
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
    truth: NDArray[np.uint64], prediction: NDArray[np.uint64], is_zero_an_id: bool
) -> dict[str, NDArray[np.bool_]]:
    known = (truth != 0) | is_zero_an_id
    equal = (truth == prediction) & known
    swapped = ((truth == prediction[:, ::-1]) & known).all(axis=1)
    is_reversed = swapped & ~equal.all(axis=1)
    return {
        "reversed": is_reversed,
        "wrong_pre": ~equal[:, 0] & ~is_reversed,
        "wrong_post": ~equal[:, 1] & ~is_reversed,
    }
