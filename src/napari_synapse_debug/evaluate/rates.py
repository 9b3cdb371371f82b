"""Precision, recall and F1 from counts, and what they are where a side is empty."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rates:
    """Precision, recall and F1; None where not defined."""

    precision: float | None
    recall: float | None
    f1: float | None


def rates_of(tp: int, fp: int, fn: int, *, is_sparse: bool = False) -> Rates:
    """The rates of ``tp`` matches, ``fp`` false and ``fn`` missed rows.

    Nothing on either side: all are 1. Nothing on one side: F1 is 0, and the rate of the empty
    side None. Under a sparse truth only recall is defined, and F1 is None.
    """
    recall = tp / (tp + fn) if tp + fn else None
    if is_sparse:
        return Rates(None, recall, None)
    if tp + fp + fn == 0:
        return Rates(1.0, 1.0, 1.0)
    precision = tp / (tp + fp) if tp + fp else None
    return Rates(precision, recall, 2 * tp / (2 * tp + fp + fn))
