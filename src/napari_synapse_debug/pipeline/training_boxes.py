"""The annotated boxes of a project as arrays: what to learn from, and what to validate on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import InputError, ProjectError
from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.project import Annotation, Mask
from napari_synapse_debug.domain.records import points
from napari_synapse_debug.domain.roles import ClassSpec
from napari_synapse_debug.io import ReviewStore
from napari_synapse_debug.networks import (
    needs_resampling,
    resample_grey,
    resample_labels,
    resampled_grid,
)
from napari_synapse_debug.pipeline.annotated_box import AnnotatedBox
from napari_synapse_debug.pipeline.calibration import ENOUGH_CLEFTS
from napari_synapse_debug.pipeline.corrections import CORRECTED
from napari_synapse_debug.pipeline.holding_out import hold_out, hold_out_voxels
from napari_synapse_debug.pipeline.instances import join_instances
from napari_synapse_debug.pipeline.lessons import read_hard_places, read_true_lessons
from napari_synapse_debug.pipeline.truth_edits import correct_masks
from napari_synapse_debug.pipeline.validation import check_validation
from napari_synapse_debug.pipeline.work import Work
from napari_synapse_debug.review import replay
from napari_synapse_debug.train import TrainingBox, check_boxes
from napari_synapse_debug.train.targets import paint_targets

STEP = "train"


@dataclass(frozen=True, eq=False)
class AnnotatedBoxes:
    """What to learn from, and what to choose weights and threshold by.

    Parameters
    ----------
    train : tuple of AnnotatedBox
        Boxes to learn from.
    validation : tuple of AnnotatedBox
        Boxes to validate on; may be none.
    late : tuple of AnnotatedBox
        Those of ``validation`` that are learnt from as well at the end of the training.
    """

    train: tuple[AnnotatedBox, ...]
    validation: tuple[AnnotatedBox, ...]
    late: tuple[AnnotatedBox, ...] = ()

    @property
    def learnt(self) -> list[TrainingBox]:
        """What the network learns from, marked where it does so at the end only."""
        late = [replace(found.box, is_late=True) for found in self.late]
        return [*(found.box for found in self.train), *late]

    @property
    def held_out(self) -> tuple[AnnotatedBox, ...]:
        """Those of ``validation`` from which nothing is learnt at any time."""
        late = {found.name for found in self.late}  # they were given hard places, and are others
        return tuple(found for found in self.validation if found.name not in late)


def read_annotated_boxes(work: Work) -> AnnotatedBoxes:
    """All annotated boxes of the project, read, painted and resampled, ready to train on.

    Where the project names no validation box, the end of a training box is held out
    (``hold_out``). What was resampled, painted or held out is reported.

    Raises
    ------
    ProjectError
        Nothing was annotated.
    InputError
        A box from which nothing can be learnt, a class that no box has, points of which none
        lies in the box that is painted from them, or validation boxes that judge nothing.
    """
    config = work.project.config
    if not config.annotated or not config.classes:
        raise _nothing_to_learn(work)
    corrected = read_true_lessons(work.model_folder)
    boxes = [(found.use, _read(work, found, corrected)) for found in config.annotated]
    is_painted = any(found.box.ignored for _, found in boxes)  # masks leave nothing open
    if is_painted and corrected is None and (edits := _count_edits(work)):
        work.tell(
            STEP,
            f"edits of the truth in the review ({edits}) are not learnt here: train again with "
            "what the review taught, or write the corrected truth (`correct`) and use that",
        )
    train = tuple(box for use, box in boxes if use == "train")
    validation = tuple(box for use, box in boxes if use == "validation")
    if not train:
        raise _nothing_to_learn(work)
    check_boxes([box.box for box in train], config.classes)
    if validation:
        check_validation(validation, config.classes)
    fraction = work.params.train.validation_fraction
    if validation or fraction == 0:
        return AnnotatedBoxes(_with_hard_places(work, train), validation)
    if not any(spec.role.is_synapse for spec in config.classes):
        held = hold_out_voxels(train, fraction)
        work.tell(STEP, held.said)
        return AnnotatedBoxes(_with_hard_places(work, held.train), held.validation)
    held = hold_out(train, fraction)
    late = () if held.n_clefts >= ENOUGH_CLEFTS else held.validation
    said = "; learnt from as well at the end, as there are few" if late else ""
    work.tell(STEP, held.said + said)
    return AnnotatedBoxes(
        _with_hard_places(work, held.train), held.validation, _with_hard_places(work, late)
    )


def _with_hard_places(work: Work, boxes: tuple[AnnotatedBox, ...]) -> tuple[AnnotatedBox, ...]:
    """The boxes with the confirmed errors that lie in them, as a review told them.

    These have places in the project's raw volume, which say nothing about boxes of another.
    """
    places = read_hard_places(work.model_folder)
    if places is None or places.empty or not boxes:
        return boxes
    where, weights = points(places, "place"), places["weight"].to_numpy(np.float64)
    made, used = [], 0
    for found in boxes:
        inside = found.grid.contains(where) & found.is_in_raw
        rows = np.column_stack([found.grid.to_index(where[inside]), weights[inside]])
        made.append(replace(found, box=replace(found.box, hard_places=rows)))
        used += int(inside.sum())
    work.tell(STEP, f"hard places: {used} of {len(places)} lie in the boxes that are learnt")
    return tuple(made)


def _read(work: Work, annotation: Annotation, corrected: pd.DataFrame | None) -> AnnotatedBox:
    project, box = work.project, Box.parse(annotation.box)
    volume = project.raw_of(annotation)
    masks = project.config.masks_in(annotation)
    raw = volume.read(box)
    _check_grey(raw, annotation)
    read = AnnotatedBox(
        name=str(annotation),
        box=TrainingBox(raw, {m.name: _read_mask(work, annotation, m) for m in masks}),
        grid=volume.grid.crop(box),
        clefts=None,
        is_in_raw=annotation.raw is None,
    )
    sized = _resample(work, read)
    if corrected is not None and annotation.raw is None and work.project.config.truth is not None:
        classes, params = project.config.classes, work.params.targets
        sized, edits = correct_masks(sized, project.truth(), corrected, classes, params)
        if edits:
            work.tell(STEP, f"{sized.name}: {edits} clefts as the corrected truth has them")
    painted = _paint(work, annotation, sized, corrected)
    return replace(painted, clefts=_true_clefts(painted.box, project.config.classes))


def _read_mask(work: Work, annotation: Annotation, mask: Mask) -> NDArray[Any]:
    """The mask in the box; its file holds either the whole volume or the box alone."""
    box = Box.parse(annotation.box)
    volume = work.project.mask_of(annotation, mask)
    is_box_alone = volume.grid.shape == box.shape
    return volume.read(volume.grid.box if is_box_alone else box)


def _check_grey(raw: NDArray[Any], annotation: Annotation) -> None:
    if raw.size and raw.min() == raw.max():
        raise InputError(
            f"The raw data of the {annotation} are constant",
            found=f"the value {raw.flat[0]} everywhere",
            expected="an image",
            fix="choose the raw data set, and a box where it was imaged",
        )


def _resample(work: Work, found: AnnotatedBox) -> AnnotatedBox:
    """The box at the voxel size of the project; as it is where that is about its own."""
    wanted = work.project.config.voxel_size_nm
    if not needs_resampling(found.grid.voxel_size_nm, wanted):
        return found
    grid = resampled_grid(found.grid, wanted)
    masks = {
        name: None if mask is None else resample_labels(mask, grid.shape)
        for name, mask in found.box.masks.items()
    }
    work.tell(
        STEP,
        f"{found.name}: resampled from voxels of {_sizes(found.grid)} nm to {_sizes(grid)} nm",
    )
    raw = resample_grey(found.box.raw, grid.shape)
    return replace(found, box=TrainingBox(raw, masks), grid=grid)


def _sizes(grid: Grid) -> str:
    return " × ".join(f"{size:.3g}" for size in grid.voxel_size_nm)


def _paint(
    work: Work, annotation: Annotation, found: AnnotatedBox, corrected: pd.DataFrame | None
) -> AnnotatedBox:
    """The box with its classes without masks painted from points, if it has any."""
    truth = work.project.truth_of(annotation)
    if corrected is not None and annotation.truth in (work.project.config.truth, CORRECTED):
        truth = corrected if truth is not None else None
    masks = found.box.masks
    classes = [
        spec
        for spec in work.project.config.classes
        if spec.role.is_synapse and spec.name not in masks
    ]
    if truth is None or not classes:
        return found
    inside = int(_are_inside(truth, found.grid).sum())
    where = f"{inside} of {len(truth)} rows of {annotation.truth}"
    if inside == 0:
        raise InputError(
            f"No synapse lies in the {annotation}, which is to be painted from them",
            found=where,
            expected="cleft points in the box (z, y, x in nm)",
            fix="check the box (voxels), and unit and order of axes of the points",
        )
    work.tell(STEP, f"{found.name}: {where} lie inside; the others are not learnt here")
    targets = paint_targets(truth, found.grid, classes, work.params.targets)
    ignored = {**found.box.ignored, **targets.ignored}
    box = TrainingBox(found.box.raw, {**masks, **targets.masks}, ignored)
    return replace(found, box=box)


def _count_edits(work: Work) -> int:
    """How often the truth was edited by hand, as far as that stands."""
    path = work.project.review_path
    if not path.exists():
        return 0
    with ReviewStore(path, author="") as store:  # nothing is said here
        return len(replay(action for _, action in store.actions()).edits)


def _are_inside(truth: pd.DataFrame, grid: Grid) -> NDArray[np.bool_]:
    return grid.contains(points(truth, "cleft"))


def _true_clefts(box: TrainingBox, classes: Sequence[ClassSpec]) -> NDArray[np.uint64] | None:
    """Ids of the clefts of all classes of synapses, a later class over an earlier one.

    None where a class of synapses was not annotated: what is found there cannot be judged.
    """
    masks = [box.masks.get(spec.name) for spec in classes if spec.role.is_synapse]
    known = [mask.astype(np.uint64) for mask in masks if mask is not None]
    return join_instances(known) if known and len(known) == len(masks) else None


def _nothing_to_learn(work: Work) -> ProjectError:
    config = work.project.config
    boxes, names = len(config.annotated), ", ".join(spec.name for spec in config.classes)
    return ProjectError(
        "There is nothing to learn from",
        found=f"{boxes} annotated boxes; classes: {names or 'none'}",
        expected="a train box, and masks or 3-point rows in it",
        fix="make the project with --train-box and --mask or --truth, or add a box with "
        "`synapse-debug annotate`",
    )
