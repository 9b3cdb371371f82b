"""The whole way, or a part of it: runs what is not up to date and records what was made."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.events import QuietContext, StepContext
from napari_synapse_debug.domain.params import Params
from napari_synapse_debug.domain.project import ProjectConfig, StepParams
from napari_synapse_debug.io import (
    Project,
    StepRecord,
    check_project,
    load_project,
    lock_run,
    read_run,
    save_config,
    write_run,
)
from napari_synapse_debug.pipeline.card import write_scores
from napari_synapse_debug.pipeline.inputs import check_needs, check_sources, inputs_of
from napari_synapse_debug.pipeline.outcome import errors_of_run, score_of_run
from napari_synapse_debug.pipeline.package_file import refuse_package
from napari_synapse_debug.pipeline.plan import (
    OUTPUTS,
    WITHOUT_EFFECT,
    StepDone,
    in_order,
    step_key,
)
from napari_synapse_debug.pipeline.work import Work


@dataclass(frozen=True)
class StepSummary:
    """One step that was run: what it made, in words, and how long it took (s)."""

    name: str
    made: str
    seconds: float


@dataclass(frozen=True)
class RunSummary:
    """What a call of ``run_steps`` did.

    Parameters
    ----------
    steps : tuple of StepSummary
        The steps that were run, in order.
    skipped : tuple of str
        The steps that were up to date.
    score : str
        The score in one line, with its rule; empty before there is one of these results.
    errors : tuple of dict
        Errors by stage: ``stage, missed, false, mistyped``; likewise.
    """

    steps: tuple[StepSummary, ...]
    skipped: tuple[str, ...]
    score: str
    errors: tuple[Mapping[str, Any], ...]


def run_steps(
    folder: Path,
    steps: Iterable[str],
    *,
    run: str = "main",
    again: bool = False,
    params: Mapping[str, Params | Mapping[str, Any]] | None = None,
    context: StepContext | None = None,
) -> RunSummary:
    """Run the named steps of the project that are not up to date.

    A step is up to date when its parameters, the files that it reads and the results of the
    steps before it are those it was run with. What a step made is in the run folder when this
    returns, or raises: nothing that is finished is lost.

    Parameters
    ----------
    folder : Path
        The project.
    steps : iterable of str
        Some of ``STEPS``, in any order.
    run : str
        Name of the run.
    again : bool
        Run them although they are up to date.
    params : mapping of str to Params or to a mapping of str to value, optional
        Parameters by step, all or some; they are written to ``project.yaml`` once the run is free.
    context : StepContext, optional
        Takes events and knows whether to stop.

    Raises
    ------
    InputError
        There is no such step, or the data do not fit together.
    ProjectError
        Something is missing, for example the results of an earlier step, or it is a work package,
        or another process works on the run.
    StepCancelledError
        A stop was asked for.
    """
    context = context or QuietContext()
    project = load_project(folder)
    refuse_package(project.folder, "to run steps")
    values = {name: _values(p) for name, p in (params or {}).items()}
    changed, wanted = _changed(project, values), in_order(steps)
    # a run that others were trained on from is kept, unless its training is what is asked for
    trains = wanted == ("train",) or changed.config.params.train != project.config.params.train
    due = [s for s in wanted if again or not _is_current(changed, run, s, trains=trains)]
    if due:
        check_sources(changed, due)
        check_project(changed)
    done, skipped = [], []
    with lock_run(project, run) if due else nullcontext():
        project = with_params(load_project(folder), values)
        for step in wanted:
            if again or not _is_current(project, run, step, trains=trains):
                done.append(_run_step(project, run, step, context))
            else:
                skipped.append(step)
    results = project.run_folder(run)
    return RunSummary(tuple(done), tuple(skipped), score_of_run(results), errors_of_run(results))


def finish_training(
    folder: Path, *, run: str = "main", context: StepContext | None = None
) -> RunSummary:
    """Take the model of a stopped training as it is: calibrate it, and count it as trained.

    Parameters stay as they are, and what changed since the training was begun does not count: the
    record tells what it was begun with.

    Raises
    ------
    ProjectError
        The run has no unfinished training, or it is a work package, or another process works on
        the run.
    StepCancelledError
        A stop was asked for.
    """
    project = load_project(folder)
    refuse_package(project.folder, "to run steps")
    from napari_synapse_debug.pipeline.training_start import params_when_begun  # needs torch

    with lock_run(project, run):
        begun = params_when_begun(project.model_folder(run), project.config.params.train)
        project = _changed(project, {"train": begun.model_dump()})
        done = _run_step(project, run, "train", context or QuietContext(), is_over=True)
    results = project.run_folder(run)
    return RunSummary((done,), (), score_of_run(results), errors_of_run(results))


def change_params(folder: Path, values: Mapping[str, Mapping[str, Any]]) -> None:
    """Write parameters (``{step: {name: value}}``) to the project; the others stay.

    Raises
    ------
    ProjectError
        There is no such project.
    InputError
        A step or a parameter that does not exist, or a value out of bounds.
    """
    with_params(load_project(folder), values)


def with_params(project: Project, values: Mapping[str, Mapping[str, Any]]) -> Project:
    """The project with these parameters changed, in ``project.yaml`` too."""
    changed = _changed(project, values)
    if changed.config != project.config:
        save_config(changed)
    return changed


def check_params(folder: Path, values: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse what ``change_params`` would refuse, and change nothing.

    Raises
    ------
    ProjectError, InputError
        As ``change_params``.
    """
    _changed(load_project(folder), values)


