"""Train again: from the verdicts of a review to the next run, compared with the last one."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from napari_synapse_debug.domain.errors import InputError, ProjectError
from napari_synapse_debug.domain.events import Event, QuietContext, StepContext
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.params import AgainParams
from napari_synapse_debug.domain.records import points
from napari_synapse_debug.io import Project, load_project, read_run, write_run
from napari_synapse_debug.io.model_files import WEIGHTS
from napari_synapse_debug.pipeline.annotations import annotate_again
from napari_synapse_debug.pipeline.comparison import Compared, compare_runs
from napari_synapse_debug.pipeline.corrections import CORRECTED, write_corrected_truth
from napari_synapse_debug.pipeline.lessons import (
    Lessons,
    describe_lessons,
    dividing,
    read_hard_places,
    read_judged,
    write_lessons,
)
from napari_synapse_debug.pipeline.plan import STEPS
from napari_synapse_debug.pipeline.review import Review, open_review
from napari_synapse_debug.pipeline.running import RunSummary, StepSummary, run_steps

STEP = "again"
_LEAST_MARKED = 0.8
"""Part of the true synapses that the masks must mark for these to be learnt from."""

_NEAR_NM = 50.0
"""A mask so near to a cleft point marks it."""

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
        return describe_lessons(review)


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
    evaluation, diagnosis and report, and the comparison of both runs. A call that was stopped
    goes on where it was.

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
    chosen = name or _next_name(project, run)
    with open_review(folder, run) as review:
        lessons = describe_lessons(review)
        if read_hard_places(project.model_folder(chosen)) is None:
            _check_lessons(review, lessons, params)
            if params.learn_share > 0:
                project = _learn_reviewed(review, params, chosen, context)
            write_lessons(review, chosen)
    record = project.run_folder(run)
    write_run(record, read_run(record).as_base())
    context.report(Event(STEP, f"{chosen}: {lessons}"))
    if project.config.truth is not None:
        run_steps(folder, _JUDGING, run=run, context=context)
    train = project.config.params.train.model_copy(
        update={
            "minutes": params.minutes,
            "hard_fraction": params.hard_fraction,
            "learning_rate": params.learning_rate,
            "init_from": run,
        }
    )
    summary = run_steps(folder, STEPS, run=chosen, params={"train": train}, context=context)
    compared = None
    if project.config.truth is not None:
        compared = compare_runs(folder, run, chosen)
        context.report(Event(STEP, compared.content["summary"]))
    return TrainedAgain(chosen, run, lessons, summary, compared)


def _next_name(project: Project, run: str) -> str:
    """``main-2`` after ``main``, ``main-3`` after ``main-2``; an unfinished one is gone on with."""
    match = re.fullmatch(r"(.*)-(\d+)", run)
    stem, number = (match[1], int(match[2])) if match else (run, 1)
    while True:
        number += 1
        name = f"{stem}-{number}"
        known = {*project.runs, *project.models}
        if name not in known or "report" not in read_run(project.run_folder(name)).steps:
            return name


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


def _learn_reviewed(
    review: Review, params: AgainParams, model: str, context: StepContext
) -> Project:
    """The project with a part of its evaluation box annotated by the corrected truth."""
    project = review.project
    config, folder = project.config, project.model_folder(model)
    if config.eval_box is not None and config.eval_box == read_judged(folder):
        return project  # this was done by a call that was killed then
    if config.truth is None:
        raise ProjectError(
            "There is no truth to learn from in the evaluation box",
            fix="add a 3-point table to the project, or learn from annotated boxes",
        )
    if config.eval_box is None and any(known.raw is None for known in config.annotated):
        raise ProjectError(
            "There is no evaluation box of which a part could be learnt from",
            found="the whole volume judges, with the boxes in which it was annotated",
            expected="an evaluation box apart from them",
            fix="write `eval_box: z0:z1,y0:y1,x0:x1` in project.yaml",
        )
    judged = config.box("eval") or project.raw().grid.box
    learnt, rest = _split(project, judged, params.learn_share)
    table = review.corrected_truth()
    for box, what in ((learnt, "to learn from"), (rest, "to judge by")):
        if not box.contains(project.raw().grid.to_index(points(table, "cleft"))).any():
            raise InputError(
                "The evaluation box cannot be divided so",
                found=f"no true synapse in {box}, the part {what}",
                expected="true synapses in both parts",
                fix="choose another share to learn from",
            )
    write_corrected_truth(project.folder)
    by_masks = params.learn_by == "masks" or (
        params.learn_by == "auto" and _are_marked(project, learnt)
    )
    by = {} if by_masks else {"truth": str(project.folder / CORRECTED)}
    with dividing(learnt, rest, folder), _set_aside(project, review.run):
        annotate_again(project.folder, str(learnt), judged=rest, **by)
    how = "masks" if by_masks else "points"
    context.report(Event(STEP, f"learns {learnt} by its {how}; {rest} judges from now on"))
    return load_project(project.folder)


def _split(project: Project, box: Box, share: float) -> tuple[Box, Box]:
    """The first ``share`` of ``box`` along its longest axis in nm, and the rest."""
    lengths = np.multiply(box.shape, project.raw().grid.voxel_size_nm)
    axis = max((1, 2, 0), key=lambda k: float(lengths[k]))
    cut = box.start[axis] + max(1, min(box.shape[axis] - 1, round(share * box.shape[axis])))
    stop, start = list(box.stop), list(box.start)
    stop[axis] = start[axis] = cut
    return (
        Box(box.start, (stop[0], stop[1], stop[2])),
        Box((start[0], start[1], start[2]), box.stop),
    )


def _are_marked(project: Project, box: Box) -> bool:
    """Whether the masks of all classes of synapses mark the true clefts in ``box``."""
    names = [spec.name for spec in project.config.classes if spec.role.is_synapse]
    masks = {mask.name for mask in project.config.masks}
    if not names or not set(names) <= masks:
        return False
    grid, truth = project.raw().grid, project.truth()
    voxels = grid.to_index(points(truth[~truth["ignore"]], "cleft"))
    voxels = voxels[box.contains(voxels)]
    volumes = [project.mask(name) for name in names]
    marked = 0
    for z, y, x in voxels.tolist():
        near = Box((z, y, x), (z + 1, y + 1, x + 1)).grow(grid.margin_vx(_NEAR_NM), within=box)
        marked += any((volume.read(near) > 0).any() for volume in volumes)
    return marked >= _LEAST_MARKED * len(voxels)


@contextmanager
def _set_aside(project: Project, run: str) -> Iterator[None]:
    """A copy of the evaluation of ``run`` in a folder in it, named by the time."""
    folder = project.run_folder(run)
    place = folder / f"evaluated-{datetime.now().strftime('%Y%m%d-%H%M%S')}"
    files = [path for path in folder.iterdir() if path.is_file()]
    place.mkdir()
    try:
        for path in files:
            shutil.copy2(path, place / path.name)
        yield
    except BaseException:
        shutil.rmtree(place)
        raise
