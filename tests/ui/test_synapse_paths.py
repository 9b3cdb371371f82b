"""Synapses as paths, and outlines of contacts: Shapes layers beside points and labels."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel
from tests.ui.conftest import cleft_voxel

from napari_synapse_debug.ui import docks, sketch, synapse_paths
from napari_synapse_debug.ui.background import Background
from napari_synapse_debug.ui.contact_outlines import ContactOutlines, corners, partner_outlines
from napari_synapse_debug.ui.desk import Desk
from napari_synapse_debug.ui.palette import EDITED_PATH, PREDICTION_PATH, TRUTH_PATH
from napari_synapse_debug.ui.preferences import Preferences
from napari_synapse_debug.ui.session import Session
from napari_synapse_debug.ui.sketch_choice import SketchChoice
from napari_synapse_debug.ui.synapse_paths import SynapsePaths, strokes_of
from napari_synapse_debug.ui.truth_editor import MOVE, TruthEditor
from napari_synapse_debug.ui.viewer_adapter import ViewerAdapter

pytestmark = pytest.mark.ui


@pytest.fixture
def window(results):
    """A viewer with the small run: six truths, four predictions."""
    viewer, session, background = ViewerModel(), Session(), Background()
    adapter = ViewerAdapter(viewer, session)
    yield viewer, session, adapter, background
    background.close()


def layer_of(viewer, name):
    return next((layer for layer in viewer.layers if layer.name == name), None)


def test_each_synapse_is_a_path_from_pre_over_cleft_to_post(results):
    strokes = strokes_of(results)
    assert len(strokes.paths) == len(results.truth) + len(results.synapses) == 10
    first = int(results.truth["row"].iloc[0])
    expected = cleft_voxel(first) + np.array([[0, 0, -4], [0, 0, 0], [0, 0, 5]])
    np.testing.assert_allclose(strokes.paths[0], expected)
    assert strokes.hues == [TRUTH_PATH] * 6 + [PREDICTION_PATH] * 4
    told = strokes.features
    assert told["side"].tolist() == ["truth"] * 6 + ["prediction"] * 4
    assert told["post_segment"].iloc[0] == 20 + first


def test_errors_are_wide_and_the_others_thin(results):
    strokes = strokes_of(results)
    wide = np.array(strokes.widths_vx) == max(strokes.widths_vx)
    is_error = strokes.features["outcome"].isin(["fn", "fp"]).to_numpy()
    assert 0 < is_error.sum() < len(is_error)
    np.testing.assert_array_equal(wide, is_error)


def test_paths_show_only_while_they_are_switched_on_and_the_layer_stays(window, results):
    viewer, session, adapter, _ = window
    shown = SynapsePaths(session, adapter)
    session.set_results(results)
    assert layer_of(viewer, "synapse paths") is None
    shown.switch(True)
    layer = layer_of(viewer, "synapse paths")
    assert len(layer.data) == 10
    assert layer.visible
    assert tuple(layer.scale) == results.grid.voxel_size_nm
    assert str(layer.units[0]) == "nanometer"
    assert layer.features["outcome"].tolist().count("fn") == 4
    shown.switch(False)
    assert layer_of(viewer, "synapse paths") is layer  # removing a Shapes layer crashes napari
    assert len(layer.data) == 0
    assert not layer.visible
    shown.switch(True)
    session.set_results(None)
    assert len(layer.data) == 0


@pytest.mark.parametrize(("points", "at_first"), [(12, 4), (14, 4), (2, 1)])
def test_many_paths_come_by_and_by(window, results, monkeypatch, qtbot, points, at_first):
    viewer, session, adapter, _ = window
    monkeypatch.setattr(sketch, "_POINTS_AT_ONCE", points)
    shown = SynapsePaths(session, adapter)
    session.set_results(results)
    shown.switch(True)
    layer = layer_of(viewer, "synapse paths")
    assert len(layer.data) == at_first
    qtbot.waitUntil(lambda: len(layer.data) == 10)
    expected = strokes_of(results)
    np.testing.assert_allclose(layer.data, expected.paths)
    assert layer.features["row"].tolist() == expected.features["row"].tolist()
    assert layer.features["side"].tolist() == ["truth"] * 6 + ["prediction"] * 4


def test_paths_that_are_switched_off_meanwhile_do_not_come(window, results, monkeypatch, qtbot):
    viewer, session, adapter, _ = window
    monkeypatch.setattr(sketch, "_POINTS_AT_ONCE", 12)
    shown = SynapsePaths(session, adapter)
    session.set_results(results)
    shown.switch(True)
    layer = layer_of(viewer, "synapse paths")
    assert len(layer.data) == 4
    shown.switch(False)
    qtbot.wait(50)
    assert len(layer.data) == 0


def test_paths_stay_above_the_images_of_the_next_results(window, results):
    viewer, session, adapter, _ = window
    shown = SynapsePaths(session, adapter)
    session.set_results(results)
    shown.switch(True)
    layer = layer_of(viewer, "synapse paths")
    assert viewer.layers[-1] is layer
    session.set_results(dataclasses.replace(results))
    assert viewer.layers[-1] is layer
    assert len(layer.data) == 10


def test_a_layer_hidden_by_hand_stays_hidden_until_it_is_switched_on_anew(window, results):
    viewer, session, adapter, _ = window
    shown = SynapsePaths(session, adapter)
    session.set_results(results)
    shown.switch(True)
    layer = layer_of(viewer, "synapse paths")
    layer.visible = False
    session.set_results(dataclasses.replace(results))
    assert len(layer.data) == 10
    assert not layer.visible
    shown.switch(False)
    shown.switch(True)
    assert layer.visible


def moved(truth, row, by_nm):
    """The row of the truth, its pre point moved along x."""
    chosen = truth[truth["row"] == row]
    return chosen.assign(pre_x_nm=chosen["pre_x_nm"] + by_nm)


def test_what_is_edited_of_the_truth_is_drawn_apart_in_a_hue_of_its_own(window, results):
    viewer, session, adapter, _ = window
    shown = SynapsePaths(session, adapter)
    session.set_results(results)
    shown.switch(True)
    assert layer_of(viewer, "edited synapse paths") is None
    shown.show_edited(moved(results.truth, 2, 40.0))  # ten voxels
    found, edited = (layer_of(viewer, f"{name}synapse paths") for name in ("", "edited "))
    assert len(found.data) == 10
    assert len(edited.data) == 1
    np.testing.assert_allclose(edited.data[0][0], cleft_voxel(2) + np.array([0, 0, -4 + 10]))
    np.testing.assert_allclose(edited.data[0][1:], found.data[1][1:])
    pink = np.array([0xCC, 0x79, 0xA7]) / 255
    np.testing.assert_allclose(edited.edge_color[0][:3], pink, atol=1e-3)
    assert EDITED_PATH not in (TRUTH_PATH, PREDICTION_PATH)
    assert edited.features["row"].tolist() == [2]
    assert tuple(edited.scale) == results.grid.voxel_size_nm
    shown.show_edited(results.truth.iloc[:0])
    assert len(edited.data) == 0
    assert len(found.data) == 10


def test_the_row_that_is_being_moved_is_drawn_where_its_points_are(window, results):
    viewer, session, adapter, _ = window
    shown, editor = SynapsePaths(session, adapter), TruthEditor(adapter, session)
    editor.held.connect(shown.show_held)
    session.set_results(results)
    shown.switch(True)
    session.select(102)  # truth row 4
    editor.start(MOVE)
    edited = layer_of(viewer, "edited synapse paths")
    expected = cleft_voxel(4) + np.array([[0, 0, -4], [0, 0, 0], [0, 0, 5]])
    np.testing.assert_allclose(edited.data, [expected])

    points = layer_of(viewer, "truth to be moved")
    points.data = points.data + np.array([[0, 3, 0], [0, 0, 0], [0, 0, 0]])
    expected[0, 1] += 3
    np.testing.assert_allclose(edited.data, [expected])
    assert edited.features["post_segment"].tolist() == [24]

    session.select(103)  # false: it has no true synapse
    assert len(edited.data) == 0
    session.select(102)
    assert len(edited.data) == 1
    editor.stop()
    assert len(edited.data) == 0


def test_a_row_that_is_moved_again_is_drawn_once(window, results):
    viewer, session, adapter, _ = window
    shown = SynapsePaths(session, adapter)
    session.set_results(results)
    shown.switch(True)
    both = pd.concat([moved(results.truth, 2, 40.0), moved(results.truth, 5, 8.0)])
    shown.show_edited(both)
    edited = layer_of(viewer, "edited synapse paths")
    assert edited.features["row"].tolist() == [2, 5]
    shown.show_held(moved(results.truth, 2, 60.0))
    assert edited.features["row"].tolist() == [5, 2]
    np.testing.assert_allclose(edited.data[1][0], cleft_voxel(2) + np.array([0, 0, -4 + 15]))


def test_too_many_synapses_are_refused_with_the_reason_but_not_what_is_edited(
    window, results, monkeypatch
):
    viewer, session, adapter, _ = window
    shown, told = SynapsePaths(session, adapter), []
    shown.reason_changed.connect(told.append)
    monkeypatch.setattr(synapse_paths, "MOST_PATHS", 9)
    session.set_results(results)
    shown.switch(True)
    assert layer_of(viewer, "synapse paths") is None
    (reason,) = told
    assert reason == (
        "10 synapses are too many for paths (at most 9): only what you edit shows as paths"
    )
    shown.show_edited(moved(results.truth, 2, 40.0))
    assert len(layer_of(viewer, "edited synapse paths").data) == 1
    assert layer_of(viewer, "synapse paths") is None


def test_a_layer_that_the_user_removed_comes_anew(window, results):
    viewer, session, adapter, _ = window
    shown = SynapsePaths(session, adapter)
    session.set_results(results)
    shown.switch(True)
    viewer.layers.remove("synapse paths")
    shown.update()
    assert len(layer_of(viewer, "synapse paths").data) == 10


def row_of(results, finding):
    return results.findings.set_index("finding", drop=False).loc[finding]


def test_outlines_run_along_the_interface_in_each_section(results):
    paths = partner_outlines(results, row_of(results, 101))  # 7 and 23 meet at x = 30
    assert len(paths) == results.grid.shape[0]
    for z, path in enumerate(sorted(paths, key=lambda path: path[0, 0])):
        index = results.grid.to_fraction(path)
        assert set(index[:, 0]) == {float(z)}
        np.testing.assert_allclose(index[:, 2], 29.5)
        assert (index[:, 1].min(), index[:, 1].max()) == (-0.5, 39.5)


def test_an_outline_has_points_only_where_it_turns(results):
    straight = partner_outlines(results, row_of(results, 101))
    assert {len(path) for path in straight} == {2}  # 41 corners of voxels in one line
    bent = np.array([[0, 0, 0], [0, 4, 0], [0, 8, 0], [0, 8, 5], [0, 8, 10], [0, 12, 10.0]])
    np.testing.assert_array_equal(corners(bent), bent[[0, 2, 4, 5]])
    closed = np.array([[0, 0, 0], [0, 4, 0], [0, 4, 5], [0, 0, 5], [0, 0, 0.0]])
    np.testing.assert_array_equal(corners(closed), closed)
    np.testing.assert_array_equal(corners(bent[:2]), bent[:2])


def test_partners_that_do_not_touch_or_are_not_known_have_no_outline(results):
    assert partner_outlines(results, row_of(results, 102)) == []
    without = dataclasses.replace(results, volumes={})
    assert partner_outlines(without, row_of(results, 101)) == []


def test_outlines_follow_the_selection(window, results, qtbot):
    viewer, session, adapter, background = window
    outlines = ContactOutlines(session, adapter, background)
    session.set_results(results)
    session.select(101)
    assert layer_of(viewer, "contact outlines") is None
    outlines.switch(True)
    qtbot.waitUntil(lambda: layer_of(viewer, "contact outlines") is not None)
    layer = layer_of(viewer, "contact outlines")
    assert len(layer.data) == results.grid.shape[0]
    session.select(102)
    qtbot.waitUntil(lambda: len(layer.data) == 0)
    outlines.switch(False)
    assert not layer.visible


def test_outlines_tell_whose_interface_they_are(window, results, qtbot):
    viewer, session, adapter, background = window
    outlines = ContactOutlines(session, adapter, background, is_on=True)
    assert outlines.is_on
    session.set_results(results)
    session.select(101)
    qtbot.waitUntil(lambda: layer_of(viewer, "contact outlines") is not None)
    layer = layer_of(viewer, "contact outlines")
    told = layer.features
    assert len(told) == results.grid.shape[0]
    assert set(told["finding"]) == {101}
    assert set(zip(told["pre_segment"], told["post_segment"], strict=True)) == {(7, 23)}
    assert tuple(layer.scale) == results.grid.voxel_size_nm
    assert layer.axis_labels == viewer.layers["raw"].axis_labels
    assert layer.units == viewer.layers["raw"].units


def test_outlines_hidden_by_hand_stay_hidden_at_the_next_error(window, results, qtbot):
    viewer, session, adapter, background = window
    outlines = ContactOutlines(session, adapter, background, is_on=True)
    assert outlines.is_on
    session.set_results(results)
    session.select(101)
    qtbot.waitUntil(lambda: layer_of(viewer, "contact outlines") is not None)
    layer = layer_of(viewer, "contact outlines")
    layer.visible = False
    session.select(102)
    qtbot.waitUntil(lambda: len(layer.data) == 0)
    session.select(101)
    qtbot.waitUntil(lambda: len(layer.data) > 0)
    assert not layer.visible


def test_the_reason_stands_beside_the_choice(qtbot):
    choice = SketchChoice()
    qtbot.addWidget(choice)
    assert choice.told.isHidden()
    choice.show_reason("too many")
    assert choice.told.text() == "too many"
    assert not choice.told.isHidden()
    choice.show_reason("")
    assert choice.told.isHidden()


def test_what_was_switched_on_is_on_in_the_next_window_without_its_dock(results, qtbot):
    viewer = ViewerModel()
    first = Desk(viewer)
    assert not first.paths.is_on
    assert not first.outlines.is_on
    first.close()
    Preferences().write("shows paths", value=True)
    desk = Desk(viewer)
    desk.session.set_results(results)
    assert len(layer_of(viewer, "synapse paths").data) == 10
    assert not desk.outlines.is_on
    desk.close()


def test_the_dock_shows_and_keeps_the_choice(results, qtbot, monkeypatch):
    viewer = ViewerModel()
    Preferences().write("shows paths", value=True)
    desk = Desk(viewer)
    monkeypatch.setattr(docks, "desk_of", lambda viewer: desk)
    dock = docks.SynapsesDock(viewer)
    qtbot.addWidget(dock)
    assert dock.sketches.paths.isChecked()
    assert not dock.sketches.outlines.isChecked()
    dock.sketches.outlines.click()
    dock.sketches.paths.click()
    assert desk.outlines.is_on
    assert not desk.paths.is_on
    kept = [Preferences().read(f"shows {name}", default=None) for name in ("paths", "outlines")]
    assert kept == [False, True]
    desk.close()
