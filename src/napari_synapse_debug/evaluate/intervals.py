"""Confidence intervals that know that rows of one cleft are right or wrong together."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

Interval = tuple[float, float]


def design_effect(is_right: ArrayLike, units: ArrayLike) -> float:
    """How much wider the variance is than that of as many independent rows; at least 1.

    The ratio of the variance of a ratio estimated from clusters to that of a simple sample
    (Kish, Survey Sampling, 1965, §5.4 and §6.5); if all rows are right, or all wrong, the rows
    tell nothing about it and it is Σg²/Σg of the cluster sizes g.

    Parameters
    ----------
    is_right : (N,) bool
        Whether each row is right; N ≥ 1.
    units : (N,)
        The cluster (cleft) of each row.
    """
    right = np.asarray(is_right, dtype=np.float64)
    _, code = np.unique(np.asarray(units), return_inverse=True)
    rows = np.bincount(code).astype(np.float64)
    hits = np.bincount(code, weights=right)
    n, clusters = float(rows.sum()), len(rows)
    rate = right.mean()
    if rate in (0.0, 1.0) or clusters == 1:
        return float((rows**2).sum() / n)
    clustered = clusters / (clusters - 1) * ((hits - rate * rows) ** 2).sum() / n**2
    return float(max(1.0, clustered / (rate * (1 - rate) / (n - 1))))


def wilson(rate: float, n: float, confidence: float = 0.95) -> Interval:
    """Wilson's score interval of a ``rate`` seen in ``n`` independent rows (n > 0; JASA 1927)."""
    z = float(norm.ppf(0.5 + confidence / 2))
    centre = rate + z**2 / (2 * n)
    half = z * np.sqrt(rate * (1 - rate) / n + z**2 / (4 * n**2))
    scale = 1 + z**2 / n
    return max(0.0, float((centre - half) / scale)), min(1.0, float((centre + half) / scale))


def clustered_interval(is_right: ArrayLike, units: ArrayLike) -> Interval | None:
    """95 % interval of the share of right rows; None without rows."""
    right = np.asarray(is_right, dtype=bool)
    if len(right) == 0:
        return None
    return wilson(float(right.mean()), len(right) / design_effect(right, units))


def f1_interval(jaccard: Interval | None) -> Interval | None:
    """The interval of F1 from that of J = TP / (TP + FP + FN), as F1 = 2J / (1 + J)."""
    if jaccard is None:
        return None
    low, high = (2 * j / (1 + j) for j in jaccard)
    return low, high
