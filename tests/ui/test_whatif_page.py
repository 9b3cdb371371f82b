"""What if: sliders that stop where something is prepared, asked for and applied."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from napari_synapse_debug.domain.params import ContactParams, SynapseParams
from napari_synapse_debug.ui.session import JobState, Session
from napari_synapse_debug.ui.whatif_page import WhatIfPage
from napari_synapse_debug.ui.whatif_sliders import GAP, slider_stops

pytestmark = pytest.mark.ui

PARAMS = SynapseParams(threshold=0.45, min_size_vx=80, min_score=0.123, polyadic=True)

CONTACTS = ContactParams(max_gap_nm=24.0, min_area_nm2=5.0)


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
    contacts: ContactParams = CONTACTS
    gaps: tuple = (24.0,)
    gaps_left: tuple = (0.0, 48.0)
    is_learnt: bool = False

    def derive(self, params, gap_nm):
        scores = (0.1, 0.4, 0.9) if gap_nm > 0 else (0.9,)
        kept = tuple(s for s in scores if s >= params.min_score)
        return Outlook(kept, len(kept), 3 - len(kept), 0, 0.5)


@pytest.fixture
def page(results, qtbot):
    session = Session()
    session.set_project(Path("nowhere"))
    session.set_results(results)
    made = WhatIfPage(session)
    qtbot.addWidget(made)
    made.asked.connect(lambda params, gap: made.show_outlook(made.derive(params, gap)))
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


def test_a_gap_is_asked_for_before_it_can_be_tried(page, qtbot):
    page.show()
    page.show_whatif(Tables())
    assert not page.sliders[GAP].isEnabled()
    assert page.sliders[GAP].toolTip() == "Prepare other gaps first"
    assert page.values[GAP].text() == "24 nm"
    assert page.prepare.isVisible()
    assert "which have to be found" in page.message.text()
    with qtbot.waitSignal(page.prepare_requested):
        page.prepare.click()


def test_a_prepared_gap_is_tried_applied_and_put_back(page, qtbot):
    page.show_whatif(Tables(gaps=(0.0, 24.0), gaps_left=(48.0,)))  # it was stopped
    assert page.sliders[GAP].isEnabled()
    assert not page.prepare.isHidden()
    page.show_whatif(Tables(gaps=(0.0, 24.0, 48.0), gaps_left=()))
    assert page.prepare.isHidden()
    assert page.message.text() == "Nothing is written until it is applied."
    assert "other gaps have to be prepared anew" in page.apply.toolTip()
    assert page.outlook.text().startswith("<b>2</b> synapses")
    assert page.is_as_run

    page.sliders[GAP].setValue(0)

    assert page.values[GAP].text() == "0 nm"
    assert page.outlook.text().startswith("<b>1</b> synapses")
    assert not page.is_as_run
    with qtbot.waitSignal(page.apply_requested) as told:
        page.apply.click()
    assert told.args == [PARAMS, 0.0]
    assert page.contacts(0.0) == ContactParams(max_gap_nm=0.0, min_area_nm2=5.0)
    assert page.contacts(24.0) is None
    page.reset.click()
    assert page.is_as_run


def test_what_was_tried_stays_when_only_more_gaps_come(page):
    page.show_whatif(Tables())
    page.sliders["threshold"].setValue(0)
    page.try_score(0.5)
    page._session.set_results(page._session.results, goes_on=True)
    assert page.outlook.text() == ""
    page.show_whatif(Tables(gaps=(0.0, 24.0), gaps_left=(48.0,)))
    assert (page.params().threshold, page.params().min_score) == (0.35, 0.5)

    page._session.set_results(page._session.results, goes_on=True)
    other = PARAMS.model_copy(update={"threshold": 0.55})
    page.show_whatif(Tables(params=other))  # made anew with others: these stand on the sliders
    assert page.params() == other
    assert page.before.text().startswith("In the run: 2 synapses")


def test_fewer_gaps_than_where_the_sliders_stood(page):
    page.show_whatif(Tables(gaps=(0.0, 24.0, 48.0)))
    page.sliders[GAP].setValue(2)
    page.sliders["threshold"].setValue(0)
    page.show_whatif(Tables())
    assert page.filters() == (PARAMS, 24.0)


def test_the_numbers_of_the_run_are_not_those_of_what_is_tried(page):
    page.try_score(0.5)
    page.asked.disconnect()
    page.show_whatif(Tables())
    page.show_outlook(page.derive(*page.filters()))  # only the latest is told
    assert page.outlook.text().startswith("<b>1</b>")
    assert page.before.text() == ""
    page.show_before(page.derive(*page.untold))
    assert page.before.text().startswith("In the run: 2 synapses")
    assert page.untold is None


def test_that_partners_are_learnt_anew_is_said(page):
    page.show_whatif(Tables(is_learnt=True))
    assert "learnt anew" in page.message.text()


def test_without_truth_nothing_is_evaluated(toy_dock, monkeypatch):
    desk, started = toy_dock._desk, []
    monkeypatch.setattr(desk.runner, "start", lambda steps, params: started.append(steps))
    results = desk.session.results
    config = results.config.model_copy(update={"truth": None})
    desk.session.set_results(dataclasses.replace(results, config=config))
    toy_dock.whatif.apply_requested.emit(SynapseParams(), 0.0)
    assert started == [("synapses",)]


@pytest.mark.slow
def test_the_window_prepares_tries_and_applies_gaps(toy_dock, qtbot):
    page, session = toy_dock.whatif, toy_dock._desk.session
    toy_dock.tabs.setCurrentWidget(page)
    qtbot.waitUntil(lambda: "F1" in page.outlook.text(), timeout=20_000)
    assert page.stops[GAP] == (0.0,)

    page.prepare.click()
    assert session.job.is_running
    qtbot.waitUntil(lambda: page.sliders[GAP].isEnabled(), timeout=120_000)

    assert page.stops[GAP] == (0.0, 8.0, 16.0, 32.0)
    assert "gaps of 0, 8, 16, 32 nm can be tried" in session.job.message
    page.sliders[GAP].setValue(2)
    qtbot.waitUntil(lambda: not page.is_as_run and "F1" in page.outlook.text(), timeout=20_000)
    page.apply.click()
    qtbot.waitUntil(lambda: not session.job.is_running, timeout=120_000)
    assert session.job.status == "done", session.job.message
    assert session.results.config.params.contacts.max_gap_nm == 16.0


def test_a_click_on_the_curve_counts_once_the_tables_are_there(toy_dock, qtbot):
    toy_dock.charts.score_requested.emit(0.8)
    qtbot.waitUntil(lambda: bool(toy_dock.whatif.stops), timeout=20_000)

    assert toy_dock.whatif.params().min_score == pytest.approx(0.8)
    qtbot.waitUntil(lambda: "F1" in toy_dock.whatif.before.text(), timeout=20_000)
    told = toy_dock.whatif.before.text()
    assert told.partition(": ")[2] != toy_dock.whatif.outlook.text()
    toy_dock.whatif.reset.click()
    qtbot.waitUntil(lambda: toy_dock.whatif.before.text() == told, timeout=20_000)


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
    qtbot.waitUntil(lambda: (toy_dock._desk.session.marks.change == "fixed").all(), timeout=20_000)


def test_what_if_leaves_a_comparison_that_was_made_while_its_sliders_were_moved(toy_dock, qtbot):
    session = toy_dock._desk.session
    toy_dock.tabs.setCurrentWidget(toy_dock.whatif)
    qtbot.waitUntil(lambda: "F1" in toy_dock.whatif.outlook.text(), timeout=20_000)
    toy_dock.whatif.try_score(0.95)
    qtbot.waitUntil(lambda: (session.marks.change != "").any(), timeout=20_000)
    broken = np.full(len(session.marks), "broken", dtype=object)
    session.set_marks(dataclasses.replace(session.marks, change=broken))

    as_moved = toy_dock.whatif.outlook.text()
    toy_dock.whatif.reset.click()
    qtbot.waitUntil(lambda: toy_dock.whatif.outlook.text() != as_moved, timeout=20_000)

    assert (session.marks.change == "broken").all()
