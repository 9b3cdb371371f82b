"""What training again takes from a review: hard places, corrected truth, boxes to annotate next."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import ProjectError, StepCancelledError
from napari_synapse_debug.domain.events import Event, StepContext
from napari_synapse_debug.domain.grid import Box, Triple
from napari_synapse_debug.domain.project import Source
from napari_synapse_debug.domain.records import TRUTH, points
from napari_synapse_debug.domain.verdicts import HARD_PLACES, finding_keys
from napari_synapse_debug.io import (
    Project,
    fingerprint,
    load_project,
    open_volume,
    read_json,
    read_table,
    write_json,
    write_table,
)
from napari_synapse_debug.pipeline.division import DIVISION, read_learnt
from napari_synapse_debug.pipeline.review import Review
from napari_synapse_debug.review import count_holding, hard_places, uncertain_boxes

HARD = "hard_places.parquet"
TRUE = "corrected_truth.parquet"
"""In the folder of the model that is trained again, so that it stays known what it learnt."""

COUNTS = "lessons.json"
"""Beside them, in figures."""


@dataclass(frozen=True)
class Lessons:
    """What a review has for a training.

    Parameters
    ----------
    verdicts : int
        Findings with a verdict that holds.
    hard : int
        Errors of the classifier among them that people confirmed.
    hard_learnt : int
        Those of them that lie in annotated boxes, where they can be learnt from.
    hard_judged : int
        Those in the evaluation box: a box that is learnt from cannot judge any more.
    added, removed, changed : int
        Rows of the truth that were corrected.
    """

    verdicts: int
    hard: int
    hard_learnt: int
    hard_judged: int
    added: int
    removed: int
    changed: int

    def __str__(self) -> str:
        edits = f"{self.added} added, {self.removed} removed, {self.changed} changed"
        return (
            f"{self.verdicts} verdicts; {self.hard} confirmed errors of the classifier, "
            f"{self.hard_learnt} of them in annotated boxes and {self.hard_judged} in the "
            f"evaluation box; truth: {edits}"
        )


def describe_lessons(review: Review, project: Project, model: str | None = None) -> Lessons:
    """What ``review`` has for a training, as things stand, with what ``model`` was to learn.

    ``project`` is that of the review, with the boxes it has by now.
    """
    settled = review.settled()
    return _count(review, project, settled, _places_to_learn(review, settled, model))


def _count(review: Review, project: Project, settled: pd.DataFrame, hard: pd.DataFrame) -> Lessons:
    places = points(hard, "place")
    grid, judged = project.raw().grid, project.config.box("eval")
    boxes = [Box.parse(a.box) for a in project.config.annotated if a.raw is None]
    voxels = grid.to_index(places)
    learnt = np.zeros(len(places), np.bool_)
    for box in boxes:
        learnt |= box.contains(voxels)
    n_judged = 0 if judged is None else int((judged.contains(voxels) & ~learnt).sum())
    added, removed, changed = _edits(review)
    return Lessons(
        verdicts=count_holding(settled),
        hard=len(places),
        hard_learnt=int(learnt.sum()),
        hard_judged=n_judged,
        added=len(added),
        removed=len(removed),
        changed=len(changed),
    )


def write_lessons(review: Review, project: Project, model: str) -> Lessons:
    """Write the lessons of ``review`` to the folder of ``model``, which is yet to be trained.

    All hard places are written, also those in the evaluation box: training takes only those
    that lie in its boxes. They come last: where they are, the lessons are complete. Where nothing
    was reviewed since a call that was stopped, the files stay, and the training goes on.
    """
    folder, settled, is_edited = review.project.model_folder(model), review.settled(), False
    places = _places_to_learn(review, settled, model)
    if review.project.config.truth is not None:
        truth, written = review.corrected_truth(), read_true_lessons(folder)
        is_edited = written is None or not written.equals(truth)
        if is_edited:
            write_table(truth, folder / TRUE)
    known, told = read_hard_places(folder), read_lessons(folder)
    is_known = known is not None and _in_order(known).equals(_in_order(places))
    if told is not None and is_known and not is_edited:
        return told  # of now there would be fewer: what is learnt from is not judged any more
    lessons = _count(review, project, settled, places)
    write_json(folder / COUNTS, asdict(lessons))
    write_table(places, folder / HARD)
    return lessons


def read_lessons(model_folder: Path) -> Lessons | None:
    """What the model was to learn, in figures; None where that was not written."""
    path = model_folder / COUNTS
    return Lessons(**read_json(path)) if path.exists() else None


def _places_to_learn(review: Review, settled: pd.DataFrame, model: str | None) -> pd.DataFrame:
    """The hard places of ``review``, and those that ``model`` was given in what it is to learn.

    The part of the evaluation box that is learnt from is not judged any more: its errors are no
    findings of the run since, and stay as a call that was stopped had written them.
    """
    places = hard_places(settled, review.findings)
    folder = None if model is None else review.project.model_folder(model)
    known = None if folder is None else read_hard_places(folder)
    learnt = None if folder is None else read_learnt(folder)
    if known is None or learnt is None:
        return places
    inside = learnt.contains(review.project.raw().grid.to_index(points(known, "place")))
    kept = known[inside & ~known["key"].isin(finding_keys(review.findings)).to_numpy()]
    return places if kept.empty else pd.concat([kept, places], ignore_index=True)


def _in_order(places: pd.DataFrame) -> pd.DataFrame:
    """By key: the same places are the same table, wherever they were found."""
    return places.sort_values("key", kind="stable", ignore_index=True)


def read_hard_places(model_folder: Path) -> pd.DataFrame | None:
    """The places to sample more often (``HARD_PLACES``); None where none were written."""
    path = model_folder / HARD
    return read_table(path, HARD_PLACES) if path.exists() else None


def read_true_lessons(model_folder: Path) -> pd.DataFrame | None:
    """The corrected truth that the model is to learn (``TRUTH``); None where none was written."""
    path = model_folder / TRUE
    return read_table(path, TRUTH) if path.exists() else None


def lesson_inputs(project: Project, model: str) -> dict[str, str]:
    """Fingerprints of the lessons of ``model``, by name; empty where there are none."""
    paths = (project.model_folder(model) / name for name in (HARD, TRUE))
    return {path.stem.replace("_", " "): fingerprint(path) for path in paths if path.exists()}


def keep_lessons(before: Path, now: Path) -> None:
    """Copy the lessons of a model folder that was set aside to the one in its place."""
    for name in (HARD, TRUE, COUNTS, DIVISION):
        if (before / name).exists():
            now.mkdir(parents=True, exist_ok=True)
            shutil.copy2(before / name, now / name)


def _edits(review: Review) -> tuple[set[int], set[int], set[int]]:
    """Rows that were added, removed and changed."""
    if review.project.config.truth is None:
        return set(), set(), set()
    before, now = review.project.truth(), review.corrected_truth()
    return edited_rows(before, now)


def edited_rows(before: pd.DataFrame, now: pd.DataFrame) -> tuple[set[int], set[int], set[int]]:
    """Rows of ``now`` that are not in ``before``, of ``before`` not in ``now``, and that differ.

    Points and kind count. A row that only changes its segments is the same to a classifier.
    """
    old, new = (table.set_index("row") for table in (before, now))
    both = old.index.intersection(new.index)
    names = [*(f"{end}_{axis}_nm" for end in ("pre", "cleft", "post") for axis in "zyx"), "kind"]
    differs = (old.loc[both, names] != new.loc[both, names]).any(axis=1)
    added, removed = new.index.difference(old.index), old.index.difference(new.index)
    return set(map(int, added)), set(map(int, removed)), set(map(int, both[differs]))


def propose_boxes(
    folder: Path,
    shape_vx: Triple,
    count: int,
    run: str = "main",
    *,
    context: StepContext | None = None,
) -> list[tuple[Box, float]]:
    """Boxes to annotate next: where the synapse classes of ``run`` are least sure.

    They meet neither an annotated box nor the evaluation box, nor one another; with each its
    mean p(1 - p), in [0, 0.25], the least sure first. All of the prediction is read; ``context``
    is told how far that is, and asked whether to stop.

    Raises
    ------
    ProjectError
        The run has no prediction.
    InputError
        A box smaller than two voxels along an axis.
    StepCancelledError
        A stop was asked for.
    """
    project = load_project(folder)
    path = project.run_folder(run) / "prediction.zarr"
    if not path.exists():
        raise ProjectError(
            f"The run {run} has no prediction", fix="run `synapse-debug predict` first"
        )
    prediction = open_volume(Source(path=str(path)))
    names = [spec.name for spec in project.config.classes if spec.role.is_synapse]
    channels = [k for k, name in enumerate(prediction.channels or ()) if name in names] or list(
        range(len(prediction.channels or ()))
    )

    def read(box: Box) -> NDArray[np.float64]:
        return prediction.read(box)[channels].astype(np.float64) / 255.0

    config = project.config
    known = [Box.parse(a.box) for a in config.annotated if a.raw is None]
    judged = config.box("eval")
    taken = known if judged is None else [*known, judged]

    def told(done: int, total: int) -> None:
        if context is None:
            return
        context.report(Event("propose", "looking where the model is least sure", done, total))
        if context.should_stop() and done < total:
            raise StepCancelledError("The search for boxes was stopped", fix="ask for them again")

    return uncertain_boxes(read, prediction.grid.box, shape_vx, count, taken, told)
