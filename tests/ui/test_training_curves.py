"""Curves of a training from what its steps tell."""

from pathlib import Path

import numpy as np
import pytest
from qtpy.QtWidgets import QWidget

from napari_synapse_debug.ui.session import JobState, Session
from napari_synapse_debug.ui.train_panel import TrainPanel
from napari_synapse_debug.ui.training_curves import TrainingCurves
from napari_synapse_debug.ui.training_figures import MOST_POINTS, TrainingFigures, thinned

HISTORY = (
    {"loss": 0.9, "minutes": 0.1},
    {"loss": 0.5, "minutes": 0.2, "validation_f1": 0.4, "f1 shaft": 0.25, "dice mito": 0.7},
    {"loss": 0.4, "minutes": 0.4, "validation_f1": np.nan},
    {"loss": 0.3, "minutes": 0.5, "validation_f1": 0.8, "f1 shaft": 0.75, "dice mito": 0.8},
)


def running(step, **values):
    return JobState("running", step, "at work", 1, 2, 1.0, values)


def figures_of(history):
    figures = TrainingFigures()
    figures.read(history)
    return figures


def test_a_series_holds_what_was_told_and_is_a_number():
    figures = figures_of((*HISTORY, {"loss": 0.2}))
    assert figures.series("validation_f1").tolist() == [[0.2, 0.4], [0.5, 0.8]]
    assert figures.series("loss").tolist() == [[0.1, 0.9], [0.2, 0.5], [0.4, 0.4], [0.5, 0.3]]
    assert figures_of(()).series("loss").shape == (0, 2)


def test_the_overall_score_comes_first():
    assert figures_of(HISTORY).score_names == ["validation_f1", "dice mito", "f1 shaft"]
    assert figures_of(HISTORY[:1]).score_names == []


def test_the_latest_figures_are_put_in_words():
    expected = "loss 0.300 · F1 of all synapses 0.80 · Dice mito 0.80 · F1 shaft 0.75"
    assert figures_of(HISTORY).latest_text == expected
    assert figures_of(()).latest_text == ""


class ReadRow(dict):
    """A report that counts how often it is read."""

    reads = 0

    def items(self):
        self.reads += 1
        return super().items()


def test_a_history_that_goes_on_is_read_once():
    rows = [ReadRow(loss=1 / (n + 1), minutes=n / 60) for n in range(50)]
    figures = TrainingFigures()
    for count in range(1, 51):
        figures.read(tuple(rows[:count]))
    assert [row.reads for row in rows] == [1] * 50
    assert figures.series("loss").tolist() == [[row["minutes"], row["loss"]] for row in rows]

    figures.read(tuple(rows[10:]))  # another history
    assert figures.series("loss").tolist() == [[r["minutes"], r["loss"]] for r in rows[10:]]
    figures.read(())
    assert len(figures.series("loss")) == 0


def test_a_long_curve_is_thinned_and_keeps_its_peaks():
    minutes = np.arange(43_200) / 60
    loss = np.random.default_rng(5).normal(1, 0.1, len(minutes))
    loss[[777, 30_001]] = 9.0, -9.0
    points = np.column_stack([minutes, loss])

    drawn = thinned(points)

    assert MOST_POINTS / 2 < len(drawn) <= MOST_POINTS + 1
    assert (np.diff(drawn[:, 0]) > 0).all()
    assert {9.0, -9.0} < set(drawn[:, 1])
    assert drawn[-1].tolist() == points[-1].tolist()
    assert np.array_equal(thinned(points[:MOST_POINTS]), points[:MOST_POINTS])


def test_the_session_collects_the_figures_of_one_training():
    session = Session()
    session.set_job(running("train", minutes=0.5, loss=0.9))
    session.set_job(JobState("running", "train", "no figures"))
    session.set_job(running("train", minutes=1.0, loss=0.8))
    assert [row["loss"] for row in session.training] == [0.9, 0.8]

    session.set_job(JobState("done", "train"))
    session.set_job(running("predict", loss=7.0))
    assert [row["loss"] for row in session.training] == [0.9, 0.8]

    session.set_job(JobState("running", "train", "starting"))
    session.set_job(running("train", minutes=0.8, loss=0.85))
    assert [row["loss"] for row in session.training] == [0.9, 0.85], "gone on from 0.5 minutes"

    session.set_job(running("train", minutes=0.1, loss=0.7))
    assert [row["loss"] for row in session.training] == [0.7], "begun anew"


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
def test_curves_are_drawn_while_they_can_be_seen_and_once_when_they_are_shown_again(qtbot):
    dock = QWidget()
    curves = TrainingCurves(dock)
    qtbot.addWidget(dock)
    dock.show()

    def drawn():
        return len(curves.loss.listDataItems()[0].getData()[0])

    curves.show_history(HISTORY[:1])
    assert drawn() == 1
    dock.hide()
    curves.show_history(HISTORY[:2])
    curves.show_history(HISTORY)
    assert drawn() == 1

    dock.show()

    assert drawn() == 4
    assert curves.latest.text().startswith("loss 0.300")


@pytest.mark.ui
def test_a_stopped_training_can_be_taken_as_it_is(results, qtbot):
    session = Session()
    session.set_project(Path("somewhere"))
    session.set_results(results)
    panel = TrainPanel(session)
    qtbot.addWidget(panel)
    asked = []
    panel.finish_requested.connect(lambda: asked.append("finish"))
    session.set_job(running("train", loss=0.9, minutes=1.5))
    assert panel.finish.isHidden()

    session.set_job(JobState("cancelled", "train", "The training was stopped."))
    assert not panel.finish.isHidden()
    panel.finish.click()

    assert asked == ["finish"]
    session.set_job(JobState("done", "train"))
    assert panel.finish.isHidden()


def test_minutes_are_minutes_and_both_curves_have_the_same(qtbot):
    curves = TrainingCurves()
    qtbot.addWidget(curves)
    curves.show()
    history = [{"loss": 1.0 - m, "minutes": m} for m in np.linspace(0.0, 1.0, 11)]
    curves.show_history(
        [*history, {"minutes": 0.4, "validation_f1": 0.5}, {"minutes": 0.7, "validation_f1": 0.6}]
    )
    qtbot.wait(300)
    low, high = curves.score.viewRange()[0]
    assert low <= 0.0
    assert high >= 1.0
    assert curves.score.viewRange()[0] == curves.loss.viewRange()[0]
    assert "x0.001" not in curves.score.getAxis("bottom").labelString()
