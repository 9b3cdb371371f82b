"""What if: sliders that stop where something is prepared, asked for and applied."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from napari_synapse_debug.domain.params import SynapseParams
from napari_synapse_debug.ui.session import JobState, Session
from napari_synapse_debug.ui.whatif_page import WhatIfPage, slider_stops

pytestmark = pytest.mark.ui

PARAMS = SynapseParams(threshold=0.45, min_size_vx=80, min_score=0.123, polyadic=True)


@dataclass(frozen=True)
class Outlook:
    """What a set of filters gives."""

    synapses: tuple
    tp: int | None
    fn: int | None
    fp: int | None
    f1: float | None


@dataclass(frozen=True)
class Tables:
    """Tables in which each synapse has a score of its own."""

    params: SynapseParams = PARAMS
    thresholds: tuple = (0.35, 0.45, 0.55)
    smallest_vx: int = 20

    def derive(self, params):
        kept = tuple(s for s in (0.1, 0.4, 0.9) if s >= params.min_score)
        return Outlook(kept, len(kept), 3 - len(kept), 0, 0.5)


@pytest.fixture
def page(results, qtbot):
    session = Session()
    session.set_project(Path("nowhere"))
    session.set_results(results)
    made = WhatIfPage(session)
    qtbot.addWidget(made)
    made.asked.connect(lambda params: made.show_outlook(made.derive(params)))
    return made


def test_the_stops_hold_what_the_run_used():
    stops = slider_stops(Tables())

    assert stops["threshold"] == (0.35, 0.45, 0.55)
    assert 80.0 in stops["min_size_vx"]
    assert min(stops["min_size_vx"]) == 20
    assert 0.123 in stops["min_score"]
    assert {0.0, 2000.0} <= set(stops["min_overlap_nm2"])
    assert all(list(values) == sorted(values) for values in stops.values())


def test_it_begins_as_in_the_run(page):
    assert not page.apply.isEnabled()
    assert page.apply.toolTip().startswith("There are no tables")
    assert not page.sliders["threshold"].isEnabled()

    page.show_whatif(Tables())

    assert page.params() == PARAMS
    assert page.before.text().startswith("In the run: 2 synapses · F1 0.500 · 2 right")
    assert page.apply.isEnabled()
    page._session.set_job(JobState("running", "train"))
    assert (page.apply.isEnabled(), page.apply.toolTip()) == (False, "train is running")


def test_a_slider_asks_and_can_be_put_back(page):
    page.show_whatif(Tables())

    page.try_score(0.5)

    assert page.params().min_score == 0.5
    assert page.params().polyadic
    assert page.outlook.text().startswith("<b>1</b> synapses")
    assert page.values["min_score"].text() == "0.50"
    page.reset.click()
    assert page.params() == PARAMS


def test_apply_asks_for_the_filters(page, qtbot):
    page.show_whatif(Tables())
    page.sliders["threshold"].setValue(0)

    with qtbot.waitSignal(page.apply_requested) as told:
        page.apply.click()

    assert told.args[0].threshold == 0.35


def test_a_click_on_the_curve_counts_once_the_tables_are_there(toy_dock, qtbot):
    toy_dock.charts.score_requested.emit(0.8)
    qtbot.waitUntil(lambda: bool(toy_dock.whatif.stops), timeout=20_000)

    assert toy_dock.whatif.params().min_score == pytest.approx(0.8)


def test_what_if_leaves_the_changes_of_a_comparison_until_a_slider_moves(toy_dock, qtbot):
    marks = toy_dock._desk.session.marks
    fixed = np.full(len(marks), "fixed", dtype=object)
    toy_dock._desk.session.set_marks(dataclasses.replace(marks, change=fixed))
    toy_dock.tabs.setCurrentWidget(toy_dock.whatif)
    qtbot.waitUntil(lambda: "F1" in toy_dock.whatif.outlook.text(), timeout=20_000)
    assert (toy_dock._desk.session.marks.change == "fixed").all()

    toy_dock.whatif.try_score(0.95)
    qtbot.waitUntil(
        lambda: not (toy_dock._desk.session.marks.change == "fixed").all(), timeout=20_000
    )
    toy_dock.whatif.reset.click()
    qtbot.waitUntil(lambda: (toy_dock._desk.session.marks.change == "").all(), timeout=20_000)