def _values(params: Params | Mapping[str, Any]) -> Mapping[str, Any]:
    return params.model_dump() if isinstance(params, Params) else params


def _changed(project: Project, values: Mapping[str, Mapping[str, Any]]) -> Project:
    params = project.config.params
    for step, changes in values.items():
        if step not in StepParams.model_fields:
            raise InputError(
                "There are no parameters of such a step",
                found=step,
                expected="one of " + ", ".join(StepParams.model_fields),
                fix="write for example --set synapses.threshold=0.4",
            )
        old: Params = getattr(params, step)
        changed = type(old).build(**{**old.model_dump(), **changes})
        params = params.model_copy(update={step: changed})
    config: ProjectConfig = project.config.model_copy(update={"params": params})
    return Project(project.folder, config)


def _is_current(project: Project, run: str, step: str, *, trains: bool = False) -> bool:
    record = read_run(project.run_folder(run))
    folders = {"models": project.model_folder(run), "runs": project.run_folder(run)}
    if not all((folders[place] / name).exists() for place, name in OUTPUTS[step]):
        return False
    if step == "train" and record.is_base and not trains and step in record.steps:
        return True  # what came of it is compared with it
    return record.is_current(step, effective_params(project, step), inputs_of(project, run, step))


def effective_params(project: Project, step: str) -> dict[str, Any]:
    """The parameters of ``step`` that change its result, as they are recorded."""
    params: Params | None = getattr(project.config.params, step, None)
    return {} if params is None else params.model_dump(mode="json", exclude=set(WITHOUT_EFFECT))


def _run_step(
    project: Project, run: str, step: str, context: StepContext, *, is_over: bool = False
) -> StepSummary:
    folder = project.run_folder(run)
    check_needs(read_run(folder), step)
    params, inputs = effective_params(project, step), inputs_of(project, run, step)
    if is_over:
        from napari_synapse_debug.pipeline.training_start import inputs_when_begun

        inputs = inputs_when_begun(project.model_folder(run), inputs)
    started = time.monotonic()
    work = Work(project, run, step_key(params, inputs), context, is_over)
    made = _function(step)(work)
    seconds = time.monotonic() - started
    record = StepRecord(
        step=step, params=params, inputs=inputs, counts=dict(made.counts), seconds=seconds
    )
    write_run(folder, read_run(folder).with_step(record))
    if made.clean_up is not None:
        made.clean_up()
    if step == "train":
        # it reads the record, and needs torch, which the step has loaded
        from napari_synapse_debug.pipeline.sharing import write_model_card

        write_model_card(project, run)
    elif step == "evaluate":
        write_scores(project, run)
    return StepSummary(step, made.made, seconds)


def _function(step: str) -> Callable[[Work], StepDone]:
    """The function of ``step``; imported when it is needed, as torch takes seconds to load."""
    if step == "train":
        from napari_synapse_debug.pipeline.training import train as function
    elif step == "predict":
        from napari_synapse_debug.pipeline.prediction import predict as function
    elif step == "contacts":
        from napari_synapse_debug.pipeline.contacts import find_all_contacts as function
    elif step == "synapses":
        from napari_synapse_debug.pipeline.synapses import find_synapses as function
    elif step == "evaluate":
        from napari_synapse_debug.pipeline.evaluation import evaluate as function
    elif step == "diagnose":
        from napari_synapse_debug.pipeline.diagnosis import diagnose as function
    else:
        from napari_synapse_debug.pipeline.reporting import report as function
    return function
