"""The step `train`: from annotated boxes to a model with a calibrated threshold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from napari_synapse_debug.domain.errors import StepCancelledError
from napari_synapse_debug.io import write_json
from napari_synapse_debug.io.checkpoint import save_last, save_model, save_training_state
from napari_synapse_debug.networks import NetworkPlan, TrainedNetwork, TrainingState, plan_network
from napari_synapse_debug.pipeline.annotated_box import AnnotatedBox
from napari_synapse_debug.pipeline.calibration import Calibration, calibrate
from napari_synapse_debug.pipeline.detection import judge_boxes, predict_annotated
from napari_synapse_debug.pipeline.plan import StepDone
from napari_synapse_debug.pipeline.rare_classes import rare_classes
from napari_synapse_debug.pipeline.training_boxes import AnnotatedBoxes, read_annotated_boxes
from napari_synapse_debug.pipeline.training_history import write_sections
from napari_synapse_debug.pipeline.training_log import LOGS, LoggedContext
from napari_synapse_debug.pipeline.training_start import forget_start, prepare_start, unfinished
from napari_synapse_debug.pipeline.validation import validate_network
from napari_synapse_debug.pipeline.work import Work
from napari_synapse_debug.predict import Predictor
from napari_synapse_debug.train import train_network

_OVER = 0.999
"""Of the time that a training took, after which it is over at once."""

_LEAST_MINUTES = 1e-3


def train(work: Work) -> StepDone:
    """Train on the annotated boxes, calibrate, and save the best weights and the last ones.

    Raises
    ------
    ProjectError
        Nothing to learn from, or no model to start from.
    InputError
        Boxes that cannot be learnt, a model to start from that is another kind of network, or
        a loss that is no number again and again.
    StepCancelledError
        Stopped; the best weights are kept, and the next call goes on from there.
    """
    boxes = read_annotated_boxes(work)
    for line in (rare := rare_classes(work.project.config.classes, boxes.learnt)):
        work.tell("train", line)
    params = work.params.train
    start: TrainingState | None
    if work.is_over:
        begun = unfinished(work)
        minutes = max(begun.seconds / 60 * _OVER, _LEAST_MINUTES)
        params = params.model_copy(update={"minutes": minutes})
        start, plan = begun, begun.trained.plan
    else:
        plan = _plan(work, boxes)
        start = prepare_start(work, plan)
    with LoggedContext(work.context, work.model_folder / LOGS, start.step if start else 0) as told:
        trained = train_network(
            boxes.learnt,
            plan,
            params,
            told,
            resume=start,
            on_checkpoint=lambda state: _save_state(work.model_folder, state),
            validate=_validation(work, boxes) if boxes.validation else None,
        )
    if work.context.should_stop():
        minutes = float(trained.record["minutes"].max()) if len(trained.record) else 0.0
        raise StepCancelledError(
            "The training was stopped",
            found=f"{minutes:.1f} minutes; the best weights so far are kept",
            fix="run train again to go on from there, or take the model as it is with "
            "`synapse-debug train --as-it-is`",
        )
    work.tell("train", "calibrating the threshold")
    calibration = _calibrate(work, boxes, trained)
    if calibration is not None:
        write_json(work.model_folder / "calibration.json", calibration.model_dump())
    made, counts = describe_training(trained, calibration)
    return StepDone("; ".join((made, *rare)), counts, partial(forget_start, work))


def _plan(work: Work, boxes: AnnotatedBoxes) -> NetworkPlan:
    config = work.project.config
    raws = [found.box.raw for found in boxes.train]
    return plan_network(config.classes, config.voxel_size_nm, raws, work.params.train)


def _save_state(folder: Path, state: TrainingState) -> None:
    """Write what is needed to go on, and the model as it is, which can be looked at meanwhile."""
    save_training_state(folder, state)
    save_last(folder, state.trained)
    save_model(folder, state.kept)


def _validation(
    work: Work, boxes: AnnotatedBoxes
) -> Callable[[TrainedNetwork], Mapping[str, float]]:
    def validate(trained: TrainedNetwork) -> Mapping[str, float]:
        values, sections = validate_network(trained, boxes.validation, work.params.train.device)
        write_sections(work.model_folder, sections)
        return values

    return validate


def _calibrate(work: Work, boxes: AnnotatedBoxes, trained: TrainedNetwork) -> Calibration | None:
    """The operating point; None where no box says where all synapses are."""
    classes = work.project.config.classes
    if not any(spec.role.is_synapse for spec in classes):
        return None
    predictor = Predictor(trained, work.params.train.device)
    validation, training = (
        judge_boxes(part, [predict_annotated(predictor, found) for found in part], classes)
        for part in (_judgeable(boxes.held_out), _judgeable((*boxes.train, *boxes.late)))
    )
    return calibrate(validation, training) if validation or training else None


def _judgeable(boxes: tuple[AnnotatedBox, ...]) -> tuple[AnnotatedBox, ...]:
    return tuple(found for found in boxes if found.clefts is not None)


def describe_training(
    trained: TrainedNetwork, calibration: Calibration | None
) -> tuple[str, dict[str, int | float]]:
    """What was made, in one line, and its counts.

    The validation F1 is that of the weights that are kept; where these were not validated, as
    they learnt from what was held out, it is that of the last that were.
    """
    record = trained.record
    steps = int(record["step"].max()) if len(record) else 0
    losses = record["loss"].dropna()
    loss = float(losses.iloc[-1]) if len(losses) else float("nan")
    made = f"a network of {len(trained.plan.classes)} classes, {steps} steps, loss {loss:.3f}"
    counts: dict[str, int | float] = {"steps": steps, "loss": loss}
    said = record.dropna(subset=["validation_f1"])
    if trained.step is not None:
        said = said[said["step"] == trained.step]
    if len(said):
        f1 = float(said["validation_f1"].iloc[-1])
        made += f", validation F1 {f1:.2f}"
        if trained.step is None:
            made += " before the held-out part was learnt as well"
        elif trained.step < steps:
            made += f" (the weights of step {trained.step} are kept)"
        counts["validation_f1"] = f1
    if calibration is not None:
        made += (
            f"; threshold {calibration.threshold:.2f}, at least {calibration.min_size_vx} voxels"
        )
        counts |= {"threshold": calibration.threshold, "min_size_vx": calibration.min_size_vx}
    return made, counts
