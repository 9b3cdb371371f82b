"""From the Run button to the result in the session."""

import dataclasses
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
from qtpy.QtCore import Qt

from napari_synapse_debug.domain.errors import InputError, StepCancelledError
from napari_synapse_debug.domain.events import Event
from napari_synapse_debug.domain.params import SynapseParams
from napari_synapse_debug.domain.project import Annotation
from napari_synapse_debug.domain.roles import ClassSpec, Role
from napari_synapse_debug.jobs import JobRunner
from napari_synapse_debug.ui.backend import product_backend
from napari_synapse_debug.ui.predict_panel import PredictPanel
from napari_synapse_debug.ui.run_panel import time_text
from napari_synapse_debug.ui.session import JobState, Session
from napari_synapse_debug.ui.step_panel import EVALUATE, PREDICT, SYNAPSES, TRAIN, StepPanel
from napari_synapse_debug.ui.step_runner import StepRunner

pytestmark = pytest.mark.ui

FOLDER = Path("/nowhere/project")


@dataclass(frozen=True)
class Made:
    """What a step tells of itself."""

    name: str
    made: str
    seconds: float


@dataclass(frozen=True)
class Summary:
    """What a run tells."""

    steps: tuple[Made, ...]
    skipped: tuple[str, ...]


class ThreadJob:
    """A step in a thread of this process."""

    def __init__(self, function, on_event, on_done):
        self._function, self._on_done = function, on_done
        self._stop, self._outcome = threading.Event(), None
        self.report, self.should_stop = on_event, self._stop.is_set
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        try:
            self._outcome = self._function(context=self)
        except Exception as error:  # noqa: BLE001
            self._outcome = error
        self._on_done(self)

    def cancel(self):
        self._stop.set()

    def result(self):
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome


class ThreadJobs:
    """Runs steps in threads, which call back from there as worker processes do."""

    def submit(self, function, *args, on_event=None, on_done=None, lane="steps", retries=0):
        return ThreadJob(function, on_event, on_done)

    def close(self):
        pass


def good_step(folder, steps, *, run, params, context):
    context.report(Event(steps[0], "half of it", 1, 2, {"loss": 0.3}))
    made = f"something with threshold {params['synapses'].threshold}"
    return Summary((Made(steps[-1], made, 2.0),), steps[:-1])


def endless_step(folder, steps, *, run, params, context):
    context.report(Event(steps[0], "at work"))
    while not context.should_stop():
        threading.Event().wait(0.01)
    raise StepCancelledError("The step was stopped")


def broken_step(folder, steps, *, run, params, context):
    raise InputError("The volume is not there", found="nothing", fix="mount the disk")


def surprising_step(folder, steps, *, run, params, context):
    raise ZeroDivisionError("division by zero")


@pytest.fixture
def results(results):
    """With a box to learn in."""
    config = results.config.model_copy(update={"train_box": "0:4,0:20,0:20"})
    return dataclasses.replace(results, config=config)


@pytest.fixture
def session(results):
    made = Session()
    made.set_project(FOLDER)
    made.set_results(results)
    return made


@pytest.fixture
def make_panel(session, results, qtbot):
    def make(step, group=SYNAPSES, jobs=ThreadJobs):
        backend = dataclasses.replace(
            product_backend(),
            run_steps=step,
            open_results=lambda folder, run: results,
            make_jobs=jobs,
        )
        runner = StepRunner(session, lambda: backend)
        panel = StepPanel(session, group)
        panel.run_requested.connect(runner.start)
        panel.cancel_requested.connect(runner.cancel)
        qtbot.addWidget(panel)
        panel.show()
        panel.runner = runner
        return panel

    return make


def wait_for(qtbot, session, status):
    qtbot.waitUntil(lambda: session.job.status == status, timeout=20_000)


def test_a_run_ends_with_new_results_and_what_was_made(make_panel, session, qtbot):
    panel = make_panel(good_step)
    panel.forms["synapses"].set_value(SynapseParams(threshold=0.25))
    told, seen = [], []
    session.results_changed.connect(lambda: told.append(1))
    session.job_changed.connect(seen.append)

    qtbot.mouseClick(panel.run_panel.run, Qt.MouseButton.LeftButton)
    wait_for(qtbot, session, "done")

    assert told == [1]
    assert [(s.message, s.done, s.total) for s in seen[:2]] == [
        ("starting", 0, 0),
        ("half of it", 1, 2),
    ]
    text = panel.run_panel.message.text()
    assert text == "Done. synapses: something with threshold 0.25 (2 s)\nup to date: contacts"


