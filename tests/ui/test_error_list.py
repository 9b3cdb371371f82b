"""The list of errors as Qt shows it."""

import dataclasses

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QMenu
from tests.ui.test_candidate_sizes import sized

from napari_synapse_debug.ui.error_model import COLUMNS, ErrorModel
from napari_synapse_debug.ui.error_view import ErrorView
from napari_synapse_debug.ui.finding_table import FindingFilter
from napari_synapse_debug.ui.palette import stage_hue
from napari_synapse_debug.ui.session import Session

pytestmark = pytest.mark.ui

HEADS = [column.head for column in COLUMNS]


@pytest.fixture
def session(results):
    made = Session()
    made.set_results(results)
    return made


@pytest.fixture
def model(session, qapp):
    return ErrorModel(session)


@pytest.fixture
def view(model, session, qtbot):
    made = ErrorView(model)
    made.finding_requested.connect(session.select)
    session.finding_selected.connect(made.show_finding)
    qtbot.addWidget(made)
    made.resize(900, 400)
    made.show()
    return made


def texts(model, row):
    return {head: model.data(model.index(row, i)) for i, head in enumerate(HEADS)}


def test_a_row_is_told_in_words(model):
    assert texts(model, 2) == {
        "#": "103",
        "error": "× false",
        "stage": "classifier",
        "cause": "false signal",
        "kind": "unknown",
        "score": "0.71",
        "size [µm³]": "",
        "✓": "✗",
        "verdict": "",
        "change": "",
        "seen": "",
        "comment": "",
        "partners": "7 → 33",
        "z, y, x [nm]": "1150, 69, 334",
    }


def test_what_is_not_known_is_empty(model):
    row = texts(model, 1)

    assert (row["score"], row["✓"]) == ("", "")


def test_the_size_of_a_candidate_is_listed_and_sorted_by(view, session, model, results):
    session.set_results(dataclasses.replace(results, candidates=sized({1: 5000})))
    # the voxel has 50 × 4.6 × 4 nm; 103, 105 and 106 have predictions of candidate 1
    assert [texts(model, row)["size [µm³]"] for row in (1, 2)] == ["", "0.00460"]
    index = model.index(2, HEADS.index("size [µm³]"))
    assert model.data(index, Qt.ItemDataRole.TextAlignmentRole) & Qt.AlignmentFlag.AlignRight

    view.sortByColumn(HEADS.index("size [µm³]"), Qt.SortOrder.AscendingOrder)

    assert [model.finding_at(row) for row in range(6)] == [103, 105, 106, 101, 102, 104]
    session.set_results(None)
    assert model.rowCount() == 0


def test_the_stage_has_its_hue_and_the_row_its_summary_as_tooltip(model):
    index = model.index(0, HEADS.index("stage"))

    assert model.data(index, Qt.ItemDataRole.BackgroundRole).name().upper() == stage_hue(
        "segmentation"
    )
    assert model.data(index, Qt.ItemDataRole.ToolTipRole) == "neurons merged: Summary of 101."


def test_a_click_on_a_head_sorts_by_the_session(view, session, model):
    assert model.finding_at(0) == 101

    view.sortByColumn(HEADS.index("stage"), Qt.SortOrder.DescendingOrder)

    assert session.sort_by == "stage"
    assert model.finding_at(0) == 106


def test_a_filter_of_the_session_is_the_list(view, session, model):
    assert model.rowCount() == 6

    session.set_filter(FindingFilter("false"))

    assert [model.finding_at(row) for row in range(model.rowCount())] == [103, 105]


def test_a_click_asks_for_the_finding_once(view, session, qtbot):
    told = []
    session.finding_selected.connect(told.append)
    cell = view.visualRect(view.model().index(3, 1)).center()

    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=cell)

    assert told == [104]
    assert session.table.ids(np.flatnonzero(session.marks.seen)).tolist() == [104]


def test_a_click_on_the_selected_row_asks_again(view, session, qtbot):
    session.select(104)
    told = []
    session.finding_selected.connect(told.append)
    cell = view.visualRect(view.model().index(3, 1)).center()

    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=cell)

    assert told == [104]


def test_arrows_and_return_go_there(view, session, qtbot):
    session.select(102)
    told = []
    session.finding_selected.connect(told.append)

    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Return):
        qtbot.keyClick(view, key)

    assert told == [103, 104, 103, 103]


def test_the_session_moves_the_mark_without_an_echo(view, session, qtbot):
    with qtbot.assertNotEmitted(view.finding_requested):
        session.select(105)

    assert view.currentIndex().row() == 4


