"""Who tells the partners of a run: a model of the true synapses of its train boxes, or the rule."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import ProjectError
from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.partner_model import PartnerModel
from napari_synapse_debug.domain.records import AXES, TRUTH, empty, points
from napari_synapse_debug.evaluate import look_up_segments
from napari_synapse_debug.io import Project, Volume
from napari_synapse_debug.io.partner_model import load_partner_model, save_partner_model
from napari_synapse_debug.pipeline.work import Work
from napari_synapse_debug.synapses import (
    LEAST_SYNAPSES,
    Link,
    enough_links,
    train_partners,
    true_links,
)

MODEL = "partners.json"
"""Name of the partner model, in the folder of the model and of each run that used it."""


@dataclass(frozen=True)
class Partners:
    """Who tells the partners, what to say of it, and figures for the record.

    ``model`` None: the rule.
    """

    model: PartnerModel | None
    told: str
    counts: dict[str, int | float] = field(default_factory=dict)


@dataclass(frozen=True)
class Lessons:
    """The true rows that may be learnt from, and the boxes they lie in.

    Parameters
    ----------
    rows : DataFrame
        ``records.TRUTH``; rows of the evaluation box are never among them.
    boxes : tuple of Box
        The train boxes of the project's own volume.
    held_out : Box, optional
        The evaluation box, where it reaches into one of them.
    """

    rows: pd.DataFrame
    boxes: tuple[Box, ...]
    held_out: Box | None

    @property
    def fingerprint(self) -> str:
        """A text that changes when the rows or the boxes do."""
        text = self.rows.to_csv(index=False) + f"{self.boxes} {self.held_out}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def partner_lessons(project: Project) -> Lessons:
    """What the partners of ``project`` can be learnt from.

    These are the rows with their cleft in a train box: of the box's own table where it has one,
    else of the project's truth. Validation boxes, and boxes of other volumes, are left out.
    """
    config = project.config
    grid = Grid((0, 0, 0), config.voxel_size_nm, config.offset_nm)
    own = [a for a in config.annotated if a.use == "train" and a.raw is None]
    boxes = tuple(Box.parse(annotation.box) for annotation in own)
    held_out = config.box("eval")
    if held_out is not None and not any(held_out.overlaps(box) for box in boxes):
        held_out = None
    truth = empty(TRUTH) if config.truth is None else project.truth()
    parts = [empty(TRUTH)]
    for annotation, box in zip(own, boxes, strict=True):
        table = project.truth_of(annotation)
        table = truth if table is None else table
        voxels = grid.to_index(points(table, "cleft"))
        is_inside = box.contains(voxels)
        if held_out is not None:
            is_inside &= ~held_out.contains(voxels)
        parts.append(table.loc[is_inside, list(TRUTH)])
    rows = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    rows = rows.drop_duplicates(ignore_index=True)
    return Lessons(rows, boxes, held_out)


def choose_partners(
    work: Work, pairs: pd.DataFrame, candidates: pd.DataFrame, segmentation: Volume
) -> Partners:
    """Who tells the partners of the run; a model that is learnt here is saved with its record.

    A model is learnt where the train boxes hold enough true synapses; else one that lies in the
    model's folder is used, which came with it; else the rule serves. ``partners`` of the
    parameters can ask for the rule, or refuse it.

    Raises
    ------
    ProjectError
        A model was asked for, and there is none and too little to learn from.
    DataError
        The model in the folder cannot be used.
    """
    asked, path = work.params.synapses.partners, work.model_folder / MODEL
    if asked == "rule":
        return Partners(None, "partners by the rule, as asked for")
    lessons = partner_lessons(work.project)
    is_known, links = known_links(work, pairs, candidates, segmentation, lessons)
    learnt = pairs[is_known].reset_index(drop=True)
    if enough_links(learnt, links):
        work.tell("synapses", f"learning partners from {len(learnt)} pairs")
        model = train_partners(learnt, links, polyadic=work.params.synapses.polyadic)
        save_partner_model(path, model)
        return Partners(model, _describe(model), _counts(model))
    if path.exists():
        return Partners(load_partner_model(path), "partners by the model's own partner model")
    true = int(np.isin(links, (Link.A_TO_B, Link.B_TO_A)).sum())
    few = f"{true} true synapses at candidates in the training boxes, {LEAST_SYNAPSES} are needed"
    if asked == "model":
        raise ProjectError(
            "There is no model of partners",
            found=few,
            expected="true 3-point rows in a training box, or a partner model of another project",
            fix="annotate more, or use --set synapses.partners=rule",
        )
    return Partners(None, f"partners by the rule ({few})")


def known_links(
    work: Work,
    pairs: pd.DataFrame,
    candidates: pd.DataFrame,
    segmentation: Volume,
    lessons: Lessons,
) -> tuple[NDArray[np.bool_], NDArray[np.str_]]:
    """Which pairs (N,) may be learnt from, and what the truth says of those: (M,) ``Link``.

    They are those of candidates that lie in a train box without touching its inner faces, and
    nowhere in the evaluation box.
    """
    names = candidates["candidate"].to_numpy()
    grid, evaluate = segmentation.grid, work.params.evaluate
    inside = names[_lie_inside(candidates, lessons.boxes, lessons.held_out, grid.box)]
    is_known = pairs["candidate"].isin(inside).to_numpy()
    look_up = {
        end: look_up_segments(points(lessons.rows, end), segmentation.array, grid, evaluate.snap_nm)
        for end in ("pre", "post")
    }
    rows = lessons.rows.assign(pre_segment=look_up["pre"], post_segment=look_up["post"])
    links = true_links(
        pairs[is_known], rows, evaluate.tolerance_nm, is_complete=evaluate.is_complete
    )
    return is_known, links


def keep_partners(folder: Path, partners: Partners) -> None:
    """Store the model that a run used in its ``folder``, or take an old one away."""
    if partners.model is None:
        (folder / MODEL).unlink(missing_ok=True)
    else:
        save_partner_model(folder / MODEL, partners.model)


def partners_of_run(folder: Path) -> PartnerModel | None:
    """The partner model that the run in ``folder`` used; None where the rule served."""
    path = folder / MODEL
    return load_partner_model(path) if path.exists() else None


def _lie_inside(
    candidates: pd.DataFrame, boxes: Sequence[Box], held_out: Box | None, volume: Box
) -> NDArray[np.bool_]:
    start = candidates[[f"start_{axis}" for axis in AXES]].to_numpy(np.int64)
    stop = candidates[[f"stop_{axis}" for axis in AXES]].to_numpy(np.int64)
    is_inside = np.zeros(len(candidates), dtype=bool)
    for box in boxes:
        low, high = np.asarray(box.start), np.asarray(box.stop)
        is_clear = (start > low) | (low == np.asarray(volume.start))
        is_clear &= (stop < high) | (high == np.asarray(volume.stop))
        is_inside |= (is_clear & (start >= low) & (stop <= high)).all(axis=1)
    if held_out is not None:
        apart = (stop <= np.asarray(held_out.start)) | (start >= np.asarray(held_out.stop))
        is_inside &= apart.any(axis=1)
    return np.asarray(is_inside)


def _describe(model: PartnerModel) -> str:
    found = model.calibration
    return (
        f"partners by a model of {model.synapses} true synapses (held out: F1 {found.f1:.2f}, "
        f"direction {found.direction_accuracy:.2f}, Brier {found.brier:.3f}, "
        f"{found.brier_of_rate:.3f} without it)"
    )


def _counts(model: PartnerModel) -> dict[str, int | float]:
    found = model.calibration
    return {
        "partner_synapses": model.synapses,
        "partner_pairs": model.pairs,
        "partner_f1": found.f1,
        "partner_direction": found.direction_accuracy,
        "partner_brier": found.brier,
        "partner_brier_of_rate": found.brier_of_rate,
        "partner_min_score": found.min_score,
        **{f"reliability_{round(100 * b.predicted)}": b.observed for b in found.reliability},
    }