def test_run_is_blocked_while_another_step_runs(make_panel, session, qtbot):
    panel = make_panel(endless_step)
    told = []
    session.results_changed.connect(lambda: told.append(1))
    other = StepPanel(session, TRAIN)
    qtbot.addWidget(other)
    assert other.run_panel.run.isEnabled()

    qtbot.mouseClick(panel.run_panel.run, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: session.job.message == "at work", timeout=20_000)

    assert not other.run_panel.run.isEnabled()
    assert other.run_panel.reason.text() == "contacts is running"
    assert panel.run_panel.cancel.isVisible()
    qtbot.mouseClick(panel.run_panel.cancel, Qt.MouseButton.LeftButton)
    wait_for(qtbot, session, "cancelled")
    assert panel.run_panel.message.text() == "The step was stopped."
    qtbot.waitUntil(lambda: told == [1])  # what was finished before is there
    assert other.run_panel.run.isEnabled()


def test_a_failed_step_shows_what_those_before_it_made(make_panel, session, qtbot):
    panel = make_panel(broken_step)
    with qtbot.waitSignal(session.results_changed):
        panel.run_panel.run.click()
    wait_for(qtbot, session, "failed")
    assert "mount the disk" in session.job.message


def test_an_error_is_told_with_what_to_do_and_its_details(make_panel, session, qtbot, qapp):
    panel = make_panel(broken_step)

    qtbot.mouseClick(panel.run_panel.run, Qt.MouseButton.LeftButton)
    wait_for(qtbot, session, "failed")

    assert "To fix it: mount the disk." in panel.run_panel.message.text()
    qtbot.mouseClick(panel.run_panel.message.copy, Qt.MouseButton.LeftButton)
    assert "InputError" in qapp.clipboard().text()


def test_an_unforeseen_error_does_not_end_the_program(make_panel, session, qtbot):
    panel = make_panel(surprising_step)

    qtbot.mouseClick(panel.run_panel.run, Qt.MouseButton.LeftButton)
    wait_for(qtbot, session, "failed")

    assert "ZeroDivisionError: division by zero" in panel.run_panel.message.text()


def test_a_step_in_another_process_reaches_the_session(make_panel, session, qtbot):
    panel = make_panel(good_step, jobs=JobRunner)

    qtbot.mouseClick(panel.run_panel.run, Qt.MouseButton.LeftButton)
    try:
        qtbot.waitUntil(lambda: not session.job.is_running, timeout=60_000)
    finally:
        panel.runner.close()

    assert session.job.status == "done", session.job.message


@pytest.mark.parametrize(
    ("group", "change", "reason"),
    [
        (TRAIN, {"masks": ()}, "nothing to learn"),
        (TRAIN, {"train_box": None}, "no box to learn in"),
        (SYNAPSES, {"segmentation": None}, "no neuron segmentation"),
        (EVALUATE, {"truth": None}, "no truth"),
    ],
)
def test_run_says_what_is_missing(session, results, qtbot, group, change, reason):
    panel = StepPanel(session, group)
    qtbot.addWidget(panel)
    assert panel.run_panel.run.isEnabled()

    config = results.config.model_copy(update=change)
    session.set_results(dataclasses.replace(results, config=config))

    assert not panel.run_panel.run.isEnabled()
    assert reason in panel.run_panel.reason.text()


@pytest.mark.parametrize(
    ("group", "lacks", "reason"),
    [
        (PREDICT, {"has_model": False}, "Train a model first"),
        (EVALUATE, {"synapses": None}, "Find synapses first"),
        *((g, {"is_package": True}, "work package") for g in (TRAIN, PREDICT, SYNAPSES, EVALUATE)),
    ],
)
def test_run_says_which_step_comes_before(session, results, qtbot, group, lacks, reason):
    panel = StepPanel(session, group)
    qtbot.addWidget(panel)
    assert panel.run_panel.run.isEnabled()

    session.set_results(dataclasses.replace(results, **lacks))
    assert not panel.run_panel.run.isEnabled()
    assert reason in panel.run_panel.reason.text()

    session.set_results(results)
    assert panel.run_panel.run.isEnabled()


