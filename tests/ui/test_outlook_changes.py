"""What would become of each error under other filters."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
import pytest

from napari_synapse_debug.domain.records import points, with_points
from napari_synapse_debug.ui.error_model import COLUMNS
from napari_synapse_debug.ui.outlook_changes import changes_under

pytestmark = pytest.mark.ui

CHANGE = [column.head for column in COLUMNS].index("change")


@dataclass(frozen=True)
class Outlook:
    """Synapses and matches."""

    synapses: Any
    matches: Any


def matched(*rows):
    return pd.DataFrame(rows, columns=["truth_row", "prediction_row", "outcome"]).astype(
        {"truth_row": "Int64", "prediction_row": "Int64"}
    )


def test_each_error_is_followed_by_its_row_or_by_its_place(findings, results):
    # of 101-106: missed 3, 4, -, 5; false 13, 14; mistyped 2
    synapses = results.synapses.iloc[[1, 2, 3]].assign(row=[1, 2, 3])  # were 12, 13, 14
    moved = points(synapses, "cleft").copy()
    moved[2] += (0.0, 0.0, 250.0)  # what was 14 lies elsewhere now
    synapses = with_points(synapses, "cleft", moved)
    matches = matched(
        (3, 1, "tp"), (4, pd.NA, "fn"), (5, pd.NA, "fn"), (pd.NA, 2, "fp"), (pd.NA, 3, "fp")
    )
    change = changes_under(findings, Outlook(synapses, matches))
    assert change.tolist() == ["fixed", "kept_wrong", "kept_false", "kept_wrong", "vanished", ""]


def test_a_false_one_between_other_neurons_is_another(findings, results):
    synapses = results.synapses.iloc[[2]].assign(row=[1], post_segment=99)
    change = changes_under(findings, Outlook(synapses, matched((pd.NA, 1, "fp"))))
    assert change[2] == "vanished"


def test_without_truth_or_without_synapses(findings, results):
    assert changes_under(findings, Outlook(results.synapses, None)).tolist() == [""] * 6
    nothing = Outlook(results.synapses[:0], matched((3, pd.NA, "fn")))
    assert changes_under(findings, nothing).tolist() == [
        *("kept_wrong", "kept_wrong", "vanished", "kept_wrong", "vanished", "")
    ]


def test_the_list_follows_the_sliders_and_forgets_when_they_are_put_back(toy_dock, qtbot):
    page, session = toy_dock.whatif, toy_dock._desk.session
    toy_dock.tabs.setCurrentWidget(page)
    qtbot.waitUntil(lambda: page.reset.isEnabled(), timeout=60_000)
    qtbot.waitUntil(lambda: page.outlook.text() != "", timeout=20_000)
    assert page.is_as_run
    assert not (session.marks.change != "").any()
    assert toy_dock.view.isColumnHidden(CHANGE)
    page.sliders["min_score"].setValue(page.sliders["min_score"].maximum())
    qtbot.waitUntil(lambda: (session.marks.change != "").any(), timeout=20_000)
    is_missed = session.table.column("error") == "missed"
    assert set(session.marks.change[is_missed]) <= {"fixed", "kept_wrong"}
    assert "Of the errors of this run" in page.changes.text()
    assert not toy_dock.view.isColumnHidden(CHANGE)
    page.reset.click()
    qtbot.waitUntil(lambda: not (session.marks.change != "").any(), timeout=20_000)
    assert not page.changes.isVisible()
