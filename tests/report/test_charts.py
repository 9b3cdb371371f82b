"""The figures: that they are drawn, say what they show, and leave out what is not there."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from napari_synapse_debug.domain.stages import STAGE_HUE, Stage
from napari_synapse_debug.report import Connectomes
from napari_synapse_debug.report.budget_chart import draw_budget
from napari_synapse_debug.report.curve_chart import draw_curve
from napari_synapse_debug.report.figures import Chart
from napari_synapse_debug.report.matrix_chart import draw_matrices
from napari_synapse_debug.report.surface_chart import draw_surface


def shapes(chart: Chart | None) -> str:
    """The text of a chart, after it was read as XML."""
    assert chart is not None
    assert ElementTree.fromstring(chart.svg).tag.endswith("svg")
    return chart.svg.lower()


def budget(untested: Stage | None = None) -> dict[str, Any]:
    """F1 0.5; the classifier gains 0.2, the contact 0.1, the rest is unexplained."""
    gains = {Stage.CLASSIFIER: 0.2, Stage.CONTACT: 0.1}
    stages, at = [], 0.5
    for stage in Stage:
        gain = gains.get(stage, 0.0)
        at += gain
        row = {"stage": stage.value, "alone": 0.5 + gain, "in_order": at, "all_but": 1 - gain}
        stages.append({**row, "is_tested": stage is not untested})
    return {"f1": 0.5, "stages": stages}


def test_the_budget_has_a_bar_in_the_hue_of_each_stage() -> None:
    chart = draw_budget(budget())
    svg = shapes(chart)
    for stage in Stage:
        assert f"fill: {STAGE_HUE[stage].lower()}" in svg
    assert "classifier 0.700" in chart.told
    assert "evaluation 0.800" in chart.told
    assert "<pattern" not in svg


def test_a_stage_that_was_not_tested_is_hatched() -> None:
    assert "<pattern" in shapes(draw_budget(budget(untested=Stage.SEGMENTATION)))


def test_the_same_numbers_give_the_same_figure() -> None:
    assert draw_budget(budget()) == draw_budget(budget())


def test_the_curve_marks_the_run(score: dict[str, Any]) -> None:
    chart = draw_curve(score)
    shapes(chart)
    assert chart is not None
    assert "P 0.897 R 0.852" in chart.told


@pytest.mark.parametrize("missing", ["curve", "precision", "recall"])
def test_there_is_no_curve_without_its_rates(score: dict[str, Any], missing: str) -> None:
    assert draw_curve(score) is not None
    assert draw_curve(score | {missing: None}) is None


def test_a_curve_without_scores_is_a_point(score: dict[str, Any]) -> None:
    point = {"threshold": None, "precision": 0.9, "recall": 0.8, "f1": 0.85}
    curve = {"points": [point], "area": None, "best_f1": None, "best_threshold": None}
    shapes(draw_curve(score | {"curve": curve}))


def test_matrices_count_the_edges_that_differ() -> None:
    true = np.array([[0, 2, 1, 0], [0, 0, 0, 0], [0, 0, 0, 3], [0, 0, 0, 0]])
    predicted = np.array([[0, 1, 0, 0], [0, 0, 4, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
    ids = np.array([5, 9, 7, 2], np.uint64)
    chart = draw_matrices(Connectomes(ids, true, predicted, 6))
    shapes(chart)
    assert chart is not None
    assert chart.told == "Connectome of 4 neurons: 2 edges missed, 1 false"


def test_without_neurons_there_are_no_matrices() -> None:
    nothing = np.zeros((0, 0), np.int64)
    assert draw_matrices(Connectomes(np.zeros(0, np.uint64), nothing, nothing, 0)) is None


def surface(*boxes: str) -> pd.DataFrame:
    rows = [
        (box, threshold, size, 0.5 + threshold / 4)
        for box in boxes
        for threshold in (0.3, 0.4, 0.5, 0.6)
        for size in (10, 40)
    ]
    return pd.DataFrame(rows, columns=["box", "threshold", "min_size_vx", "f1"])


@pytest.mark.parametrize("boxes", [("train", "eval"), ("eval",)])
def test_the_surface_has_a_map_for_each_box(boxes: tuple[str, ...]) -> None:
    svg = shapes(draw_surface(surface(*boxes), 0.5, 40))
    assert svg.count("<image") == len(boxes) + 1, "and the colour bar"
    framed = shapes(draw_surface(surface(*boxes), 0.45, 40))
    assert svg.count("#d55e00") > framed.count("#d55e00") == 0, "the point in use lies elsewhere"


def test_rates_that_are_not_defined_leave_a_gap() -> None:
    table = surface("eval").assign(f1=float("nan"))
    shapes(draw_surface(table, 0.5, 40))
    assert draw_surface(table[:0], 0.5, 40) is None