def test_without_a_prediction_contacts_alone_are_found(session, results, qtbot):
    panel = StepPanel(session, SYNAPSES)
    qtbot.addWidget(panel)
    asked = []
    panel.run_requested.connect(lambda steps, _: asked.append(steps))
    run = panel.run_panel.run

    for volumes, label in ((results.volumes, "Find synapses"), ({}, "Find contacts")):
        session.set_results(dataclasses.replace(results, volumes=volumes))
        assert (run.isEnabled(), run.text()) == (True, label)
        run.click()

    assert asked == [("contacts", "synapses"), ("contacts",)]


def test_predict_here_says_why_it_cannot(session, results, qtbot):
    panel = PredictPanel(session)
    qtbot.addWidget(panel)
    assert panel.here.isEnabled()
    assert "around the middle of the view" in panel.here.toolTip()

    session.set_results(dataclasses.replace(results, has_model=False))

    assert not panel.here.isEnabled()
    assert panel.here.toolTip() == panel.here_message.text() == "Train a model first"
    session.set_results(results)
    assert panel.here_message.text() == ""


def test_points_alone_and_masks_of_boxes_alone_can_be_learnt(session, results, qtbot):
    panel = StepPanel(session, TRAIN)
    qtbot.addWidget(panel)
    config = results.config.model_copy(update={"masks": (), "annotations": ()})
    of_points = config.model_copy(update={"point_classes": (ClassSpec("cleft", Role.SYNAPSE),)})
    mask = results.config.masks[0]
    annotation = Annotation(box="0:4,0:8,0:8", use="train", masks=(mask,))
    of_boxes = config.model_copy(update={"train_box": None, "annotations": (annotation,)})
    for learnt in (of_points, of_boxes):
        session.set_results(dataclasses.replace(results, config=learnt))
        assert panel.run_panel.run.isEnabled(), panel.run_panel.reason.text()


def test_without_a_project_run_says_where_to_get_one(qtbot):
    panel = StepPanel(Session(), TRAIN)
    qtbot.addWidget(panel)

    assert not panel.run_panel.run.isEnabled()
    assert "Plugins › Synapse Debug › Project" in panel.run_panel.reason.text()


def test_forms_show_the_parameters_of_the_project(session, results, qtbot):
    panel = StepPanel(session, SYNAPSES)
    qtbot.addWidget(panel)
    params = results.config.params.model_copy(update={"synapses": SynapseParams(threshold=0.125)})
    config = results.config.model_copy(update={"params": params})

    session.set_results(dataclasses.replace(results, config=config))

    assert panel.forms["synapses"].value().threshold == 0.125


def with_synapse_params(results, params):
    """The results after ``params`` of the step synapses were stored."""
    stored = results.config.params.model_copy(update={"synapses": params})
    return dataclasses.replace(results, config=results.config.model_copy(update={"params": stored}))


def test_what_was_typed_stays_when_other_results_of_the_run_come(session, results, qtbot):
    panel = StepPanel(session, SYNAPSES)
    qtbot.addWidget(panel)
    form = panel.forms["synapses"]
    form.set_value(SynapseParams(threshold=0.25))

    session.set_results(dataclasses.replace(results, matches=None))
    assert form.value().threshold == 0.25

    session.set_results(with_synapse_params(results, SynapseParams(threshold=0.75)))
    assert form.value().threshold == 0.75


@pytest.mark.parametrize("elsewhere", [(Path("/nowhere/other"), "main"), (FOLDER, "second")])
def test_what_was_typed_for_one_run_is_not_shown_for_another(session, results, qtbot, elsewhere):
    panel = StepPanel(session, SYNAPSES)
    qtbot.addWidget(panel)
    form = panel.forms["synapses"]
    form.set_value(SynapseParams(threshold=0.25))

    session.set_project(*elsewhere)
    session.set_results(results)

    assert form.value() == results.config.params.synapses


