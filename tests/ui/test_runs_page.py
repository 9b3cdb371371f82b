"""Runs and reviewers: what is offered, and what became of each error."""

from pathlib import Path

import pandas as pd
import pytest

from napari_synapse_debug.ui.runs_page import RunsPage, changes_of
from napari_synapse_debug.ui.session import Session
from napari_synapse_debug.ui.team_page import TeamPage

pytestmark = pytest.mark.ui


def test_the_open_run_is_not_compared_with_itself(qtbot):
    page = RunsPage()
    qtbot.addWidget(page)
    assert "no other run" in page.message.text()

    page.show_runs(("main", "second"), "second")

    assert page.run.currentText() == "second"
    assert [page.other.itemText(i) for i in range(page.other.count())] == ["main"]
    assert page.compare.isEnabled()
    page.show_runs(("main",), "main")
    assert not page.compare.isEnabled()


def test_a_comparison_is_told_and_its_errors_listed(qtbot):
    page = RunsPage()
    qtbot.addWidget(page)
    page.show()
    counts = {"fixed": 4, "vanished": 2, "broken": 1, "kept_wrong": 5, "new": 0, "kept_false": 3}

    page.show_comparison({"summary": "F1 0.5 → 0.6", "changes": counts})

    assert "<b>4</b> missed ones are found now" in page.message.text()
    assert page.changes["kept_wrong"].text() == "5 kept wrong"
    assert not page.changes["new"].isVisible()
    with qtbot.waitSignal(page.change_requested) as told:
        page.changes["broken"].click()
    assert told.args == ["broken"]


def test_each_error_has_the_change_of_its_row(findings):
    rows = pd.DataFrame(
        {
            "change": ["broken", "kept_wrong", "fixed", "new", "vanished"],
            "truth_row": pd.array([3, 4, 6, pd.NA, pd.NA], dtype="Int64"),
            "prediction_row_b": pd.array([pd.NA, pd.NA, 15, 13, pd.NA], dtype="Int64"),
        }
    )

    # truth rows 3, 4, -, 5, -, 2; false ones are predictions 13 and 14
    assert changes_of(findings, rows).tolist() == ["broken", "kept_wrong", "new", "", "", ""]


def test_no_comparison_and_no_errors_give_empty_changes(findings):
    rows = pd.DataFrame(
        {
            "change": pd.Series(dtype="str"),
            "truth_row": pd.Series(dtype="Int64"),
            "prediction_row_b": pd.Series(dtype="Int64"),
        }
    )

    assert changes_of(findings, rows).tolist() == [""] * 6
    assert changes_of(findings[:0], rows).tolist() == []


def test_a_package_needs_a_name(results, qtbot):
    session = Session()
    session.set_project(Path("nowhere"))
    session.set_results(results)
    page = TeamPage(session)
    qtbot.addWidget(page)
    assert not page.package.isEnabled()

    page.reviewer.setText("anna")

    assert page.package.isEnabled()
