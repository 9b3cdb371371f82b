"""Synapses as paths, and outlines of contacts: Shapes layers beside points and labels."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel
from tests.ui.conftest import cleft_voxel

from napari_synapse_debug.ui import synapse_paths
from napari_synapse_debug.ui.background import Background
from napari_synapse_debug.ui.contact_outlines import ContactOutlines, partner_outlines
from napari_synapse_debug.ui.palette import EDITED_PATH, PREDICTION_PATH, TRUTH_PATH
from napari_synapse_debug.ui.session import Session
from napari_synapse_debug.ui.sketch_choice import SketchChoice
from napari_synapse_debug.ui.synapse_paths import SynapsePaths, strokes_of
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
    strokes = strokes_of(results, pd.DataFrame())
    assert len(strokes.paths) == len(results.truth) + len(results.synapses) == 10
    first = int(results.truth["row"].iloc[0])
    expected = cleft_voxel(first) + np.array([[0, 0, -4], [0, 0, 0], [0, 0, 5]])
    np.testing.assert_allclose(strokes.paths[0], expected)
    assert strokes.hues == [TRUTH_PATH] * 6 + [PREDICTION_PATH] * 4
    told = strokes.features
    assert told["side"].tolist() == ["truth"] * 6 + ["prediction"] * 4
    assert told["post_segment"].iloc[0] == 20 + first


def test_errors_are_wide_and_the_others_thin(results):
    strokes = strokes_of(results, pd.DataFrame())
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


def test_what_is_edited_of_the_truth_is_drawn_too_and_moves(window, results):
    viewer, session, adapter, _ = window
    shown = SynapsePaths(session, adapter)
    session.set_results(results)
    shown.switch(True)
    edited = results.truth.iloc[[1]].copy()
    edited["pre_x_nm"] += 40.0  # ten voxels
    shown.show_edited(edited)
    layer = layer_of(viewer, "synapse paths")
    assert len(layer.data) == 11
    np.testing.assert_allclose(layer.data[10][0], layer.data[1][0] + [0, 0, 10])
    np.testing.assert_allclose(layer.edge_color[10][:3], [0xE6 / 255, 0x9F / 255, 0], atol=1e-3)
    assert EDITED_PATH == "#E69F00"
    shown.show_edited(edited.iloc[:0])
    assert len(layer.data) == 10


def test_too_many_synapses_are_refused_with_the_reason(window, results, monkeypatch):
    viewer, session, adapter, _ = window
    shown, told = SynapsePaths(session, adapter), []
    shown.reason_changed.connect(told.append)
    monkeypatch.setattr(synapse_paths, "MOST_PATHS", 9)
    session.set_results(results)
    shown.switch(True)
    assert layer_of(viewer, "synapse paths") is None
    assert told == ["10 synapses are too many for paths (at most 9)"]


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


def test_the_choice_is_disabled_with_its_reason_beside_it(qtbot):
    choice = SketchChoice()
    qtbot.addWidget(choice)
    assert choice.paths.isEnabled()
    assert choice.told.isHidden()
    choice.show_reason("too many")
    assert not choice.paths.isEnabled()
    assert choice.told.text() == "too many"
    assert not choice.told.isHidden()
    assert choice.outlines.isEnabled()
