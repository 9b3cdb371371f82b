"""The partner model learnt from pairs that the truth tells of (scikit-learn)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.partner_model import (
    PartnerCalibration,
    PartnerModel,
    ReliabilityBin,
    Tree,
)
from napari_synapse_debug.synapses.partner_features import ordered_features
from napari_synapse_debug.synapses.partner_prediction import logistic
from napari_synapse_debug.synapses.true_links import Link

Floats = NDArray[np.float64]

LEAST_SYNAPSES = 20
"""True pairs from which a model is worth more than the rule."""

LEAST_CANDIDATES = 5
"""Candidates that they must belong to: each is kept from the trees once, for calibration."""

TREES, DEPTH, RATE = 200, 3, 0.05
SHARE_OF_SAMPLES, LEAST_IN_LEAF = 0.7, 5
BINS = 10

_CERTAIN = 1e6
"""Inverse strength of the penalty on the two numbers of the calibration: next to none."""


@dataclass(frozen=True)
class _Samples:
    """Every known pair in either order: features, truth, and the candidate it belongs to."""

    features: Floats
    is_true: NDArray[np.bool_]
    candidate: NDArray[np.int64]


def enough_links(pairs: pd.DataFrame, links: NDArray[np.str_]) -> bool:
    """Whether ``train_partners`` can learn from these."""
    is_true = np.isin(links, (Link.A_TO_B, Link.B_TO_A))
    held = np.unique(pairs["candidate"].to_numpy()[is_true])
    return int(is_true.sum()) >= LEAST_SYNAPSES and len(held) >= LEAST_CANDIDATES


def train_partners(
    pairs: pd.DataFrame,
    links: NDArray[np.str_],
    *,
    polyadic: bool,
    without: Iterable[str] = (),
    seed: int = 0,
) -> PartnerModel:
    """A partner model, calibrated on candidates that its trees had not seen.

    Gradient-boosted trees learn "is this an ordered pair of a synapse" from every pair in both
    orders, so that they cannot prefer a to b. Five times a fifth of the candidates is kept from
    the trees; from these scores come the logistic calibration (Platt 1999, with his targets
    that are not quite 0 and 1), the smallest score with the best F1, and all that
    ``PartnerCalibration`` reports.

    Parameters
    ----------
    pairs : DataFrame
        ``records.PAIRS``, all pairs of each candidate.
    links : (N,) str
        ``Link`` of each pair; ``unknown`` ones are not learnt from, but count as neighbours.
    polyadic : bool
        Kept with the model.
    without : iterable of str
        Cues that are left out, such as ``inside``.
    seed : int
        Of the samples and features that each tree sees.

    Raises
    ------
    InputError
        Too few true pairs, or candidates that hold one.
    """
    if not enough_links(pairs, links):
        count = int(np.isin(links, (Link.A_TO_B, Link.B_TO_A)).sum())
        raise InputError(
            "There are too few true synapses to learn partners from",
            found=f"{count} at candidates",
            expected=f"at least {LEAST_SYNAPSES}, at {LEAST_CANDIDATES} or more candidates",
            fix="annotate more in the training boxes, or set synapses.partners=rule",
        )
    samples, names = _samples(pairs, links, without)
    scores = _held_out_scores(samples, seed)
    calibration = _calibrate(scores, samples.is_true)
    forest = _fit(samples.features, samples.is_true, seed)
    rate = float(np.mean(samples.is_true))
    return PartnerModel(
        features=names,
        start=float(np.log(rate / (1 - rate))),
        rate=RATE,
        trees=tuple(_as_tree(stage[0].tree_) for stage in forest.estimators_),
        calibration=calibration,
        synapses=int(samples.is_true.sum()),
        pairs=len(samples.is_true) // 2,
        candidates=len(np.unique(samples.candidate)),
        polyadic=polyadic,
    )


def _samples(
    pairs: pd.DataFrame, links: NDArray[np.str_], without: Iterable[str]
) -> tuple[_Samples, tuple[str, ...]]:
    left_out = tuple(without)
    is_known = links != Link.UNKNOWN
    forward, names = ordered_features(pairs, a_is_pre=True, without=left_out)
    backward, _ = ordered_features(pairs, a_is_pre=False, without=left_out)
    known = links[is_known]
    samples = _Samples(
        features=np.concatenate([forward[is_known], backward[is_known]]),
        is_true=np.concatenate([known == Link.A_TO_B, known == Link.B_TO_A]),
        candidate=np.tile(pairs["candidate"].to_numpy(np.int64)[is_known], 2),
    )
    return samples, names


def _fit(features: Floats, is_true: NDArray[np.bool_], seed: int) -> Any:
    from sklearn.ensemble import GradientBoostingClassifier

    forest = GradientBoostingClassifier(
        n_estimators=TREES,
        learning_rate=RATE,
        max_depth=DEPTH,
        subsample=SHARE_OF_SAMPLES,
        min_samples_leaf=LEAST_IN_LEAF,
        max_features="sqrt",
        random_state=seed,
    )
    return forest.fit(features, is_true)


def _held_out_scores(samples: _Samples, seed: int) -> Floats:
    """Scores (M,) of all samples, each by trees that saw nothing of its candidate."""
    from sklearn.model_selection import StratifiedGroupKFold

    scores = np.zeros(len(samples.is_true))
    folds = StratifiedGroupKFold(LEAST_CANDIDATES, shuffle=True, random_state=seed)
    for seen, held in folds.split(samples.features, samples.is_true, samples.candidate):
        forest = _fit(samples.features[seen], samples.is_true[seen], seed)
        scores[held] = forest.decision_function(samples.features[held])
    return scores


def _calibrate(scores: Floats, is_true: NDArray[np.bool_]) -> PartnerCalibration:
    """The calibration by scores (M,), the first half of one order and the second of the other."""
    slope, shift = _platt(scores, is_true)
    probability = logistic(slope * scores + shift)
    half = len(scores) // 2
    first, second = probability[:half], probability[half:]
    is_first, is_second = is_true[:half], is_true[half:]
    right = np.count_nonzero(first[is_first] > second[is_first])
    right += np.count_nonzero(second[is_second] > first[is_second])
    min_score, f1 = _best_score(probability, is_true)
    rate = float(is_true.mean())
    return PartnerCalibration(
        slope=slope,
        shift=shift,
        min_score=min_score,
        f1=f1,
        direction_accuracy=right / int(is_true.sum()),
        brier=float(np.mean((probability - is_true) ** 2)),
        brier_of_rate=rate * (1 - rate),
        reliability=reliability(probability, is_true),
    )


def _platt(scores: Floats, is_true: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and shift of the logistic that turns scores into probabilities."""
    from sklearn.linear_model import LogisticRegression

    positive, negative = int(is_true.sum()), int((~is_true).sum())
    target = np.where(is_true, (positive + 1) / (positive + 2), 1 / (negative + 2))
    fitted = LogisticRegression(C=_CERTAIN).fit(
        np.tile(scores, 2)[:, None],
        np.repeat([True, False], len(scores)),
        sample_weight=np.concatenate([target, 1 - target]),
    )
    return max(float(fitted.coef_[0, 0]), 0.0), float(fitted.intercept_[0])


