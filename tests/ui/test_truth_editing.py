"""The truth edited by mouse: rows that are clicked, points that are dragged, undo beside them."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.verdicts import AddSynapse, Verdict
from napari_synapse_debug.pipeline import open_review
from napari_synapse_debug.ui.names import LayerName
from napari_synapse_debug.ui.truth_editor import MOVE, NAMES

pytestmark = pytest.mark.ui


class Mouse:
    """The left button on the canvas; places are zyx in nm, which is our world."""

    def __init__(self, viewer):
        self._viewer = viewer
        self._running = []

    def press(self, place_nm):
        active = self._viewer.layers.selection.active
        self._event = SimpleNamespace(
            type="mouse_press",
            button=1,
            modifiers=(),
            pos=np.zeros(2),
            position=tuple(place_nm),
            view_direction=None,
            dims_displayed=list(self._viewer.dims.displayed),
        )
        callbacks = [
            *(partial(call, self._viewer) for call in self._viewer.mouse_drag_callbacks),
            *(partial(call, active) for call in active.mouse_drag_callbacks),
        ]
        self._running = [call(self._event) for call in callbacks]
        self._go_on()

    def move(self, place_nm):
        self._event.type, self._event.position = "mouse_move", tuple(place_nm)
        self._go_on()

    def release(self):
        self._event.type = "mouse_release"
        self._go_on()

    def click(self, place_nm):
        self.press(place_nm)
        self.release()

    def drag(self, *places_nm):
        self.press(places_nm[0])
        for place_nm in places_nm[1:]:
            self.move(place_nm)
        self.release()

    def _go_on(self):
        for callback in self._running:
            if callback is not None:
                next(callback, None)


@pytest.fixture
def mouse(viewer):
    return Mouse(viewer)


def world(layer, index):
    return np.array(layer.data_to_world(layer.data[index]))


def corrected(desk):
    return desk.reviewing.review.corrected_truth().set_index("row")


@pytest.fixture
def moving(dock, desk, viewer):
    """The layer in which the points of error 1 are moved; the view is at its post point."""
    desk.session.select(1)
    dock.truth_page.modes[MOVE].click()
    layer = viewer.layers[NAMES[MOVE]]
    viewer.dims.point = world(layer, 2)
    return layer


def test_a_corrected_truth_that_comes_during_a_drag_waits_for_its_end(
    moving, desk, viewer, mouse, qtbot
):
    editor, row = desk.corrections.editor, int(desk.session.table.row(1)["truth_row"])
    later = desk.session.results.truth.assign(correction="")
    later.loc[later["row"] == row, "pre_y_nm"] += 20.0
    post = world(moving, 2)
    first_pre = world(moving, 0)
    goal = np.add(post, (0.0, 12.0, -16.0))
    mouse.press(post)
    mouse.move(np.add(post, (0.0, 4.0, 0.0)))

    editor.target.set_truth(later)  # as when the edit before is computed only now
    mouse.move(goal)
    mouse.release()

    assert corrected(desk).loc[row, ["post_y_nm", "post_x_nm"]].tolist() == pytest.approx(
        goal[1:].tolist()
    )
    assert world(moving, 2) == pytest.approx(goal)
    mouse.press(goal)
    editor.target.set_truth(later)
    assert world(moving, 0) == pytest.approx(first_pre)
    mouse.release()  # nothing was moved: what has waited shows
    assert world(moving, 0) == pytest.approx(np.add(first_pre, (0.0, 20.0, 0.0)))


def test_a_point_that_is_dragged_from_another_section_comes_into_this_one(
    moving, dock, desk, viewer, mouse, qtbot
):
    grid = desk.session.results.grid
    section_nm = grid.voxel_size_nm[0]
    ends = [world(moving, at) for at in range(3)]
    sections = [round((end[0] - grid.offset_nm[0]) / section_nm) for end in ends]
    told = "Sections: pre {}, cleft {}, post {}."
    assert told.format(*sections) in dock.truth_page.prompt.text()
    viewer.dims.point = np.add(ends[2], (section_nm, 0.0, 0.0))
    seen_at = np.add(ends[2], (section_nm, 0.0, 0.0))

    mouse.drag(seen_at, np.add(seen_at, (0.0, 8.0, 8.0)))

    row = int(desk.session.table.row(1)["truth_row"])
    moved = corrected(desk).loc[row, [f"post_{axis}_nm" for axis in "zyx"]].to_numpy(float)
    assert moved == pytest.approx(np.add(ends[2], (section_nm, 8.0, 8.0)))
    assert told.format(*sections[:2], sections[2] + 1) in dock.truth_page.prompt.text()
    assert len(desk.reviewing.review.actions()) == 2  # a look, and one point


def test_an_added_synapse_is_clicked_and_edited_and_left_for_an_error(
    dock, desk, viewer, mouse, qtbot
):
    page, session = dock.truth_page, desk.session
    row = desk.reviewing.review.edit(
        AddSynapse(pre_nm=(80, 200, 200), cleft_nm=(80, 220, 200), post_nm=(80, 240, 200))
    )
    desk.reviewing.edits_changed.emit()
    qtbot.waitUntil(lambda: "1 added" in page.counts.text())
    assert not page.delete.isEnabled()
    viewer.dims.point = (80.0, 220.0, 200.0)

    mouse.click((80.0, 220.0, 200.0))

    assert page.prompt.text() == f"Row {row}, added by hand."
    assert page.delete.isEnabled()
    page.kind_requested.emit("soma")
    qtbot.waitUntil(lambda: page.kind.currentData() == "soma")
    page.modes[MOVE].click()
    assert page.prompt.text().startswith(f"Row {row}, added by hand. Drag")
    mouse.drag((80.0, 240.0, 200.0), (80.0, 250.0, 210.0), (80.0, 260.0, 220.0))
    here = corrected(desk).loc[row]
    assert here[["post_y_nm", "post_x_nm"]].tolist() == pytest.approx([260.0, 220.0])
    assert (here["kind"], here["correction"]) == ("soma", "added")
    session.select(1)
    assert page.prompt.text().startswith("Drag")
    page.delete.click()
    assert row in corrected(desk).index
    assert int(session.table.row(1)["truth_row"]) not in corrected(desk).index


def test_an_accepted_synapse_and_one_that_was_found_are_clicked(dock, desk, viewer, mouse, qtbot):
    page, session, results = dock.truth_page, desk.session, desk.session.results
    session.select(3)
    desk.reviewing.accept()
    qtbot.waitUntil(lambda: "1 accepted" in page.counts.text())
    layer = viewer.layers[str(LayerName.CORRECTED)]
    session.select(1)
    viewer.dims.point = world(layer, 1)
    mouse.click(world(layer, 1))
    row = int(layer.features["row"].iloc[1])
    assert page.prompt.text() == f"Row {row}, accepted as true."
    page.delete.click()
    qtbot.waitUntil(lambda: "accepted" not in page.counts.text())
    assert page.prompt.text() == ""  # it is no more

    session.select(1)
    page.modes[MOVE].click()  # the layer of points is in use, and takes the clicks
    known = session.table.frame["truth_row"].dropna().tolist()
    other = results.truth[~results.truth["row"].isin(known)].iloc[-1]
    place = other[[f"pre_{axis}_nm" for axis in "zyx"]].to_numpy(float)
    viewer.dims.point = place
    mouse.click(place)
    assert page.prompt.text().startswith(f"Row {other['row']}. Drag")
    assert world(viewer.layers[NAMES[MOVE]], 0) == pytest.approx(place)


def test_the_kind_that_it_has_is_no_edit(dock, desk):
    page = dock.truth_page
    desk.session.select(2)
    first = page.kind.currentData()
    page.kind.activated.emit(page.kind.currentIndex())
    assert desk.reviewing.review.state.edits == ()
    page.kind.setCurrentIndex(page.kind.findData("soma"))
    page.kind.activated.emit(page.kind.currentIndex())
    assert len(desk.reviewing.review.state.edits) == 1
    for _ in range(2):  # before the corrected truth is there
        page.kind.setCurrentIndex(page.kind.findData(first))
        page.kind.activated.emit(page.kind.currentIndex())
    assert len(desk.reviewing.review.state.edits) == 2


def test_the_page_shows_the_kind_of_the_corrected_truth_also_after_undo(dock, desk, qtbot):
    page, session = dock.truth_page, desk.session
    session.select(2)
    first = page.kind.currentData()
    assert first not in ("soma", "unknown")
    page.kind_requested.emit("soma")
    qtbot.waitUntil(lambda: page.kind.currentData() == "soma")
    session.select(1)
    session.select(2)
    assert page.kind.currentData() == "soma"

    page.undo.buttons["undo"].click()

    qtbot.waitUntil(lambda: page.kind.currentData() == first)
    page.undo.buttons["redo"].click()
    qtbot.waitUntil(lambda: page.kind.currentData() == "soma")


def test_keys_undo_what_the_mouse_did_in_the_canvas(moving, dock, desk, viewer, mouse, qtbot):
    dock.setFocus()
    dock.clearFocus()  # as when the canvas was clicked
    assert not dock.view.hasFocus()
    post, row = world(moving, 2), int(desk.session.table.row(1)["truth_row"])

    mouse.drag(post, np.add(post, (0.0, 8.0, 8.0)))

    assert corrected(desk).loc[row, "correction"] == "moved"
    qtbot.waitUntil(dock.view.hasFocus)
    qtbot.keyClick(dock.view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert corrected(desk).loc[row, "correction"] == ""
    assert "Ctrl+Z" in dock.errors.review.undo.buttons["undo"].toolTip()
    dock.errors.review.undo.buttons["redo"].click()
    assert corrected(desk).loc[row, "correction"] == "moved"


def test_a_drag_that_cannot_be_saved_is_taken_back_in_the_canvas(
    moving, dock, desk, viewer, mouse, project, qtbot
):
    post, row = world(moving, 2), int(desk.session.table.row(1)["truth_row"])
    with open_review(project, author="ben") as ben:
        ben.set_verdict(1, Verdict.GROUND_TRUTH_ERROR)  # which takes the row away
    desk.reviewing.review.refresh()

    mouse.drag(post, np.add(post, (0.0, 8.0, 8.0)))

    assert f"no row {row}" in dock.message.text()
    assert world(moving, 2) == pytest.approx(post)


def test_a_verdict_of_yesterday_is_taken_back_and_that_is_undone(dock, desk, project, qtbot):
    author = desk.reviewing.review.author
    with open_review(project, author=author) as yesterday:
        yesterday.set_verdict(2, Verdict.MODEL_ERROR)
    with open_review(project, author="ben") as ben:
        ben.set_verdict(4, Verdict.UNSURE)
        ben.set_verdict(2, Verdict.UNSURE)
    desk.reviewing.refresh()
    marks = lambda: [desk.session.marks.verdict[at] for at in (1, 3)]  # noqa: E731
    assert marks() == ["disputed", "unsure"]
    desk.session.select(2)

    qtbot.keyClick(dock.view, Qt.Key.Key_0)

    assert marks() == ["unsure", "unsure"]
    assert desk.session.selected == 2
    desk.reviewing.undo()
    assert marks() == ["disputed", "unsure"]
    desk.session.select(4)
    with pytest.raises(InputError, match="You gave no verdict"):
        desk.reviewing.take_back()


def test_a_verdict_of_ones_own_alone_is_taken_back_by_its_button(dock, desk, qtbot):
    bar = dock.errors.review
    desk.session.select(1)
    assert not bar.take_back.isEnabled()
    desk.reviewing.give(Verdict.MODEL_ERROR)
    desk.session.select(1)

    bar.take_back.click()

    assert desk.session.marks.verdict[0] == ""
    assert not any(button.isChecked() for button in bar.buttons.values())
    assert bar.progress.text() == "0/10 reviewed"
