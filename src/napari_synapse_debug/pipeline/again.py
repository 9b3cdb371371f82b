"""Train again: from the verdicts of a review to the next run, compared with the last one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from napari_synapse_debug.domain.errors import InputError, ProjectError
from napari_synapse_debug.domain.events import Event, QuietContext, StepContext
from napari_synapse_debug.domain.params import AgainParams, TrainParams
from napari_synapse_debug.io import Project, load_project, lock_run, read_run, write_run
from napari_synapse_debug.io.model_files import WEIGHTS
from napari_synapse_debug.pipeline.comparison import Compared, compare_runs
from napari_synapse_debug.pipeline.division import STEP, learn_reviewed
from napari_synapse_debug.pipeline.inputs import check_sources, inputs_of
from napari_synapse_debug.pipeline.lessons import (
    Lessons,
    describe_lessons,
    read_hard_places,
    read_lessons,
    read_true_lessons,
    write_lessons,
)
from napari_synapse_debug.pipeline.plan import STEPS, WITHOUT_EFFECT
from napari_synapse_debug.pipeline.review import Review, open_review
from napari_synapse_debug.pipeline.running import RunSummary, StepSummary, run_steps

_JUDGING = ("evaluate", "diagnose")


@dataclass(frozen=True)
class TrainedAgain:
    """What training again made.

    Parameters
    ----------
    run, before : str
        Names of the new run and of the one whose review it learnt from.
    lessons : Lessons
        What the review had for it.
    summary : RunSummary
        Of the new run.
    compared : Compared or None
        The new run against the one before; None where the project has no truth.
    """

    run: str
    before: str
    lessons: Lessons
    summary: RunSummary
    compared: Compared | None

    @property
    def steps(self) -> tuple[StepSummary, ...]:
        """The steps of the new run."""
        return self.summary.steps

    @property
    def skipped(self) -> tuple[str, ...]:
        """Those that were up to date."""
        return self.summary.skipped


def lessons_of(folder: Path, run: str = "main") -> Lessons:
    """What the review of ``run`` has for a training, as things stand.

    Raises
    ------
    ProjectError
        There is no such project.
    """
    with open_review(folder, run) as review:
        return describe_lessons(review, review.project)


def train_again(
    folder: Path,
    *,
    run: str = "main",
    name: str | None = None,
    params: AgainParams | None = None,
    context: StepContext | None = None,
) -> TrainedAgain:
    """Train on from the weights of ``run`` with what its review taught, and make the next run.

    The corrected truth takes the place of the truth in the annotated boxes, patches are drawn
    more often around confirmed errors of the classifier, and, if asked, a part of the
    evaluation box is learnt from; the rest of it judges from then on, ``run`` as well, whose
    evaluation before is kept in a folder beside it. The model of ``run`` is not trained anew after
    that unless asked for. Then follow prediction, synapses,
    evaluation, diagnosis and report, and the comparison of both runs; without a truth it ends with
    the synapses. A call that was stopped goes on where it was; what was reviewed since is learnt
    too, where the training had not ended, and begins it anew.

    Parameters
    ----------
    folder : Path
        The project.
    run : str
        The run that was reviewed.
    name : str, optional
        Name of the new run; default ``main-2``, ``main-3``, … after ``run``.
    params : AgainParams, optional
        Time, and what to learn from.
    context : StepContext, optional
        Takes events and knows whether to stop.

    Raises
    ------
    ProjectError
        The run has no model, something else is missing, or a part of the evaluation box meets
        an annotated box; ``project.yaml`` stays as it was then.
    InputError
        Nothing was reviewed and no part of the evaluation box is to be learnt from.
    StepCancelledError
        A stop was asked for; what is finished stays.
    """
    params, context = params or AgainParams(), context or QuietContext()
    project = load_project(folder)
    if not (project.model_folder(run) / WEIGHTS).exists():
        raise ProjectError(
            f"The run {run!r} has no model to train on from",
            found=f"models: {', '.join(project.models) or 'none'}",
            fix="train first, or name a run that was made with a model of its own name",
        )
    steps = _steps_of(project)
    check_sources(project, steps, can_be_less=False)
    chosen = name or _next_name(project, run)
    train = project.config.params.train.model_copy(
        update={
            "minutes": params.minutes,
            "hard_fraction": params.hard_fraction,
            "learning_rate": params.learning_rate,
            "init_from": run,
        }
    )
    with lock_run(project, chosen), open_review(folder, run) as review:
        if _is_trained(project, chosen, train):
            lessons = read_lessons(project.model_folder(chosen)) or describe_lessons(
                review, project
            )
            told = " (trained already; what was reviewed since is for the run after it)"
        else:
            _check_lessons(review, describe_lessons(review, project, chosen), params)
            if params.learn_share > 0:
                project = learn_reviewed(review, params, chosen, context)
            lessons, told = write_lessons(review, project, chosen), ""
    record = project.run_folder(run)
    write_run(record, read_run(record).as_base())
    context.report(Event(STEP, f"{chosen}: {lessons}{told}"))
    if project.config.truth is not None:
        run_steps(folder, _JUDGING, run=run, context=context)
    summary = run_steps(folder, steps, run=chosen, params={"train": train}, context=context)
    compared = None
    if project.config.truth is not None:
        compared = compare_runs(folder, run, chosen)
        context.report(Event(STEP, compared.content["summary"]))
    return TrainedAgain(chosen, run, lessons, summary, compared)


def _steps_of(project: Project) -> tuple[str, ...]:
    """Training and what follows from it: without a truth nothing is judged."""
    return STEPS if project.config.truth is not None else STEPS[: STEPS.index("evaluate")]


def _is_trained(project: Project, model: str, params: TrainParams) -> bool:
    """Whether ``model`` has learnt its lessons, by these parameters and from what there is now."""
    if read_hard_places(project.model_folder(model)) is None:
        return False
    asked = params.model_dump(mode="json", exclude=set(WITHOUT_EFFECT))
    record = read_run(project.run_folder(model))
    return record.is_current("train", asked, inputs_of(project, model, "train"))


def _next_name(project: Project, run: str) -> str:
    """``main-2`` after ``main``, ``main-3`` after ``main-2``; an unfinished one is gone on with."""
    match = re.fullmatch(r"(.*)-(\d+)", run)
    stem, number = (match[1], int(match[2])) if match else (run, 1)
    while True:
        number += 1
        name = f"{stem}-{number}"
        if name not in {*project.runs, *project.models} or not _is_finished(project, name):
            return name


def _is_finished(project: Project, run: str) -> bool:
    """Whether ``run`` came to its end: one without a truth, at that time, ended with synapses."""
    steps = read_run(project.run_folder(run)).steps
    had_truth = read_true_lessons(project.model_folder(run)) is not None
    return ("report" if had_truth else "synapses") in steps


def _check_lessons(review: Review, lessons: Lessons, params: AgainParams) -> None:
    is_edited = lessons.added or lessons.removed or lessons.changed
    if lessons.hard_learnt or is_edited or params.learn_share > 0 or _has_new_boxes(review):
        return
    raise InputError(
        "There is nothing new to learn",
        found=str(lessons),
        expected="confirmed errors in annotated boxes, a corrected truth, new annotated boxes, "
        "or a part of the evaluation box to learn from",
        fix="annotate one of the proposed boxes, or learn from a part of the evaluation box",
    )


def _has_new_boxes(review: Review) -> bool:
    """Whether boxes were annotated since the run's model was trained."""
    record = read_run(review.project.run_folder(review.run)).steps.get("train")
    before = 0
    if record is not None:
        before = sum(re.fullmatch(r"box \d+", name) is not None for name in record.inputs)
    return len(review.project.config.annotations) > before
