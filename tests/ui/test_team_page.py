"""The page Team: what it shows follows the project, the run and the verdicts."""

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_synapse_debug.domain.verdicts import Verdict
from napari_synapse_debug.pipeline import make_package, open_review
from napari_synapse_debug.pipeline.review_summary import ReviewSummary
from napari_synapse_debug.ui.session import Session
from napari_synapse_debug.ui.team_page import TeamPage

pytestmark = pytest.mark.ui


@pytest.fixture
def dock(plain_dock):
    plain_dock.tabs.setCurrentWidget(plain_dock.team)
    plain_dock.show()
    return plain_dock


@pytest.fixture
def desk(dock):
    return dock._desk


def give(project, author, finding, verdict):
    with open_review(project, author=author) as review:
        review.set_verdict(finding, verdict)


def test_the_summary_is_of_the_open_project(dock, desk, project, tmp_path, qtbot):
    other = Path(shutil.copytree(project, tmp_path / "other"))
    give(project, "anna", 1, Verdict.UNSURE)
    give(other, "ben", 1, Verdict.UNSURE)
    desk.open_project(project)
    qtbot.waitUntil(lambda: "anna" in dock.team.summary.text(), timeout=20_000)

    desk.open_project(other)
    assert dock.team.summary.text() == ""
    qtbot.waitUntil(lambda: "ben" in dock.team.summary.text(), timeout=20_000)
    assert "anna" not in dock.team.summary.text()


def test_verdicts_are_counted_while_the_page_is_seen_and_when_it_is_seen_again(dock, desk, qtbot):
    def reviewed(count):
        mine = f"<td>{desk.reviewing.author}&nbsp;&nbsp;</td><td>0&nbsp;&nbsp;</td>"
        return lambda: f"{mine}<td>{count}&nbsp;" in dock.team.summary.text()

    desk.session.select(1)
    desk.reviewing.give(Verdict.UNSURE)
    qtbot.waitUntil(reviewed(1), timeout=20_000)
    dock.tabs.setCurrentWidget(dock.errors)
    desk.reviewing.give(Verdict.UNSURE)
    assert reviewed(1)()
    dock.tabs.setCurrentWidget(dock.team)
    qtbot.waitUntil(reviewed(2), timeout=20_000)


def test_a_kappa_that_is_not_defined_is_empty(qtbot):
    page = TeamPage(Session())
    qtbot.addWidget(page)
    row = {"author_a": "anna", "author_b": "ben", "n_shared": 2, "n_agreed": 2}
    rows = ({**row, "kappa": np.nan}, {**row, "kappa": 0.5})

    page.show_summary(ReviewSummary(2, 2, 0, (), (), (), rows))

    assert "nan" not in page.summary.text()
    assert page.summary.text().count("<td>&nbsp;&nbsp;</td>") == 1
    assert "<td>0.50&nbsp;&nbsp;</td>" in page.summary.text()


def test_verdicts_have_the_name_that_was_given(dock, desk, project, qtbot):
    before = desk.reviewing.author
    assert dock.team.author.text() == before
    dock.team.author.setText("Cajal")
    qtbot.keyClick(dock.team.author, Qt.Key.Key_Return)
    desk.session.select(1)
    desk.reviewing.give(Verdict.AMBIGUOUS)

    assert before != "Cajal"
    assert desk.session.marks.said[0] == "Cajal: ambiguous"
    desk.open_project(project)
    assert desk.reviewing.author == "Cajal"
    dock.team.author.clear()
    qtbot.keyClick(dock.team.author, Qt.Key.Key_Return)
    assert desk.reviewing.author == before


def test_a_package_keeps_its_reviewer_and_makes_none(dock, desk, project, tmp_path):
    desk.preferences.write("reviewer", "Cajal")
    made = make_package(project, "ben", tmp_path / "ben", [1]).path

    desk.open_project(made)

    assert desk.reviewing.author == "ben"
    assert not dock.team.author.isEnabled()
    dock.team.reviewer.setText("anna")
    assert not dock.team.package.isEnabled()
    assert "This is a work package" in dock.team.package.toolTip()


@pytest.mark.parametrize("chosen", ["Dr. Smith", "Dr. Smith.zip"])
def test_a_package_is_a_zip_whatever_was_typed(dock, desk, tmp_path, monkeypatch, chosen):
    asked = []
    monkeypatch.setattr(
        "qtpy.QtWidgets.QFileDialog.getSaveFileName", lambda *_: (str(tmp_path / chosen), "")
    )
    dock.team.reviewer.setText("Dr. Smith")
    dock.team.package_requested.disconnect()
    dock.team.package_requested.connect(lambda *given: asked.append(given))
    dock.team.package.click()
    assert asked == [("Dr. Smith", tmp_path / "Dr. Smith.zip")]


def test_the_making_of_a_package_shows_and_can_be_cancelled(dock, desk, tmp_path, qtbot):
    gate, team, package = threading.Event(), dock.team, tmp_path / "ben.zip"
    assert not team.cancel.isVisible()
    for name in "abc":  # all threads are at work until the package was cancelled
        desk.background.run(name, lambda: gate.wait(20), lambda _: None, lambda _: None)

    team.package_requested.emit("ben", package)
    assert team.cancel.isVisible()
    assert team.package.toolTip() == "A package is being made"
    team.cancel.click()
    gate.set()
    qtbot.waitUntil(lambda: "was stopped" in team.message.text(), timeout=20_000)

    assert not package.exists()
    assert not team.cancel.isVisible()
    team.package_requested.emit("ben", package)
    qtbot.waitUntil(lambda: "10 errors in" in team.message.text(), timeout=60_000)
    assert team.bar.maximum() > 0
    assert package.exists()
