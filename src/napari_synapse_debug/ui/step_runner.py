"""Runs steps of the project in another process and tells the session how they stand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_synapse_debug.domain.errors import StepCancelledError
from napari_synapse_debug.domain.events import Event
from napari_synapse_debug.domain.grid import Box, Triple
from napari_synapse_debug.domain.params import AgainParams, Params
from napari_synapse_debug.io import check_no_project
from napari_synapse_debug.ui.annotation_request import (
    AnnotationRequest,
    StoreCrop,
    annotation_arguments,
)
from napari_synapse_debug.ui.backend import Backend, Job, Jobs
from napari_synapse_debug.ui.job_endings import failed, outcome_text, running
from napari_synapse_debug.ui.layer_info import LayerInfo
from napari_synapse_debug.ui.layer_store import store_crop, storing
from napari_synapse_debug.ui.ports import Section
from napari_synapse_debug.ui.project_request import ProjectRequest, create_arguments
from napari_synapse_debug.ui.session import PROJECT, JobState, Session

RETRIES = 2
"""How often a step whose process died goes on with what it had finished."""


class StepRunner(QObject):
    """The way from a Run button to a result in the session.

    Parameters
    ----------
    session : Session
        Told of every change; its results are replaced when a step ends.
    load_backend : callable
        Gives the backend when it is first needed.
    """

    event_arrived = Signal(object)
    job_ended = Signal(object)
    thread_ended = Signal(object, object)
    trained_again = Signal(object)
    project_made = Signal()

    def __init__(
        self,
        session: Session,
        load_backend: Callable[[], Backend],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._load_backend = session, load_backend
        self._jobs: Jobs | None = None
        self._job: Job | None = None
        self._run = "main"
        self._warm: tuple[Path, str] | None = None
        self._started = 0.0
        self._about: tuple[Path | None, str] = (None, "main")
        # the signals are emitted in the threads of the jobs and arrive here in Qt's
        self.event_arrived.connect(self._show_event)
        self.job_ended.connect(self._finish)
        self.thread_ended.connect(self._open_made)

    def start(self, steps: tuple[str, ...], params: Mapping[str, Params]) -> None:
        """Run ``steps`` of the open project with ``params`` by step."""
        folder = self._session.project
        if folder is not None:
            run_steps = self._backend.run_steps
            self._submit(
                steps[0], partial(run_steps, folder, steps, run=self._run, params=dict(params))
            )

    def finish_training(self) -> None:
        """Take the model of the stopped training as it is, whatever was painted since."""
        if (folder := self._session.project) is not None:
            finish = self._backend.finish_training
            self._submit("train", partial(finish, folder, run=self._run))

    def prepare_gaps(self) -> None:
        """Find contacts of the open run under other gaps, for What if."""
        if (folder := self._session.project) is not None:
            self._submit("gaps", partial(self._backend.prepare_gaps, folder, run=self._run))

    def train_again(self, params: AgainParams) -> None:
        """Train on from the open run with what its review taught; the new run is opened."""
        if (folder := self._session.project) is not None:
            again = self._backend.train_again
            self._submit("again", partial(again, folder, run=self._run, params=params))

    def _submit(self, step: str, function: Callable[..., Any]) -> None:
        if self._session.job.is_running:
            return
        self._started = time.monotonic()
        self._about = self._session.project, self._run
        self._session.set_job(JobState("running", step, "starting"))
        self._job = self._started_jobs().submit(
            function,
            on_event=self.event_arrived.emit,
            on_done=self.job_ended.emit,
            retries=RETRIES,
        )

    def cancel(self) -> None:
        """Ask the running step to stop."""
        if self._job is not None:
            self._session.set_job(replace(self._session.job, message="stopping …"))
            self._job.cancel()

    def _started_jobs(self) -> Jobs:
        if self._jobs is None:
            self._jobs = self._backend.make_jobs()
        return self._jobs

    @cached_property
    def _backend(self) -> Backend:
        return self._load_backend()

    def close(self) -> None:
        """Stop what runs and give the worker back."""
        if self._jobs is not None:
            self._jobs.close()
            self._jobs = None

    def open(self, folder: Path, run: str = "main") -> None:
        """Open the project in ``folder`` and show what it has of ``run``.

        Raises
        ------
        SynapseDebugError
            It is no project, or something in it cannot be read.
        """
        results = self._backend.open_results(folder, run)
        self._run = run
        self._session.set_project(folder, run)
        self._session.set_results(results)

    def predict_here(
        self,
        box: Box,
        focus: Triple,
        on_event: Callable[[Event], Any],
        on_done: Callable[[Job], Any],
    ) -> Job:
        """The job that predicts ``box`` in a worker of its own; called back in its threads."""
        function = partial(
            self._backend.predict_here, self._session.project, box, run=self._run, focus=focus
        )
        return self._started_jobs().submit(
            function, on_event=on_event, on_done=on_done, lane="interactive"
        )

    def warm_up(self) -> None:
        """Have a worker load the run's model, so that ``predict_here`` starts at once.

        Done once for each model, and only where there is one; what fails is told by
        ``predict_here``.
        """
        folder, results = self._session.project, self._session.results
        has_model = results is not None and "prediction" in results.volumes
        if folder is None or not has_model or self._warm == (folder, self._run):
            return
        self._warm = folder, self._run
        function = partial(self._backend.warm_up, folder, run=self._run)
        self._started_jobs().submit(function, lane="interactive")

    def read_training_rows(self) -> tuple[Mapping[str, float], ...]:
        """The figures of the training of the run's model; empty where there was none."""
        folder = self._session.project
        return () if folder is None else self._backend.read_training_rows(folder, run=self._run)

    def read_sections(self) -> Mapping[str, Section]:
        """The latest held-out section of each class; empty where there was no training."""
        folder = self._session.project
        return {} if folder is None else self._backend.read_sections(folder, run=self._run)

    def create(self, request: ProjectRequest, layers: Sequence[LayerInfo]) -> None:
        """Make the project that was asked for, in a thread of its own, and open it.

        Layers in memory are written first, which takes a while where they are large. The session
        is told how it stands, and of an error.
        """

        def make() -> tuple[Path, str]:
            check_no_project(request.folder)
            with storing(request.folder) as store:
                arguments = create_arguments(request, layers, store)
                made = self._backend.create_project(request.folder, **arguments)
            return made, f"{made} was made"

        self._in_thread("writing layers and checking files", make)

    def annotate(
        self,
        request: AnnotationRequest,
        layers: Sequence[LayerInfo],
        store: StoreCrop = store_crop,
    ) -> None:
        """Add an annotated box to the open project, in a thread of its own; layers are written."""
        place, results = self._session.project, self._session.results
        if place is None or results is None:
            return
        box, truth = str(request.box), results.config.truth

        def make() -> tuple[Path, str]:
            named = None if truth is None else str(place / truth)
            arguments = annotation_arguments(request, place, layers, results.grid, named, store)
            self._backend.annotate_box(place, box, **arguments)
            return place, f"the box {box} was added"

        self._in_thread("writing what was painted", make)

    def forget_box(self, box: str) -> None:
        """Take an annotated box out of the open project."""
        if (folder := self._session.project) is not None:
            self._backend.forget_box(folder, box)
            self.open(folder, self._run)

    def _in_thread(self, message: str, make: Callable[[], tuple[Path, str]]) -> None:
        if self._session.job.is_running:
            return
        self._about = self._session.project, self._run
        self._session.set_job(JobState("running", PROJECT, message))

        def work() -> None:
            try:
                made, told = make()
            except Exception as error:  # noqa: BLE001  # told in the window by _open_made
                self.thread_ended.emit(error, "")
            else:
                self.thread_ended.emit(made, told)

        threading.Thread(target=work, name="project", daemon=True).start()

    def _open_made(self, made: Path | Exception, told: str) -> None:
        try:
            if isinstance(made, Exception):
                raise made
            if made == self._session.project:
                self.open(made, self._run)
            elif made != self._about[0]:  # else a box was added, and another project opened
                self.open(made)
                self.project_made.emit()
        except Exception as error:  # noqa: BLE001  # a slot that raises would end the program
            self._session.set_job(failed(PROJECT, error))
        else:
            self._session.set_job(JobState("done", PROJECT, told))

    def _show_event(self, event: Event) -> None:
        state = self._session.job
        if not state.is_running:
            return
        if event.step != state.step:
            self._started = time.monotonic()
        self._session.set_job(running(event, time.monotonic() - self._started, state))

    def _show_again(self, folder: Path, run: str) -> None:
        self._session.set_results(self._backend.open_results(folder, run), goes_on=True)

    def _end(self, job: JobState, folder: Path | None, run: str) -> None:
        """Tell that a step was stopped or failed, and show what it has left, as a model."""
        self._session.set_job(job)
        try:
            if folder is not None:
                self._show_again(folder, run)
        except Exception as error:  # noqa: BLE001  # a slot that raises would end the program
            if job.status != "failed":
                self._session.set_job(failed(job.step, error))

    def _finish(self, job: Job) -> None:
        self._job = None
        step, (folder, run) = self._session.job.step, self._about
        is_open = self._about == (self._session.project, self._run)
        where = "" if is_open or folder is None else f" (run {run} of {folder})"
        try:
            summary = job.result()
            made = getattr(summary, "run", None)  # of training again
            if folder is not None and is_open and made is not None:
                self.open(folder, made)
            elif folder is not None and is_open:
                self._show_again(folder, run)
        except StepCancelledError as error:
            job_state = JobState("cancelled", step, str(error) + where)
            self._end(job_state, folder if is_open else None, run)
        except Exception as error:  # noqa: BLE001  # a slot that raises would end the program
            self._end(failed(step, error, where), folder if is_open else None, run)
        else:
            if where and made is not None:
                where = f" (run {made} of {folder})"
            self._session.set_job(JobState("done", step, outcome_text(summary) + where))
            if made is not None and is_open:
                self.trained_again.emit(summary)