def test_a_narrow_list_drops_columns_instead_of_cutting_them(view):
    wide = {head for i, head in enumerate(HEADS) if not view.isColumnHidden(i)}
    assert wide == set(HEADS) - {"change", "seen", "comment"}

    view.resize(480, 400)

    left = {head for i, head in enumerate(HEADS) if not view.isColumnHidden(i)}
    assert "z, y, x [nm]" not in left
    assert {"#", "error", "stage", "cause", "✓"} <= left


def shown_heads(view):
    return {head for i, head in enumerate(HEADS) if not view.isColumnHidden(i)}


def ask_columns(view):
    """The menu of the heads, its entries by name."""
    view.horizontalHeader().customContextMenuRequested.emit(QPoint(5, 5))
    menu = view.findChildren(QMenu)[-1]
    return {action.text(): action for action in menu.actions()}


def test_columns_are_chosen_and_stay_chosen_when_the_width_changes(view):
    assert view.isColumnHidden(HEADS.index("comment"))

    view.choose_columns({"kind": False, "comment": True, "no such column": True})
    view.resize(1400, 400)

    assert shown_heads(view) == set(HEADS) - {"kind", "change", "seen"}
    assert view.chosen_columns == {"kind": False, "comment": True}


def test_a_column_that_was_chosen_stays_where_room_lacks_and_the_list_scrolls(view, qtbot):
    place, cause = HEADS.index("z, y, x [nm]"), HEADS.index("cause")
    bar, least = view.horizontalScrollBar(), 8 * view.fontMetrics().height()
    view.resize(480, 400)
    assert view.isColumnHidden(place)
    qtbot.waitUntil(lambda: bar.maximum() == 0)

    with qtbot.waitSignal(view.columns_chosen) as told:
        ask_columns(view)["z, y, x [nm]"].setChecked(True)

    assert told.args == [{"z, y, x [nm]": True}]
    assert not view.isColumnHidden(place)
    view.resize(300, 400)
    assert not view.isColumnHidden(place)
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    assert view.columnWidth(cause) == least
    view.resize(1400, 400)
    qtbot.waitUntil(lambda: bar.maximum() == 0)
    assert view.columnWidth(cause) > least


def test_the_menu_of_columns_ticks_what_is_seen(view):
    view.resize(480, 400)

    ticked = {text for text, action in ask_columns(view).items() if action.isChecked()}

    assert "z, y, x [nm]" not in ticked
    assert ticked == shown_heads(view) - {"#"}


def test_a_column_that_the_window_offers_stays_hidden_where_the_user_hid_it(view):
    view.choose_columns({"seen": False})
    view.show_column("seen")
    assert view.isColumnHidden(HEADS.index("seen"))

    assert view.isColumnHidden(HEADS.index("change"))
    view.show_column("change")
    assert not view.isColumnHidden(HEADS.index("change"))


def test_a_list_that_was_scrolled_sideways_stays_so_at_the_next_error(view, session, qtbot):
    view.choose_columns(dict.fromkeys(HEADS[1:], True))
    view.resize(300, 400)
    session.select(101)
    bar = view.horizontalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 200)
    bar.setValue(bar.maximum())

    session.select(104)

    assert view.currentIndex().row() == 3
    assert bar.value() == bar.maximum() > 0


def test_the_marked_row_is_copied(view, session, qapp):
    session.select(103)

    view.copy()

    assert qapp.clipboard().text().split("\t")[:4] == [
        "103",
        "× false",
        "classifier",
        "false signal",
    ]


def test_a_verdict_is_shown_short_and_told_in_full(model, session):
    session.set_marks(session.marks.having(0, verdict="ground_truth_error", said="ben: that"))

    assert texts(model, 0)["verdict"] == "truth"
    index = model.index(0, HEADS.index("verdict"))
    assert model.data(index, Qt.ItemDataRole.ToolTipRole) == "ben: that"


def test_the_arrow_stands_where_the_session_sorts(view, session, model, qtbot):
    head = view.horizontalHeader()
    assert head.sortIndicatorSection() == HEADS.index("#")

    session.sort("score", ascending=False)
    assert head.sortIndicatorSection() == HEADS.index("score")
    assert head.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder
    other = ErrorView(model)
    qtbot.addWidget(other)
    assert (session.sort_by, session.ascending) == ("score", False)
    assert other.horizontalHeader().sortIndicatorSection() == HEADS.index("score")

    session.sort("cleft_x_nm", ascending=True)  # a column that the list has not
    assert head.sortIndicatorSection() == -1
    assert session.sort_by == "cleft_x_nm"