def _best_score(probability: Floats, is_true: NDArray[np.bool_]) -> tuple[float, float]:
    """The smallest score with the best F1, in the middle of those as good; and that F1."""
    steps = np.round(np.arange(0.05, 1.0, 0.05), 2)
    f1 = np.array(
        [
            2
            * np.count_nonzero(is_true & (probability >= step))
            / (is_true.sum() + np.count_nonzero(probability >= step))
            for step in steps
        ]
    )
    best = np.flatnonzero(f1 >= f1.max() - 1e-9)
    middle = best[len(best) // 2]
    return float(steps[middle]), float(f1[middle])


def reliability(probability: Floats, is_true: NDArray[np.bool_]) -> tuple[ReliabilityBin, ...]:
    """Foretold against observed, in ten bins of equal width; empty bins are left out."""
    which = np.minimum((probability * BINS).astype(np.int64), BINS - 1)
    return tuple(
        ReliabilityBin(
            predicted=float(probability[which == k].mean()),
            observed=float(is_true[which == k].mean()),
            count=int(np.count_nonzero(which == k)),
        )
        for k in np.unique(which)
    )


def _as_tree(tree: Any) -> Tree:
    """A tree of scikit-learn as plain numbers: its leaves lead to 0 here and to -1 there."""
    is_leaf = tree.children_left < 0

    def inner(values: NDArray[Any]) -> list[Any]:
        return list(np.where(is_leaf, 0, values).tolist())

    return Tree(
        feature=tuple(int(k) for k in inner(tree.feature)),
        threshold=tuple(float(v) for v in inner(tree.threshold)),
        left=tuple(int(k) for k in inner(tree.children_left)),
        right=tuple(int(k) for k in inner(tree.children_right)),
        value=tuple(float(v) for v in tree.value[:, 0, 0]),
    )
