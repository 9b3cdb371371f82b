"""Charts: what is drawn, and what a click asks for."""

import dataclasses

import pytest

from napari_synapse_debug.ui.charts import PrecisionRecall, StageBars, curve_points
from napari_synapse_debug.ui.charts_page import ChartsPage
from napari_synapse_debug.ui.session import Session

pytestmark = pytest.mark.ui

CONTENT = {
    "precision": 0.5,
    "recall": 0.4,
    "curve": {
        "points": [
            {"threshold": 0.9, "precision": 1.0, "recall": 0.1, "f1": 0.18},
            {"threshold": 0.5, "precision": 0.7, "recall": 0.3, "f1": 0.42},
            {"threshold": None, "precision": 0.5, "recall": 0.4, "f1": 0.44},
            {"threshold": 0.1, "precision": None, "recall": 0.4, "f1": None},
        ]
    },
}
BUDGET = {
    "f1": 0.6,
    "unexplained": 0.05,
    "stages": [
        {"stage": "classifier", "in_order": 0.8},
        {"stage": "contact", "in_order": 0.95},
    ],
}


def test_a_point_without_both_rates_is_not_drawn():
    assert curve_points(CONTENT)[:, :2].tolist() == [[1.0, 0.1], [0.7, 0.3], [0.5, 0.4]]
    assert curve_points(None).shape == (0, 3)
    assert curve_points({"curve": None}).shape == (0, 3)


def test_a_click_on_the_curve_chooses_the_nearest_score(qtbot):
    chart = PrecisionRecall()
    qtbot.addWidget(chart)
    told = []
    chart.score_chosen.connect(told.append)
    chart.place_clicked.emit(0.3, 0.7)
    assert told == []
    chart.show_evaluation(CONTENT)

    chart.place_clicked.emit(0.12, 0.95)
    chart.place_clicked.emit(0.4, 0.5)  # the last point has no score: the nearest that has

    assert told == [0.9, 0.5]


def test_a_click_on_a_bar_chooses_its_stage_and_between_bars_nothing(qtbot):
    bars = StageBars("errors")
    qtbot.addWidget(bars)
    told = []
    bars.stage_chosen.connect(told.append)
    bars.show_bars({"classifier": 4, "contact": 2}, ["4", "2"])

    for x in (1.2, 0.5, -0.9, 0.0):
        bars.place_clicked.emit(x, 1.0)

    assert told == ["contact", "classifier"]


@pytest.fixture
def page(results, qtbot):
    session = Session()
    made = ChartsPage(session, lambda: BUDGET)
    qtbot.addWidget(made)
    session.set_results(dataclasses.replace(results, evaluation=CONTENT))
    return made


def test_charts_are_drawn_when_they_are_seen(page):
    assert page.errors.stages == []

    page.show()

    assert page.errors.stages == [
        "ground_truth",
        "classifier",
        "segmentation",
        "contact",
        "assignment",
    ]
    assert page.budget.stages == ["classifier", "contact"]
    assert "Unexplained: 0.05" in page.budget_note.text()
    assert "★" in page.curve_note.text()


def test_without_budget_and_curve_it_says_where_they_come_from(results, qtbot):
    session = Session()
    page = ChartsPage(session, lambda: None)
    qtbot.addWidget(page)
    session.set_results(results)

    page.show()

    assert not page.budget.isVisible()
    assert "Evaluate" in page.budget_note.text()
    assert page.curve_note.text().startswith("No curve")
