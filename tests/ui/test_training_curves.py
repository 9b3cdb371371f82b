"""Curves of a training from what its steps tell."""

from pathlib import Path

import numpy as np
import pytest

from napari_synapse_debug.ui.session import JobState, Session
from napari_synapse_debug.ui.train_panel import TrainPanel
from napari_synapse_debug.ui.training_curves import (
    TrainingCurves,
    latest_text,
    score_names,
    series,
)

HISTORY = (
    {"loss": 0.9, "minutes": 0.1},
    {"loss": 0.5, "minutes": 0.2, "validation_f1": 0.4, "f1 shaft": 0.25, "dice mito": 0.7},
    {"loss": 0.4, "minutes": 0.4, "validation_f1": np.nan},
    {"loss": 0.3, "minutes": 0.5, "validation_f1": 0.8, "f1 shaft": 0.75, "dice mito": 0.8},
)


def running(step, **values):
    return JobState("running", step, "at work", 1, 2, 1.0, values)


def test_a_series_holds_what_was_told_and_is_a_number():
    assert series(HISTORY, "validation_f1").tolist() == [[0.2, 0.4], [0.5, 0.8]]
    assert series(HISTORY, "loss")[:, 1].tolist() == [0.9, 0.5, 0.4, 0.3]
    assert series((), "loss").shape == (0, 2)


def test_the_overall_score_comes_first():
    assert score_names(HISTORY) == ["validation_f1", "dice mito", "f1 shaft"]
    assert score_names(HISTORY[:1]) == []


def test_the_latest_figures_are_put_in_words():
    expected = "loss 0.300 · F1 of all synapses 0.80 · Dice mito 0.80 · F1 shaft 0.75"
    assert latest_text(HISTORY) == expected


def test_the_session_collects_the_figures_of_one_training():
    session = Session()
    session.set_job(running("train", loss=0.9))
    session.set_job(JobState("running", "train", "no figures"))
    session.set_job(running("train", loss=0.8))
    assert [row["loss"] for row in session.training] == [0.9, 0.8]

    session.set_job(JobState("done", "train"))
    session.set_job(running("predict", loss=7.0))
    assert [row["loss"] for row in session.training] == [0.9, 0.8]

    session.set_job(running("train", loss=0.7))
    assert [row["loss"] for row in session.training] == [0.7]


@pytest.mark.ui
def test_curves_follow_the_history(qtbot):
    curves = TrainingCurves()
    qtbot.addWidget(curves)
    assert not curves.isVisibleTo(None)
    curves.show_history(HISTORY)

    drawn = {item.name(): item.getData() for item in curves.score.listDataItems()}
    assert set(drawn) == {"F1 of all synapses", "Dice mito", "F1 shaft"}
    assert drawn["F1 shaft"][1].tolist() == [0.25, 0.75]

    curves.show_history(HISTORY[:1])
    assert curves.score.listDataItems() == []
    assert len(curves.loss.listDataItems()) == 1


@pytest.mark.ui
def test_a_stopped_training_can_be_taken_as_it_is(results, qtbot):
    session = Session()
    session.set_project(Path("somewhere"))
    session.set_results(results)
    panel = TrainPanel(session)
    qtbot.addWidget(panel)
    asked = []
    panel.run_requested.connect(lambda steps, params: asked.append((steps, params)))
    session.set_job(running("train", loss=0.9, minutes=1.5))
    assert panel.finish.isHidden()

    session.set_job(JobState("cancelled", "train", "The training was stopped."))
    assert not panel.finish.isHidden()
    panel.finish.click()

    ((steps, params),) = asked
    assert steps == ("train",)
    assert 1.4 < params["train"].minutes < 1.5
    session.set_job(JobState("done", "train"))
    assert panel.finish.isHidden()
