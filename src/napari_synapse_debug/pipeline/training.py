"""The step `train`: from annotated boxes to a model with a calibrated threshold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from napari_synapse_debug.domain.errors import StepCancelledError
from napari_synapse_debug.io import read_json, write_json
from napari_synapse_debug.io.checkpoint import (
    clear_training_state,
    load_model,
    load_training_state,
    save_last,
    save_model,
    save_training_state,
)
from napari_synapse_debug.io.model_files import WEIGHTS
from napari_synapse_debug.networks import NetworkPlan, TrainedNetwork, TrainingState, plan_network
from napari_synapse_debug.pipeline.annotated_box import AnnotatedBox
from napari_synapse_debug.pipeline.calibration import Calibration, calibrate
from napari_synapse_debug.pipeline.detection import judge_boxes, predict_annotated
from napari_synapse_debug.pipeline.inputs import inputs_of
from napari_synapse_debug.pipeline.lessons import keep_lessons
from napari_synapse_debug.pipeline.plan import StepDone
from napari_synapse_debug.pipeline.training_boxes import AnnotatedBoxes, read_annotated_boxes
from napari_synapse_debug.pipeline.training_history import write_sections
from napari_synapse_debug.pipeline.training_log import LOGS, LoggedContext
from napari_synapse_debug.pipeline.validation import validate_network
from napari_synapse_debug.pipeline.work import Work
from napari_synapse_debug.predict import Predictor
from napari_synapse_debug.train import start_from, train_network

BEGUN = "training.begun.json"
"""Beside an unfinished training: what it learns, and by which parameters."""


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
    plan = _plan(work, boxes)
    start = _prepare_start(work, plan)
    with LoggedContext(work.context, work.model_folder / LOGS, start.step if start else 0) as told:
        trained = train_network(
            boxes.learnt,
            plan,
            work.params.train,
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
            fix="run train again to go on from there, or set train.minutes to less than that to "
            "take the model as it is",
        )
    work.tell("train", "calibrating the threshold")
    calibration = _calibrate(work, boxes, trained)
    if calibration is not None:
        write_json(work.model_folder / "calibration.json", calibration.model_dump())
    clear_training_state(work.model_folder)
    (work.model_folder / BEGUN).unlink(missing_ok=True)
    return _describe(trained, calibration)


def _plan(work: Work, boxes: AnnotatedBoxes) -> NetworkPlan:
    config = work.project.config
    raws = [found.box.raw for found in boxes.train]
    return plan_network(config.classes, config.voxel_size_nm, raws, work.params.train)


def _prepare_start(work: Work, plan: NetworkPlan) -> TrainingState | None:
    """Where to begin: an unfinished training, another model, or None for nothing.

    A finished model is renamed, so that training again never destroys one.
    """
    state, learnt = load_training_state(work.model_folder), _what_is_learnt(work)
    if state is not None:
        changed = _changed_since(work.model_folder / BEGUN, learnt)
        if state.trained.plan != plan:
            changed.append("plan of the network")
        if not changed:
            return state
        names = ", ".join(changed)
        work.tell("train", f"changed since the unfinished training was begun: {names}; begins anew")
    start = _start_from_model(work, plan)
    work.forget("train")
    weights = work.model_folder / WEIGHTS
    if weights.exists():
        made = datetime.fromtimestamp(weights.stat().st_mtime).strftime("%Y%m%d-%H%M%S")
        aside = work.model_folder.rename(work.model_folder.with_name(f"{work.run}-{made}"))
        keep_lessons(aside, work.model_folder)
    else:
        clear_training_state(work.model_folder)
    write_json(work.model_folder / BEGUN, learnt)
    return start


def _what_is_learnt(work: Work) -> dict[str, str]:
    """What a training must have in common with an unfinished one to go on from there, by name."""
    params = work.params.train.model_dump(include={"seed", "init_from", "validation_fraction"})
    painting = {"targets": work.params.targets.model_dump_json()}
    named = {name.replace("_", " "): str(value) for name, value in params.items()}
    return {**inputs_of(work.project, work.run, "train"), **named, **painting}


def _changed_since(path: Path, learnt: Mapping[str, str]) -> list[str]:
    """The names of what is not as it was noted at ``path``; none where nothing was noted."""
    if not path.exists():  # of an older version
        return []
    before = read_json(path)
    return [name for name in {**before, **learnt} if before.get(name) != learnt.get(name)]


def _start_from_model(work: Work, plan: NetworkPlan) -> TrainingState | None:
    """The state in which a training with ``train.init_from`` begins; None without it."""
    name = work.params.train.init_from
    if not name:
        return None
    if name in work.project.models:
        folder = work.project.model_folder(name)
    else:
        folder = work.project.folder / Path(name).expanduser()
    return start_from(load_model(folder), plan, work.params.train.seed)


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


def _describe(trained: TrainedNetwork, calibration: Calibration | None) -> StepDone:
    record = trained.record
    steps = int(record["step"].max()) if len(record) else 0
    losses = record["loss"].dropna()
    loss = float(losses.iloc[-1]) if len(losses) else float("nan")
    made = f"a network of {len(trained.plan.classes)} classes, {steps} steps, loss {loss:.3f}"
    counts: dict[str, int | float] = {"steps": steps, "loss": loss}
    scores = record["validation_f1"].dropna()
    if len(scores):
        made += f", validation F1 {scores.iloc[-1]:.2f}"
        counts["validation_f1"] = float(scores.iloc[-1])
    if calibration is not None:
        made += (
            f"; threshold {calibration.threshold:.2f}, at least {calibration.min_size_vx} voxels"
        )
        counts |= {"threshold": calibration.threshold, "min_size_vx": calibration.min_size_vx}
    return StepDone(made, counts)
