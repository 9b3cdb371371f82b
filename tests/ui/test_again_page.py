"""Train again in the window: lessons, boxes to annotate, the whole chain, the comparison."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from napari_synapse_debug.domain.errors import StepCancelledError
from napari_synapse_debug.domain.events import Event
from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.verdicts import Verdict
from napari_synapse_debug.pipeline import STEPS
from napari_synapse_debug.ui.again_joint import box_to_annotate
from napari_synapse_debug.ui.again_page import AgainPage
from napari_synapse_debug.ui.session import JobState, Session

pytestmark = pytest.mark.ui


def test_without_a_project_it_says_what_to_do(qtbot):
    page = AgainPage(Session())
    qtbot.addWidget(page)
    assert not page.run_panel.run.isEnabled()
    assert page.run_panel.reason.text().startswith("Open or create a project")
    assert not page.propose.isEnabled()


@pytest.mark.parametrize(
    ("lacks", "run", "propose"),
    [
        ({}, "", ""),
        ({"has_model": False}, "Train a model first", ""),
        ({"volumes": {}}, "", "Predict first"),
        ({"is_package": True}, "This is a work package", "This is a work package"),
    ],
)
def test_it_says_what_comes_before(results, qtbot, lacks, run, propose):
    session = Session()
    page = AgainPage(session)
    qtbot.addWidget(page)
    session.set_project(Path("nowhere"))
    session.set_results(dataclasses.replace(results, **lacks))

    assert page.run_panel.run.isEnabled() == (not run)
    assert page.run_panel.reason.text().startswith(run)
    assert page.propose.isEnabled() == (not propose)
    assert page.propose.toolTip().startswith(propose or "Boxes in which")


def test_the_progress_of_every_step_of_the_chain_shows(qtbot):
    session = Session()
    page = AgainPage(session)
    qtbot.addWidget(page)
    page.show()
    for step in ("again", *STEPS):
        session.set_job(JobState("running", step, "block 2 of 8", 2, 8))
        assert page.run_panel.message.text() == f"{step}: block 2 of 8"
        assert page.run_panel.cancel.isVisible()
    session.set_job(JobState("failed", "train", "no model", details="Traceback"))
    assert page.run_panel.message.copy.isVisible()


def test_a_box_to_annotate_is_about_two_micrometres_and_fits():
    assert box_to_annotate(Grid((100, 4000, 4000), (50.0, 4.0, 4.0))) == (40, 500, 500)
    assert box_to_annotate(Grid((20, 300, 4000), (50.0, 4.0, 8.0))) == (20, 300, 250)


def test_verdicts_are_counted_when_the_page_shows(toy_dock, qtbot):
    findings = toy_dock._desk.session.table.frame
    for finding in findings["finding"]:
        toy_dock._desk.session.select(int(finding))
        toy_dock._desk.reviewing.give(Verdict.MODEL_ERROR)
    toy_dock.tabs.setCurrentWidget(toy_dock.again)
    qtbot.waitUntil(lambda: "verdicts" in toy_dock.again.lessons.text(), timeout=20_000)
    hard = int((findings["stage"] == "classifier").sum())
    assert (
        f"<b>{len(findings)}</b> verdicts · <b>{hard}</b> confirmed"
        in toy_dock.again.lessons.text()
    )


def test_a_proposed_box_is_shown_and_offered_to_the_train_dock(toy_dock, qtbot):
    page, session = toy_dock.again, toy_dock._desk.session
    box = Box((2, 8, 16), (6, 40, 80))
    page.show_boxes([(box, 0.2), (Box((0, 0, 0), (2, 2, 2)), 0.1)])
    assert [page.boxes.item(i).text() for i in range(2)] == [
        "2:6,8:40,16:80    unsure 80%",
        "0:2,0:2,0:2    unsure 40%",
    ]
    with qtbot.waitSignal(page.box_requested):
        page.boxes.itemClicked.emit(page.boxes.item(0))
    assert session.proposed_box == box
    middle = session.results.grid.to_nm([(3.5, 23.5, 47.5)])[0]
    np.testing.assert_allclose(toy_dock._desk.adapter.viewer.dims.point, middle)
    assert "Train dock has the box 2:6,8:40,16:80" in page.message.text()


def test_a_full_volume_has_nothing_to_propose(toy_dock, qtbot):
    toy_dock.again.propose.click()
    qtbot.waitUntil(lambda: "Nothing is left" in toy_dock.again.message.text(), timeout=20_000)
    assert not toy_dock.again.boxes.isVisible()


def test_the_search_for_boxes_tells_how_far_it_is_and_can_be_stopped(toy_dock, qtbot):
    page = toy_dock.again
    page.show_looking()
    assert page.propose.text() == "Stop looking"
    page._began -= 30.0
    page.show_progress(Event("propose", "looking where the model is least sure", 1, 4))
    assert page.message.text() == "Looking where the model is least sure: 25% · 1 min 30 s left"
    with qtbot.waitSignal(page.stop_requested):
        page.propose.click()
    page.show_no_boxes(StepCancelledError("The search for boxes was stopped"))
    assert page.propose.text() == "Where to annotate next"
    assert page.message.text() == "The search for boxes was stopped."


def test_nothing_to_learn_is_told_with_what_to_do(toy_dock, qtbot):
    toy_dock.again.form.editors["learn_share"].set_value(0.0)
    toy_dock.again.run_panel.run.click()
    session = toy_dock._desk.session
    qtbot.waitUntil(lambda: session.job.status == "failed", timeout=60_000)
    assert "nothing new to learn" in toy_dock.again.run_panel.message.text()
    assert session.run == "main"


@pytest.mark.slow
def test_the_loop_from_the_button_to_the_comparison(toy_dock, qtbot):
    session = toy_dock._desk.session
    toy_dock.tabs.setCurrentWidget(toy_dock.again)
    toy_dock.again.form.editors["learn_share"].set_value(0.5)
    toy_dock.again.form.editors["minutes"].set_value(1.0)
    seen = set()
    session.job_changed.connect(lambda job: seen.add(job.step))
    toy_dock.again.run_panel.run.click()
    qtbot.waitUntil(lambda: session.job.status in ("done", "failed"), timeout=300_000)
    assert session.job.status == "done", session.job.message
    assert session.run == "main-2"
    assert {"again", *STEPS} - seen == {"evaluate"}  # which is over before it could tell
    assert toy_dock.tabs.currentWidget() is toy_dock.runs
    qtbot.waitUntil(lambda: "F1" in toy_dock.runs.message.text(), timeout=60_000)
    assert toy_dock.runs.other.currentText() == "main"
    assert toy_dock.runs.run.currentText() == "main-2"
    assert session.marks.column("change").shape == (len(session.table.frame),)
