"""The precision–recall curve: matched anew at each score."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.evaluate.admission import Rule, admissible_pairs
from napari_synapse_debug.evaluate.optimum import match_best, match_cheapest
from napari_synapse_debug.evaluate.rates import Rates, rates_of
from napari_synapse_debug.evaluate.results import Curve, CurvePoint
from napari_synapse_debug.evaluate.sides import Mask, Side

MOST_POINTS = 50


def precision_recall_curve(
    truth: Side,
    prediction: Side,
    scores: NDArray[np.float64],
    rule: Rule,
    *,
    is_sparse: bool,
    fills_matrix: bool = False,
) -> Curve:
    """Precision and recall at up to ``MOST_POINTS`` scores, from the highest down.

    Parameters
    ----------
    truth, prediction : Side
        Both sides; at each threshold only predictions that reach it take part.
    scores : (number of predictions,) float64
        Scores in the order of ``prediction``. Rows without one (NaN) are always kept; if none
        has one, the curve is a single point without a threshold.
    rule : Rule
        What a match must fulfil.
    is_sparse : bool
        Whether the truth is sparse; then there is only recall, and no area.
    fills_matrix : bool
        Whether the least cost is wanted, as by CREMI and synful, and not most matches.

    Notes
    -----
    More scores than points: thresholds are quantiles of the scores, the lowest always kept.
    """
    edges = admissible_pairs(truth, prediction, rule)
    points = []
    for threshold in _thresholds(scores[prediction.takes_part]):
        keep = prediction.takes_part & ~(scores < threshold)
        among = edges.where(keep[edges.prediction])
        if fills_matrix:
            matched = match_cheapest(among, 2 * rule.tolerance_nm)
        else:
            matched = match_best(among, truth.is_counted)
        rates = _rates(truth, prediction, keep, matched.truth, matched.prediction, is_sparse)
        points.append(
            CurvePoint(
                threshold=float(threshold) if np.isfinite(threshold) else None,
                precision=rates.precision,
                recall=rates.recall,
                f1=rates.f1,
            )
        )
    best = max(points, key=lambda point: -1.0 if point.f1 is None else point.f1)
    return Curve(
        points=tuple(points),
        area=_area(points),
        best_f1=best.f1,
        best_threshold=None if best.f1 is None else best.threshold,
    )


def _thresholds(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    known = np.unique(scores[np.isfinite(scores)])
    if len(known) == 0:
        return np.asarray([-np.inf])
    if len(known) > MOST_POINTS:
        places = np.linspace(0, len(known) - 1, MOST_POINTS).round().astype(np.int64)
        known = known[places]
    return known[::-1]


def _rates(
    truth: Side,
    prediction: Side,
    keep: Mask,
    matched_truth: NDArray[np.int64],
    matched_prediction: NDArray[np.int64],
    is_sparse: bool,
) -> Rates:
    is_matched = np.zeros(len(prediction), dtype=bool)
    is_matched[matched_prediction] = True
    tp = int(truth.is_counted[matched_truth].sum())
    fp = int((keep & prediction.is_counted & ~is_matched).sum())
    fn = int(truth.is_counted.sum()) - tp
    return rates_of(tp, fp, fn, is_sparse=is_sparse)


def _area(points: list[CurvePoint]) -> float | None:
    """Average precision; None for a single point without a threshold, or without rates.

    Where nothing that counts has a score so high, there is no precision, and nothing is reached.
    """
    if points[0].threshold is None:
        return None
    area, reached = 0.0, 0.0
    for point in points:
        if point.recall is None:
            return None
        if point.precision is None:
            continue
        area += point.precision * max(point.recall - reached, 0.0)
        reached = max(point.recall, reached)  # the least cost may match fewer of more rows
    return None if all(point.precision is None for point in points) else area
