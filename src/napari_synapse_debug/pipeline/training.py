"""The step `train`: from annotated boxes to a model with a calibrated threshold."""

from __future__ import annotations

from datetime import datetime

from napari_synapse_debug.domain.errors import ProjectError, StepCancelledError
from napari_synapse_debug.io import write_json
from napari_synapse_debug.io.checkpoint import (
    clear_training_state,
    load_training_state,
    save_model,
    save_training_state,
)
from napari_synapse_debug.networks import NetworkPlan, TrainedNetwork, TrainingState, plan_network
from napari_synapse_debug.pipeline.calibration import Calibration, calibrate
from napari_synapse_debug.pipeline.overlay import true_clefts
from napari_synapse_debug.pipeline.plan import StepDone
from napari_synapse_debug.pipeline.work import Work
from napari_synapse_debug.predict import Predictor
from napari_synapse_debug.train import TrainingBox, train_network


def train(work: Work) -> StepDone:
    """Train on the train box, calibrate on it, and save the model.

    Raises
    ------
    ProjectError
        No mask to learn from.
    StepCancelledError
        Stopped; what was learnt is kept and the next call goes on from there.
    """
    box = read_training_box(work)
    config = work.project.config
    params = work.params.train
    plan = plan_network(config.classes, config.voxel_size_nm, [box.raw], params)
    _set_old_model_aside(work)
    resume = _matching(load_training_state(work.model_folder), plan)
    trained = train_network(
        [box],
        plan,
        params,
        work.context,
        resume=resume,
        on_checkpoint=lambda state: save_training_state(work.model_folder, state),
    )
    if work.context.should_stop():
        raise StepCancelledError(
            "The training was stopped",
            found=f"{len(trained.record)} reports of progress; the state is kept",
            fix="run train again to go on from there",
        )
    work.tell("train", "calibrating the threshold on the train box")
    calibration = _calibrate(work, box, trained)
    save_model(work.model_folder, trained)
    if calibration is not None:
        write_json(work.model_folder / "calibration.json", calibration.model_dump())
    clear_training_state(work.model_folder)
    return _describe(trained, calibration)


def read_training_box(work: Work) -> TrainingBox:
    """Raw data and masks of the train box.

    Raises
    ------
    ProjectError
        The project has no train box, or no mask.
    """
    box = work.box("train")
    masks = work.project.config.masks
    if not masks:
        raise ProjectError(
            "There is nothing to learn from",
            found="a project without masks",
            expected="at least one --mask CLASS[:ROLE]=FILE:DATASET",
            fix="make the project with the masks that were annotated in the train box",
        )
    return TrainingBox(
        work.project.raw().read(box),
        {mask.name: work.project.mask(mask.name).read(box) for mask in masks},
    )


def _set_old_model_aside(work: Work) -> None:
    """Rename a finished model, so that training again never destroys one."""
    weights = work.model_folder / "weights.pt"
    if weights.exists():
        made = datetime.fromtimestamp(weights.stat().st_mtime).strftime("%Y%m%d-%H%M%S")
        work.model_folder.rename(work.model_folder.with_name(f"{work.run}-{made}"))


def _matching(state: TrainingState | None, plan: NetworkPlan) -> TrainingState | None:
    return state if state is not None and state.trained.plan == plan else None


def _calibrate(work: Work, box: TrainingBox, trained: TrainedNetwork) -> Calibration | None:
    """The operating point on the train box; None where no class marks synapses."""
    classes = work.project.config.classes
    clefts = true_clefts(work.project)
    if clefts is None:
        return None
    predictor = Predictor(trained, work.params.train.device)
    where = work.box("train")
    probability = predictor.predict(box.raw)
    grid = work.project.raw().grid.crop(where)
    return calibrate(probability, clefts.read(where), grid, classes)


def _describe(trained: TrainedNetwork, calibration: Calibration | None) -> StepDone:
    record = trained.record
    steps = int(record["step"].max()) if len(record) else 0
    loss = float(record["loss"].iloc[-1]) if len(record) else float("nan")
    made = f"a network of {len(trained.plan.classes)} classes, {steps} steps, loss {loss:.3f}"
    counts: dict[str, int | float] = {"steps": steps, "loss": loss}
    if calibration is not None:
        made += (
            f"; threshold {calibration.threshold:.2f}, at least {calibration.min_size_vx} voxels"
        )
        counts |= {"threshold": calibration.threshold, "min_size_vx": calibration.min_size_vx}
    return StepDone(made, counts)
