"""Validation while training: scores on boxes that are not learnt, and a section to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.params import Device
from napari_synapse_debug.domain.roles import ClassSpec
from napari_synapse_debug.networks import NetworkPlan, TrainedNetwork
from napari_synapse_debug.pipeline.annotated_box import AnnotatedBox
from napari_synapse_debug.pipeline.detection import (
    JudgedBox,
    cleft_sizes,
    count_detections,
    judge_boxes,
    predict_annotated,
)
from napari_synapse_debug.pipeline.training_history import ValidationSection
from napari_synapse_debug.predict import Predictor
from napari_synapse_debug.train import SCORE, SCORE_ERROR

THRESHOLDS = tuple(round(0.1 * k, 1) for k in range(2, 10))
SMALLEST_SHARE = 0.05
"""Candidates smaller than this share of a median true cleft are left out, as calibration will."""

_DICE_ERROR = 0.01
_FULL = 255


def validate_network(
    trained: TrainedNetwork, boxes: Sequence[AnnotatedBox], device: Device
) -> tuple[dict[str, float], dict[str, ValidationSection]]:
    """Scores of a network on ``boxes``, and for each class the section with most of it.

    Returns
    -------
    values : dict
        ``validation_f1`` and ``f1 CLASS``: the best F1 of clefts (rule ``overlap``,
        conservative) of all thresholds, over all classes of synapses and for each. ``dice
        CLASS``: of the voxels of each other class, at 1/2. ``validation_score``: the mean of F1
        over all thresholds, or the mean Dice where no cleft is there; it hangs less on single
        clefts than the best F1 does. ``validation_error``: about its standard error. What cannot
        be judged for lack of truth is left out.
    sections : dict
        By class name.
    """
    predictor = Predictor(trained, device)
    predictions = [predict_annotated(predictor, found) for found in boxes]
    plan = trained.plan
    clefts = judge_boxes(boxes, predictions, plan.classes)
    values = _cleft_values(clefts) if any(c.role.is_synapse for c in plan.classes) else {}
    for number, spec in enumerate(plan.classes):
        channel = [prediction[number] for prediction in predictions]
        if spec.role.is_synapse:
            values |= _class_values(boxes, channel, spec)
        else:
            values |= _dice_values(boxes, channel, spec)
    if SCORE not in values:
        values |= _score_of_dice(values)
    return values, _sections(boxes, predictions, plan)


def check_validation(boxes: Sequence[AnnotatedBox], classes: Sequence[ClassSpec]) -> None:
    """Refuse boxes on which every network would score 0.

    Raises
    ------
    InputError
        There is no true cleft to be found in the boxes, and no voxel of another class.
    """
    if any(found.clefts is not None and found.clefts.any() for found in boxes):
        return
    others = [spec.name for spec in classes if not spec.role.is_synapse]
    if any(_marked_vx(found, name) for found in boxes for name in others):
        return
    synapses = [spec.name for spec in classes if spec.role.is_synapse]
    found = ", ".join(
        f"{name}: {sum(_marked_vx(box, name) for box in boxes)}" for name in (*synapses, *others)
    )
    expected = "voxels > 0 that mark a class"
    if len(synapses) > 1:
        expected += f"; to judge synapses, {' and '.join(synapses)} annotated in the same box"
    raise InputError(
        "Nothing can be judged in " + " and ".join(box.name for box in boxes),
        found=f"marked voxels: {found}",
        expected=expected,
        fix="annotate a validation box with something in it, or remove it: then the end of a "
        "training box is held out",
    )


def _marked_vx(found: AnnotatedBox, name: str) -> int:
    """Voxels known to be of a class."""
    mask, ignored = found.box.masks.get(name), found.box.ignored.get(name)
    if mask is None:
        return 0
    return int(np.count_nonzero(mask > 0 if ignored is None else (mask > 0) & ~ignored))


def _cleft_values(boxes: Sequence[JudgedBox]) -> dict[str, float]:
    scores = _f1_by_threshold(boxes)
    if scores is None:
        return {}
    n, score = len(cleft_sizes(boxes)), float(scores.mean())
    likely = (score * n + 1) / (n + 2)  # so that no score is taken for certain
    error = (likely * (1 - likely) / (n + 2)) ** 0.5
    return {"validation_f1": float(scores.max()), SCORE: score, SCORE_ERROR: error}


def _class_values(
    boxes: Sequence[AnnotatedBox], channel: Sequence[NDArray[np.uint8]], spec: ClassSpec
) -> dict[str, float]:
    """F1 of the clefts of one class alone."""
    judged = []
    for found, probability in zip(boxes, channel, strict=True):
        mask = found.box.masks.get(spec.name)
        if mask is not None and found.clefts is not None:
            clefts = np.where(mask > 0, found.clefts, 0).astype(np.uint64)
            judged.append(JudgedBox(probability[None], clefts, found.grid, (spec,)))
    scores = _f1_by_threshold(judged)
    return {} if scores is None else {f"f1 {spec.name}": float(scores.max())}


def _f1_by_threshold(boxes: Sequence[JudgedBox]) -> NDArray[np.float64] | None:
    """F1 at each threshold; None where no true cleft is there."""
    sizes = cleft_sizes(boxes)
    if not len(sizes):
        return None
    least = round(SMALLEST_SHARE * float(np.median(sizes)))
    return count_detections(boxes, THRESHOLDS, [least])["f1"].to_numpy(np.float64)


def _dice_values(
    boxes: Sequence[AnnotatedBox], channel: Sequence[NDArray[np.uint8]], spec: ClassSpec
) -> dict[str, float]:
    shared = total = 0
    for found, probability in zip(boxes, channel, strict=True):
        mask = found.box.masks.get(spec.name)
        if mask is None:
            continue
        truth, predicted = mask > 0, probability > _FULL // 2
        ignored = found.box.ignored.get(spec.name)
        if ignored is not None:
            truth = truth & ~ignored
        shared += int((truth & predicted).sum())
        total += int(truth.sum()) + int(predicted.sum())
    return {f"dice {spec.name}": 2 * shared / total} if total else {}


def _score_of_dice(values: Mapping[str, float]) -> dict[str, float]:
    dice = [value for name, value in values.items() if name.startswith("dice ")]
    return {SCORE: float(np.mean(dice)) if dice else 0.0, SCORE_ERROR: _DICE_ERROR}


def _sections(
    boxes: Sequence[AnnotatedBox],
    predictions: Sequence[NDArray[np.uint8]],
    plan: NetworkPlan,
) -> dict[str, ValidationSection]:
    sections = {}
    for number, spec in enumerate(plan.classes):
        most = 0
        for found, prediction in zip(boxes, predictions, strict=True):
            mask = found.box.masks.get(spec.name)
            if mask is None:
                continue
            amounts = np.count_nonzero(mask > 0, axis=(1, 2))
            z = int(amounts.argmax())
            if amounts[z] > most:
                most = int(amounts[z])
                sections[spec.name] = ValidationSection(
                    _grey(found.box.raw[z], plan),
                    np.where(mask[z] > 0, _FULL, 0).astype(np.uint8),
                    prediction[number, z].copy(),
                )
    return sections


def _grey(section: NDArray[np.generic], plan: NetworkPlan) -> NDArray[np.uint8]:
    low, high = plan.intensity.low, plan.intensity.high
    scaled = (np.asarray(section, np.float32) - low) / (high - low)
    return np.asarray(np.rint(scaled.clip(0, 1) * _FULL), np.uint8)
