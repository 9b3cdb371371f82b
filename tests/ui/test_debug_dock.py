"""The Debug dock on a viewer without a window and a project on disk: keys, truth, export."""

import shutil
import sqlite3
from pathlib import Path

import pandas as pd
import pytest
from qtpy.QtCore import Qt

from napari_synapse_debug.domain.verdicts import Verdict
from napari_synapse_debug.pipeline import open_review
from napari_synapse_debug.ui.error_model import COLUMNS
from napari_synapse_debug.ui.finding_table import FindingFilter
from napari_synapse_debug.ui.names import LayerName
from napari_synapse_debug.ui.truth_editor import ADD, MOVE, NAMES

pytestmark = pytest.mark.ui

VERDICT = [column.head for column in COLUMNS].index("verdict")


def saved(project):
    with open_review(project) as review:
        table = review.settled()
        return dict(zip(table["now_finding"], table["verdict"], strict=True))


def test_keys_give_verdicts_go_on_and_take_back(dock, desk, project, qtbot):
    desk.session.select(1)
    for key in (Qt.Key.Key_1, Qt.Key.Key_5, Qt.Key.Key_2):
        qtbot.keyClick(dock.view, key)

    assert saved(project) == {1: "model_error", 2: "unsure", 3: "segmentation_error"}
    assert dock.errors.review.progress.text() == "3/10 reviewed"
    qtbot.keyClick(dock.view, Qt.Key.Key_U)
    assert desk.session.selected == 3
    qtbot.keyClick(dock.view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert saved(project) == {1: "model_error"}
    qtbot.keyClick(dock.view, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert saved(project) == {1: "model_error", 2: "unsure"}


def test_keys_typed_into_the_search_are_words(dock, desk, project, qtbot):
    desk.session.select(1)

    qtbot.keyClicks(dock.search, "1 n")

    assert dock.search.text() == "1 n"
    assert saved(project) == {}


def test_a_comment_is_written_with_c_and_return(dock, desk, qtbot):
    desk.session.select(4)
    qtbot.keyClick(dock.view, Qt.Key.Key_C)
    line = dock.errors.review.comment
    qtbot.keyClicks(line, "thin 2")
    qtbot.keyClick(line, Qt.Key.Key_Return)

    assert desk.session.marks.comment[3] == "thin 2"
    assert dock.view.hasFocus()


def test_a_comment_stays_with_the_error_that_it_was_written_for(dock, desk, project, qtbot):
    desk.session.select(4)
    qtbot.keyClick(dock.view, Qt.Key.Key_C)
    line = dock.errors.review.comment
    qtbot.keyClicks(line, "thin")

    desk.session.select(5)  # while the line has the focus
    assert line.text() == ""
    assert desk.session.marks.comment[3:5].tolist() == ["thin", ""]
    qtbot.keyClicks(line, "thick")
    desk.runner.open(project)  # other results, as a step that ends brings them
    assert desk.session.marks.comment[3:5].tolist() == ["thin", "thick"]
    assert line.text() == ""


def test_a_comment_that_cannot_be_saved_is_kept_and_given_again(dock, desk, project, qtbot):
    line, path = dock.errors.review.comment, project / "review.sqlite"
    desk.session.select(4)
    locked = sqlite3.connect(path)
    locked.execute("BEGIN EXCLUSIVE")
    desk.reviewing.review.store._connection.execute("PRAGMA busy_timeout = 1")
    line.setText("thin")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert "review.sqlite" in dock.message.text()
    desk.session.select(5)
    assert line.text() == ""
    assert dock.errors.review.progress.text() == "verdicts not saved"  # not noted as seen
    desk.session.select(4)
    assert line.text() == "thin"

    locked.rollback()
    locked.close()
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert desk.session.marks.comment[3] == "thin"
    assert dock.errors.review.progress.text() == "0/10 reviewed"
    with open_review(project) as review:
        assert review.verdicts()["comment"].tolist() == ["thin"]


def test_a_comment_that_could_not_be_saved_is_put_on_no_error_of_other_results(
    dock, desk, project, tmp_path, qtbot
):
    other = Path(shutil.copytree(project, tmp_path / "other"))
    (other / "review.sqlite").unlink(missing_ok=True)
    line = dock.errors.review.comment
    desk.session.select(4)
    locked = sqlite3.connect(project / "review.sqlite")
    locked.execute("BEGIN EXCLUSIVE")
    desk.reviewing.review.store._connection.execute("PRAGMA busy_timeout = 1")
    line.setText("thin")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    desk.session.set_filter(FindingFilter("missed"))
    assert line.text() == "thin"

    desk.runner.open(other)
    assert line.text() == ""
    assert not (desk.session.marks.comment != "").any()
    desk.session.select(4)
    assert line.text() == ""
    with open_review(other) as review:
        assert review.verdicts().empty
    locked.close()


def test_a_review_that_cannot_be_read_stands_beside_the_list(dock, desk, project):
    with open_review(project) as review:
        path = review.store.path
    desk.reviewing.close()
    path.write_bytes(b"no data base" * 100)
    desk.runner.open(project)
    desk.session.select(2)
    assert dock.errors.review.progress.text() == "verdicts not saved"
    assert path.name in dock.errors.review.progress.toolTip()
    assert path.name in dock.message.text()


def test_tab_leaves_the_list_for_comment_verdicts_and_trace(dock, desk, qtbot):
    desk.session.select(4)
    visited = []
    for _ in range(60):
        qtbot.keyClick(dock.focusWidget(), Qt.Key.Key_Tab)
        visited.append(dock.focusWidget())
        if dock.view.hasFocus():
            break

    review = dock.errors.review
    wanted = [*review.buttons.values(), review.comment, dock.errors.trace]
    assert set(wanted) <= set(visited)


def test_a_button_shows_the_verdict_that_was_given(dock, desk, qtbot):
    buttons = dock.errors.review.buttons
    assert not buttons[Verdict.UNSURE].isEnabled()
    desk.session.select(2)

    qtbot.mouseClick(buttons[Verdict.UNSURE], Qt.MouseButton.LeftButton)

    assert desk.session.selected == 3
    desk.session.select(2)
    assert buttons[Verdict.UNSURE].isChecked()
    assert not buttons[Verdict.AMBIGUOUS].isChecked()


def test_without_a_selection_a_verdict_says_what_to_do(dock, qtbot):
    qtbot.keyClick(dock.view, Qt.Key.Key_1)

    assert "Select an error" in dock.message.text()


def test_listed_rows_are_exported_with_their_verdicts(dock, desk, tmp_path, qtbot):
    desk.session.select(3)
    qtbot.keyClick(dock.view, Qt.Key.Key_4)
    desk.session.set_filter(FindingFilter("false"))

    dock.export(tmp_path / "errors.csv")
    qtbot.waitUntil(lambda: "were written" in dock.message.text())

    table = pd.read_csv(tmp_path / "errors.csv", keep_default_na=False)
    assert table["finding"].tolist() == [3, 6, 9]
    assert table["verdict"].tolist() == ["ambiguous", "", ""]
    action = desk.reviewing.review.actions()[-1]
    assert table["author"].tolist() == [desk.reviewing.author, "", ""]
    assert table["time"].tolist() == [action.time, "", ""]
    row = dock.view.model().row_of(3)
    tip = dock.view.model().index(row, VERDICT).data(Qt.ItemDataRole.ToolTipRole)
    day, minute = action.time[:10], action.time[11:16]
    assert tip == f"{desk.reviewing.author}: ambiguous\n{day} {minute} UTC"
    assert "size_nm3" in table


def test_author_and_time_are_of_the_verdict_that_holds(dock, desk, project):
    with open_review(project, author="anna") as review:
        review.set_verdict(1, Verdict.UNSURE)
        review.set_verdict(2, Verdict.UNSURE)
    with open_review(project, author="ben") as review:
        review.set_verdict(2, Verdict.UNSURE)
        review.set_verdict(1, Verdict.AMBIGUOUS)
        agreed = review.actions()[-2].time
        review.set_comment(2, "a later comment is no verdict")
    with open_review(project, author="chief") as review:
        review.settle(1, Verdict.MODEL_ERROR)
        settled = review.actions()[-1].time
    desk.reviewing.refresh()

    rows = dock.listed_rows().set_index("finding")
    assert rows.loc[1, ["verdict", "author", "time"]].tolist() == ["model_error", "chief", settled]
    assert rows.loc[2, ["verdict", "author", "time"]].tolist() == ["unsure", "anna; ben", agreed]


def test_buttons_that_are_grey_say_why(dock, desk):
    truth, verdict = dock.truth_page, dock.errors.review.buttons[Verdict.UNSURE]
    select = "Select an error of the list first"
    for button in (truth.delete, truth.accept, truth.kind, truth.modes[MOVE], verdict):
        assert (button.isEnabled(), button.toolTip()) == (False, select)
    assert "Find synapses first" in truth.score.toolTip()

    desk.session.select(3)  # a false one
    assert truth.accept.isEnabled()
    assert truth.accept.toolTip().endswith("(A)")
    assert not truth.delete.isEnabled()
    assert truth.delete.toolTip().startswith("This error is a false one")
    assert verdict.isEnabled()
    assert verdict.toolTip().startswith("Unsure")
    desk.session.select(1)
    assert truth.delete.isEnabled()
    assert truth.accept.toolTip().startswith("Only a false synapse")


def test_more_filters_ask_for_what_they_say(dock, desk, qtbot):
    filters = dock.errors.filters
    qtbot.mouseClick(filters.more, Qt.MouseButton.LeftButton)
    assert filters.rest.isVisible()
    desk.session.select(1)
    desk.session.select(2)

    qtbot.mouseClick(filters.unseen, Qt.MouseButton.LeftButton)
    filters.least.setValue(0.4)

    assert desk.session.table.ids(desk.session.listed).tolist() == [6, 9]
    qtbot.mouseClick(filters.reset, Qt.MouseButton.LeftButton)
    assert len(desk.session.listed) == 10
    assert filters.least.value() == 0


def test_a_preset_is_kept_for_its_stage_and_given_back(dock, desk, viewer):
    desk.session.select(1)
    viewer.layers["segmentation"].visible = True

    dock.command_requested.emit("keep layers")
    viewer.layers["segmentation"].visible = False
    dock.command_requested.emit("layers")
    assert viewer.layers["segmentation"].visible

    assert "segmentation" in desk.preferences.read("presets", {})["classifier"]
    dock.command_requested.emit("default layers")
    assert not viewer.layers["segmentation"].visible
    assert desk.preferences.read("presets", {}) == {}


def test_a_dragged_point_moves_in_the_corrected_truth(dock, desk, viewer, qtbot):
    desk.session.select(1)
    dock.truth_page.modes[MOVE].click()
    layer = viewer.layers[NAMES[MOVE]]
    target = layer.data[2] + (1, 5, -7)

    moved = layer.data.copy()
    moved[2] = target
    layer._set_data(moved)  # as a drag does: without the event
    layer.events.data(value=layer.data, action="changed", data_indices=(2,), vertex_indices=((),))
    qtbot.waitUntil(lambda: "1 moved" in dock.truth_page.counts.text())

    shown = viewer.layers[str(LayerName.CORRECTED)]
    assert shown.data[2] == pytest.approx(target)
    desk.reviewing.undo()
    qtbot.waitUntil(lambda: "nothing yet" in dock.truth_page.counts.text())
    assert layer.data[2] == pytest.approx(target - (1, 5, -7))


def test_three_clicks_add_a_synapse(dock, desk, viewer, qtbot):
    dock.truth_page.modes[ADD].click()
    layer = viewer.layers[NAMES[ADD]]
    assert layer.mode == "add"

    for voxel in ((4, 20, 30), (4, 24, 33)):
        layer.add(voxel)
    assert "postsynaptic" in dock.truth_page.prompt.text()
    layer.add((4, 28, 36))
    qtbot.waitUntil(lambda: "1 added" in dock.truth_page.counts.text())

    assert len(layer.data) == 0
    table = desk.reviewing.review.corrected_truth()
    added = table[table["correction"] == "added"].iloc[0]
    assert added["cleft_y_nm"] == pytest.approx(24 * desk.session.results.grid.voxel_size_nm[1])
    dock.truth_page.modes[ADD].click()
    assert NAMES[ADD] not in viewer.layers


def test_clicks_outlive_a_job_of_the_run_and_end_with_it(dock, desk, viewer, project, qtbot):
    dock.truth_page.modes[ADD].click()
    layer = viewer.layers[NAMES[ADD]]
    for voxel in ((4, 20, 30), (4, 24, 33)):
        layer.add(voxel)

    desk.session.set_results(desk.session.results, goes_on=True)  # as when a step has ended

    assert viewer.layers.selection.active is layer
    assert len(layer.data) == 2
    assert dock.truth_page.modes[ADD].isChecked()
    layer.add((4, 28, 36))
    qtbot.waitUntil(lambda: "1 added" in dock.truth_page.counts.text())
    desk.session.set_project(project, "main-2")
    desk.session.set_results(desk.session.results)
    assert layer not in viewer.layers
    assert not dock.truth_page.modes[ADD].isChecked()


def test_points_to_be_moved_stay_while_a_job_of_the_run_ends(dock, desk, viewer):
    desk.session.select(1)
    dock.truth_page.modes[MOVE].click()
    layer = viewer.layers[NAMES[MOVE]]
    before = layer.data.copy()

    desk.session.set_results(desk.session.results, goes_on=True)

    assert viewer.layers.selection.active is layer
    assert layer.data == pytest.approx(before)


def test_a_layer_of_clicks_that_was_removed_by_hand_is_forgotten(dock, desk, viewer):
    dock.truth_page.modes[ADD].click()
    viewer.layers.remove(NAMES[ADD])

    desk.session.set_results(desk.session.results, goes_on=True)

    assert not dock.truth_page.modes[ADD].isChecked()
    dock.truth_page.modes[ADD].click()
    assert NAMES[ADD] in viewer.layers


def test_a_click_that_was_removed_is_asked_for_again(dock, viewer):
    dock.truth_page.modes[ADD].click()
    layer = viewer.layers[NAMES[ADD]]
    for voxel in ((4, 20, 30), (4, 24, 33)):
        layer.add(voxel)
    layer.selected_data = {1}
    layer.remove_selected()

    assert "cleft" in dock.truth_page.prompt.text()


def test_a_point_to_be_moved_cannot_be_removed(dock, desk, viewer):
    desk.session.select(1)
    dock.truth_page.modes[MOVE].click()
    layer = viewer.layers[NAMES[MOVE]]
    before = layer.data.copy()
    layer.selected_data = {1}
    layer.remove_selected()

    assert layer.data == pytest.approx(before)


def test_what_cannot_be_moved_is_told(dock, desk, qtbot):
    desk.session.select(3)
    assert not dock.truth_page.modes[MOVE].isEnabled()
    dock.truth_page.mode_requested.emit(MOVE)

    assert "no true synapse" in dock.message.text()
    assert dock.truth_page.accept.isEnabled()


def test_delete_and_kind_reach_the_corrected_truth(dock, desk, qtbot):
    desk.session.select(2)
    dock.truth_page.kind_requested.emit("soma")
    desk.session.select(1)
    dock.truth_page.delete.click()

    qtbot.waitUntil(lambda: "1 deleted, 1 kind" in dock.truth_page.counts.text())


def test_in_3d_the_partners_stand_as_surfaces(dock, desk, viewer, qtbot):
    desk.session.select(1)
    names = {"pre surface", "post surface"}
    assert not names & {layer.name for layer in viewer.layers}

    dock.command_requested.emit("dimensions")
    qtbot.waitUntil(lambda: desk.surfaces.shown == 1)

    assert names <= {layer.name for layer in viewer.layers if layer.visible}
    assert not viewer.layers["partners"].visible
    order = [layer.name for layer in viewer.layers]
    assert order.index("pre surface") < order.index("truth links")
    dock.command_requested.emit("dimensions")
    assert not viewer.layers["pre surface"].visible
    assert viewer.layers["partners"].visible


def test_surfaces_that_were_deleted_come_back_with_the_next_error(dock, desk, viewer, qtbot):
    desk.session.select(1)
    dock.command_requested.emit("dimensions")
    qtbot.waitUntil(lambda: desk.surfaces.shown == 1)
    viewer.layers.remove("pre surface")

    desk.session.select(2)
    qtbot.waitUntil(lambda: desk.surfaces.shown == 2)

    assert viewer.layers["pre surface"].visible
    assert len(viewer.layers["pre surface"].data[0]) > 3
    desk.session.set_results(None)
    assert not viewer.layers


def test_corrections_that_were_deleted_come_back_with_the_next_one(dock, desk, viewer, qtbot):
    desk.session.select(2)
    dock.truth_page.kind_requested.emit("soma")
    qtbot.waitUntil(lambda: "1 kind" in dock.truth_page.counts.text())
    viewer.layers.remove(str(LayerName.CORRECTED))

    desk.session.select(4)
    dock.truth_page.kind_requested.emit("soma")
    qtbot.waitUntil(lambda: "2 kind" in dock.truth_page.counts.text())

    assert len(viewer.layers[str(LayerName.CORRECTED)].data) == 6


def test_the_menu_of_layers_brings_back_what_was_deleted(dock, desk, viewer, qtbot):
    desk.session.select(2)
    dock.truth_page.kind_requested.emit("soma")
    qtbot.waitUntil(lambda: "1 kind" in dock.truth_page.counts.text())
    qtbot.waitUntil(lambda: desk.interface.shown == 2)
    gone = {"raw", "truth", "interface", "corrected truth"}
    before = {layer.name for layer in viewer.layers}
    for name in gone:
        viewer.layers.remove(name)

    dock.command_requested.emit("layers")

    qtbot.waitUntil(lambda: {layer.name for layer in viewer.layers} == before)


def test_a_package_is_made_of_the_listed_errors_and_merged(dock, desk, project, tmp_path, qtbot):
    team = dock.team
    desk.session.set_filter(FindingFilter("false"))
    package = tmp_path / "ben.zip"

    team.package_requested.emit("ben", package)
    qtbot.waitUntil(lambda: team.message.text().startswith("3 errors in"), timeout=20_000)

    shutil.unpack_archive(package, tmp_path / "sent")
    with open_review(tmp_path / "sent" / "ben") as review:
        review.set_verdict(6, Verdict.AMBIGUOUS)
    team.merge_requested.emit([tmp_path / "sent" / "ben"])
    qtbot.waitUntil(lambda: team.message.text().startswith("Merged."), timeout=20_000)
    assert desk.session.marks.verdict[5] == "ambiguous"
    qtbot.waitUntil(lambda: "ben" in team.summary.text())


def test_a_run_without_prepared_tables_says_so_under_what_if(dock, qtbot):
    dock.tabs.setCurrentWidget(dock.whatif)

    qtbot.waitUntil(lambda: "nothing prepared" in dock.whatif.message.text())


def test_a_bar_lists_the_errors_of_its_stage(dock, desk):
    dock.tabs.setCurrentWidget(dock.charts)
    assert dock.charts.errors.stages == ["classifier"]

    dock.charts.stage_requested.emit("classifier")

    assert desk.session.filter.stages == {"classifier"}
    assert dock.tabs.currentWidget() is dock.errors
