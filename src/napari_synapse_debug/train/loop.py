"""The training loop: steps against the clock, reports, checkpoints."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from napari_synapse_debug.domain.events import Event, StepContext
from napari_synapse_debug.domain.params import TrainParams
from napari_synapse_debug.networks import NetworkPlan, TrainedNetwork, TrainingState
from napari_synapse_debug.train.boxes import TrainingBox, check_boxes
from napari_synapse_debug.train.sampling import PatchSampler
from napari_synapse_debug.train.trainer import Trainer

_REPORT_SECONDS = 1.0
_CHECKPOINT_SECONDS = 45.0
_PARTS = 1000


def train_network(
    boxes: Sequence[TrainingBox],
    plan: NetworkPlan,
    params: TrainParams,
    context: StepContext,
    *,
    resume: TrainingState | None = None,
    on_checkpoint: Callable[[TrainingState], None] | None = None,
) -> TrainedNetwork:
    """A network trained on ``boxes`` until its time or its steps are over, or until a stop.

    AdamW with warm-up and a cosine; what comes back is the running average of the weights,
    after a stop as well. The learning rate follows whichever of time and steps is further, so
    that only a training bounded by its steps is the same on every machine.

    Parameters
    ----------
    boxes : sequence of TrainingBox
        Raw data and masks, at full resolution.
    plan : NetworkPlan
        The network to train, as planned for these boxes.
    params : TrainParams
        Time, steps, batch, learning rate, augmentation, seed and device.
    context : StepContext
        Told the loss about once a second; asked whether to stop before each step.
    resume : TrainingState, optional
        Where an earlier training of the same plan was left; its time and steps count.
    on_checkpoint : callable, optional
        Given the state about every 45 s, and at the end.

    Raises
    ------
    InputError
        Boxes from which a class cannot be learnt, a device that is not there, a state of
        another plan, or a loss that is no number again and again.
    """
    started = time.monotonic() - (resume.seconds if resume else 0.0)
    check_boxes(boxes, plan.classes)
    context.report(Event("train", f"preparing {len(boxes)} boxes", 0, _PARTS))
    trainer = Trainer(plan, params, resume)
    sampler = PatchSampler(boxes, plan, params)
    reported = saved = time.monotonic()
    losses: list[float] = []
    while not context.should_stop():
        seconds = time.monotonic() - started
        progress = max(seconds / (60 * params.minutes), trainer.step / params.steps)
        if progress >= 1:
            break
        losses.append(trainer.advance(sampler.draw(trainer.step), progress))
        if time.monotonic() - reported > _REPORT_SECONDS:
            reported = time.monotonic()
            context.report(_tell(trainer, losses, reported - started, progress))
            losses = []
        if on_checkpoint is not None and time.monotonic() - saved > _CHECKPOINT_SECONDS:
            saved = time.monotonic()
            on_checkpoint(trainer.state(saved - started))
    seconds = time.monotonic() - started
    if losses:
        context.report(_tell(trainer, losses, seconds, 1.0))
    state = trainer.state(seconds)
    if on_checkpoint is not None:
        on_checkpoint(state)
    return state.trained


def _tell(trainer: Trainer, losses: list[float], seconds: float, progress: float) -> Event:
    loss = trainer.note(losses, seconds)
    values = {"loss": loss, "step": float(trainer.step)}
    message = f"step {trainer.step}, loss {loss:.3f}"
    return Event("train", message, min(_PARTS, round(_PARTS * progress)), _PARTS, values)
