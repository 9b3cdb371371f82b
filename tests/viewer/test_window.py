"""The real window on a (virtual) screen: docks from the manifest, clicks, keys, a picture."""

import gc
import shutil
import weakref
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pytest
from napari._app_model import get_app_model
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from napari_synapse_debug.ui import open_window, save_picture
from napari_synapse_debug.ui.desk import Desk, desk_of
from napari_synapse_debug.ui.finding_table import FindingFilter
from napari_synapse_debug.ui.window import PLUGIN

pytestmark = pytest.mark.viewer

DOCKS = ("Project", "Train", "Predict", "Contacts & synapses", "Evaluate", "Debug")


@pytest.fixture
def viewer(make_napari_viewer):
    return make_napari_viewer(show=True)


def debug_panel(viewer):
    return viewer.window.add_plugin_dock_widget(PLUGIN, "Debug")[1]


def test_all_docks_open_from_the_manifest_and_share_one_session(viewer, results):
    panels = {name: viewer.window.add_plugin_dock_widget(PLUGIN, name)[1] for name in DOCKS}
    assert panels["Train"].run_panel.reason.text().startswith("Open or create a project")
    QApplication.processEvents()

    desk = desk_of(viewer)
    desk.session.set_project(Path("nowhere"))
    desk.session.set_results(results)

    assert panels["Evaluate"].run_panel.run.isEnabled()
    assert panels["Train"].run_panel.reason.text() == (
        "The project has no box to learn in: add one under Annotated boxes"
    )
    assert panels["Debug"].view.model().rowCount() == 6
    assert {panel._session for panel in panels.values()} == {desk.session}


def test_a_click_on_a_row_moves_the_camera(viewer, results, qtbot):
    open_window(results, viewer)
    view = debug_panel(viewer).view
    session = desk_of(viewer).session
    assert session.selected == 101
    cell = view.visualRect(view.model().index(3, 1)).center()

    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=cell)

    row = session.selected_row()
    place = row[["cleft_z_nm", "cleft_y_nm", "cleft_x_nm"]].to_numpy(float)
    assert row["finding"] == 104
    assert viewer.dims.point == pytest.approx(tuple(place))
    flight = desk_of(viewer).flight
    qtbot.waitUntil(lambda: not flight.is_flying)
    assert viewer.scene.camera.center[1:] == pytest.approx(tuple(place[1:]))


def test_keys_go_on_and_switch_to_3d(viewer, results, qtbot):
    open_window(results, viewer)
    panel, session = debug_panel(viewer), desk_of(viewer).session
    viewer.window.activate()
    panel.view.setFocus()
    qtbot.waitUntil(panel.view.hasFocus)

    qtbot.keyClick(panel.view, Qt.Key.Key_N)
    assert session.selected == 102
    qtbot.keyClick(panel.view, Qt.Key.Key_P)
    assert session.selected == 101
    qtbot.keyClick(panel.view, Qt.Key.Key_V)
    assert viewer.dims.ndisplay == 3
    qtbot.keyClick(panel.view, Qt.Key.Key_Space)
    assert not viewer.layers["prediction"].visible


def test_a_picture_shows_window_and_data(viewer, results, tmp_path):
    open_window(results, viewer)

    path = save_picture(viewer, tmp_path / "window.png", (1280, 800))

    pixels = imageio.imread(path)
    assert pixels.shape[:2] == (800, 1280)
    canvas = pixels[300:500, 400:700, :3].astype(float)
    assert canvas.std() > 10


def test_a_finding_is_named(viewer, results):
    open_window(results, viewer, finding=105)

    assert desk_of(viewer).session.selected == 105


def test_without_a_run_the_window_opens_where_the_project_was_left(viewer, project):
    shutil.copytree(project / "runs/main", project / "runs/second")
    before = Desk(model := ViewerModel())
    before.open_run(project, "second")
    before.session.set_filter(FindingFilter(error="missed"))
    before.session.sort("score", ascending=False)
    before.session.select(5)
    assert before.adapter.viewer is model
    before.close()

    session = desk_of(open_window(project, viewer)).session
    head = debug_panel(viewer).view.horizontalHeader()
    assert (session.run, session.selected) == ("second", 5)
    assert session.filter == FindingFilter(error="missed")
    assert (session.sort_by, head.sortIndicatorSection()) == ("score", 5)

    open_window(project, viewer, run="main")
    assert (session.run, session.selected) == ("main", 1)
    assert session.filter == FindingFilter()


def test_a_debug_dock_that_was_closed_neither_reads_nor_lives_on(viewer, results, qtbot):
    open_window(results, viewer)
    dock, panel = viewer.window.add_plugin_dock_widget(PLUGIN, "Debug")
    for page in (panel.again, panel.whatif, panel.team, panel.errors):
        panel.tabs.setCurrentWidget(page)
        QApplication.processEvents()
    session, sections = desk_of(viewer).session, panel.errors.sections
    before = sections.pictures["xy"]._marks
    dock.destroyOnClose()
    session.select(103)
    assert sections.pictures["xy"]._marks is before

    kept = [weakref.ref(part) for part in (panel, panel.team, panel.again, panel.truth_page)]
    del dock, panel, sections, page
    QApplication.processEvents()
    gc.collect()
    assert [ref() for ref in kept] == [None] * 4
    session.select(104)
    trace = debug_panel(viewer).errors.trace
    qtbot.waitUntil(trace.isVisible)


def test_two_viewers_have_two_desks(viewer, make_napari_viewer, results):
    other = make_napari_viewer()

    desk_of(viewer).session.set_results(results)

    assert desk_of(viewer) is desk_of(viewer)
    assert desk_of(other).session.results is None
    assert not np.any([len(other.layers)])


def test_the_sample_of_the_file_menu_opens_with_its_scale(viewer):
    viewer.open_sample(PLUGIN, "simulated_neuropil")

    raw, truth = viewer.layers["raw"], viewer.layers["truth"]
    assert raw.scale.tolist() == [40.0, 8.0, 8.0]
    assert {str(unit) for unit in raw.units} == {"nanometer"}
    assert len(truth.data) > 30
    inside = truth.data_to_world(truth.data[1]) <= np.array(raw.extent.world[1])
    assert inside.all()


def test_the_command_palette_goes_through_the_errors(viewer, results, capsys):
    open_window(results, viewer)
    desk, commands = desk_of(viewer), get_app_model().commands
    desk.flight.is_on = False
    assert desk.session.selected == 101

    for name, selected in (("next_error", 102), ("next_error", 103), ("previous_error", 102)):
        commands.execute_command(f"{PLUGIN}.{name}").result()
        assert desk.session.selected == selected

    commands.execute_command(f"{PLUGIN}.turn").result()
    assert viewer.dims.ndisplay == 3
    commands.execute_command(f"{PLUGIN}.give_unsure").result()  # no project is open
    assert "nowhere to be saved" in capsys.readouterr().out
