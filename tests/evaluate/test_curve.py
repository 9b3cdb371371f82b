"""Average precision by hand."""

from __future__ import annotations

import pytest

from napari_synapse_debug.evaluate.curve import CurvePoint, _area


def point(threshold: float, precision: float | None, recall: float | None) -> CurvePoint:
    return CurvePoint(threshold=threshold, precision=precision, recall=recall, f1=None)


def test_a_best_score_that_counts_nowhere_does_not_void_the_area() -> None:
    """The one at .9 lies outside of the box: nothing is precise or wrong, nothing is reached."""
    points = [point(0.9, None, 0.0), point(0.8, 1.0, 0.5), point(0.5, 0.5, 1.0)]
    assert _area(points) == pytest.approx(0.5 * 1.0 + 0.5 * 0.5)


def test_without_precision_or_recall_anywhere_there_is_none() -> None:
    assert _area([point(0.9, None, 0.0)]) is None
    assert _area([point(0.9, 1.0, None)]) is None


def test_a_recall_that_falls_takes_no_area_away() -> None:
    """The least cost over more predictions may match fewer of them."""
    points = [point(0.9, 1.0, 0.5), point(0.8, 0.5, 0.25), point(0.7, 0.5, 0.75)]
    assert _area(points) == pytest.approx(0.5 * 1.0 + 0.25 * 0.5)
