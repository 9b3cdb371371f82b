"""Blocks of a prediction appear while it is made."""

from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from tests.ui.conftest import GRID, MemoryVolume

from napari_synapse_debug.ui import live_prediction
from napari_synapse_debug.ui.live_prediction import LivePrediction
from napari_synapse_debug.ui.session import JobState, Session
from napari_synapse_debug.ui.viewer_adapter import ViewerAdapter

BLOCK = {"z0": 0.0, "y0": 0.0, "x0": 0.0, "z1": 8.0, "y1": 40.0, "x1": 30.0}


def predicting(**values):
    return JobState("running", "predict", "at work", 1, 2, 1.0, values)


@pytest.fixture
def partial():
    """A prediction of two classes of which nothing is written yet."""
    return MemoryVolume(np.zeros((2, *GRID.shape), np.uint8), GRID, ("cleft", "mito"))


@pytest.fixture
def desk(partial, monkeypatch):
    monkeypatch.setattr(live_prediction, "SHORTEST_S", 0.0)
    session, viewer = Session(), ViewerModel()
    session.set_project(Path("a"))
    adapter = ViewerAdapter(viewer, session)
    live = LivePrediction(session, adapter, lambda folder, run: partial)
    return session, viewer, adapter, live


def test_a_finished_block_shows_at_once(desk, partial):
    session, viewer, adapter, _ = desk
    session.set_job(predicting())
    assert len(viewer.layers) == 0

    partial.array[0, :, :, :30] = 200
    session.set_job(predicting(**BLOCK))

    assert [layer.name for layer in viewer.layers] == ["P(cleft) …", "P(mito) …"]
    shown = viewer.layers[0]
    assert tuple(shown.scale) == pytest.approx(GRID.voxel_size_nm)
    assert shown.get_value((0, 5, 5)) == 200
    assert adapter.user_layers == []

    partial.array[0, :, :, 30:] = 90
    session.set_job(predicting(**BLOCK))
    assert len(viewer.layers) == 2
    assert shown.get_value((0, 5, 40)) == 90


@pytest.mark.parametrize("status", ["done", "failed", "cancelled"])
def test_the_layers_go_when_the_step_ends(desk, status):
    session, viewer, _, _ = desk
    session.set_job(predicting(**BLOCK))
    assert len(viewer.layers) == 2

    session.set_job(JobState(status, "predict"))

    assert len(viewer.layers) == 0


@pytest.mark.parametrize("elsewhere", [(Path("b"), "main"), (Path("a"), "second")])
def test_a_prediction_shows_in_its_own_run_alone(partial, monkeypatch, elsewhere):
    monkeypatch.setattr(live_prediction, "SHORTEST_S", 0.0)
    session, viewer, opened = Session(), ViewerModel(), []
    session.set_project(Path("a"))

    def open_partial(*where):
        opened.append(where)
        return partial

    live = LivePrediction(session, ViewerAdapter(viewer, session), open_partial)
    session.set_job(JobState("running", "contacts", "the step before"))
    session.set_job(predicting(**BLOCK))
    assert len(viewer.layers) == 2

    session.set_project(*elsewhere)
    assert len(viewer.layers) == 0
    session.set_job(predicting(**BLOCK))
    assert len(viewer.layers) == 0

    session.set_project(Path("a"))
    session.set_job(predicting(**BLOCK))
    assert len(viewer.layers) == 2
    assert opened == [(Path("a"), "main")] * 2

    session.set_job(JobState("done", "predict"))
    session.set_project(*elsewhere)
    session.set_job(predicting(**BLOCK))
    assert opened[2:] == [elsewhere]
    assert live is not None