def test_what_is_typed_while_a_step_runs_stays_when_it_ends(session, results, qtbot):
    panel = StepPanel(session, SYNAPSES)
    qtbot.addWidget(panel)
    form = panel.forms["synapses"]
    form.set_value(SynapseParams(threshold=0.25))
    panel.run_panel.run_requested.emit()
    form.set_value(SynapseParams(threshold=0.125))

    session.set_results(with_synapse_params(results, SynapseParams(threshold=0.25)))

    assert form.value().threshold == 0.125


def test_what_was_asked_for_once_is_not_shown_for_another_project(session, results, qtbot):
    panel = StepPanel(session, SYNAPSES)
    qtbot.addWidget(panel)
    form = panel.forms["synapses"]
    here = with_synapse_params(results, SynapseParams(threshold=0.25))
    form.set_value(SynapseParams(threshold=0.25))
    panel.run_panel.run_requested.emit()
    session.set_results(here)
    project, run = session.project, session.run

    session.set_project(Path("/nowhere/other"), "main")
    session.set_results(with_synapse_params(results, SynapseParams(threshold=0.9)))
    assert form.value().threshold == 0.9
    session.set_project(project, run)
    session.set_results(here)

    assert form.value().threshold == 0.25


def test_progress_moves_with_the_blocks(session, qtbot):
    panel = StepPanel(session, TRAIN)
    qtbot.addWidget(panel)

    session.set_job(JobState("running", "train", "loss 0.3", 30, 120, 60.0))

    assert panel.run_panel.bar.value() / panel.run_panel.bar.maximum() == 0.25
    assert panel.run_panel.time_left.text() == "3 min 00 s left"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (7.4, "7 s left"), (125, "2 min 05 s left"), (3725, "1 h 02 min left")],
)
def test_time_left_in_words(seconds, text):
    assert time_text(seconds) == text


@pytest.mark.slow
def test_the_model_is_loaded_once_before_it_is_asked_for(toy_dock, qtbot):
    runner = toy_dock._desk.runner
    runner.warm_up()
    (job,) = runner._jobs._jobs
    qtbot.waitUntil(lambda: job.status.is_final, timeout=60_000)
    assert job.result() is None
    runner.warm_up()
    assert runner._jobs._jobs == [job]


def test_without_a_model_nothing_is_loaded(qtbot):
    runner = StepRunner(Session(), product_backend)
    runner.warm_up()
    assert runner._jobs is None


@pytest.mark.parametrize("elsewhere", [(Path("/nowhere/other"), "main"), (FOLDER, "second")])
def test_a_step_that_ends_when_another_run_is_open_leaves_that_alone(
    make_panel, session, results, qtbot, elsewhere
):
    release = threading.Event()

    def waiting_step(folder, steps, *, run, params, context):
        release.wait(20)
        return Summary((Made(steps[-1], f"that of {folder.name}, {run}", 2.0),), ())

    panel = make_panel(waiting_step)
    qtbot.mouseClick(panel.run_panel.run, Qt.MouseButton.LeftButton)
    panel.runner.open(*elsewhere)
    session.select(102)
    told = []
    session.results_changed.connect(lambda: told.append(1))
    release.set()
    wait_for(qtbot, session, "done")

    assert told == []
    assert (session.project, session.run, session.selected) == (*elsewhere, 102)
    assert "that of project, main" in session.job.message
    assert f"run main of {FOLDER}" in session.job.message


def test_a_step_that_fails_when_another_run_is_open_says_which_it_was(make_panel, session, qtbot):
    release = threading.Event()

    def waiting_step(folder, steps, *, run, params, context):
        release.wait(20)
        raise InputError("The volume is not there")

    panel = make_panel(waiting_step)
    qtbot.mouseClick(panel.run_panel.run, Qt.MouseButton.LeftButton)
    panel.runner.open(FOLDER, "second")
    release.set()
    wait_for(qtbot, session, "failed")

    assert session.job.message == f"The volume is not there. (run main of {FOLDER})"


def test_a_form_that_is_wider_than_its_dock_can_be_scrolled_to_its_end(qtbot, session):
    panel = StepPanel(session, TRAIN)
    qtbot.addWidget(panel)
    panel.scroll.widget().setMinimumWidth(700)  # as in napari's style
    panel.resize(400, 600)
    panel.show()
    qtbot.waitExposed(panel)
    qtbot.waitUntil(panel.scroll.horizontalScrollBar().isVisible, timeout=5000)
