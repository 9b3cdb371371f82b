"""The training loop: steps against the clock, reports, validations, checkpoints."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from napari_synapse_debug.domain.events import Event, StepContext
from napari_synapse_debug.domain.params import TrainParams
from napari_synapse_debug.networks import (
    NetworkPlan,
    TrainedNetwork,
    TrainingState,
    choose_device,
    memory_kept,
)
from napari_synapse_debug.train.boxes import TrainingBox, check_boxes
from napari_synapse_debug.train.drawing import LATE_FROM, Patches
from napari_synapse_debug.train.selection import ValidationClock
from napari_synapse_debug.train.team import (
    Team,
    choose_backend,
    count_processes,
    gather_team,
)
from napari_synapse_debug.train.trainer import Trainer

_REPORT_SECONDS = 1.0
_CHECKPOINT_SECONDS, _FIRST_CHECKPOINT_SECONDS = 45.0, 5.0
_PARTS = 1000
_OVER = -1.0
"""Told to the other processes in place of the progress when all is done."""

Validate = Callable[[TrainedNetwork], Mapping[str, float]]


def train_network(
    boxes: Sequence[TrainingBox],
    plan: NetworkPlan,
    params: TrainParams,
    context: StepContext,
    *,
    resume: TrainingState | None = None,
    on_checkpoint: Callable[[TrainingState], None] | None = None,
    validate: Validate | None = None,
) -> TrainedNetwork:
    """A network trained on ``boxes`` until its time or its steps are over, or until a stop.

    AdamW with warm-up and a cosine; what comes back is a running average of the weights: the
    best one that was validated, or else the last, after a stop as well. The learning rate
    follows whichever of time and steps is further, so that only a training bounded by its steps
    is the same on every machine. A loss that is no number takes the training back to the
    average once, at half the rate.

    Boxes with ``is_late`` are learnt from as well from ``LATE_FROM`` of the training on, after
    a last validation: those that were held out to validate on, where all that was annotated is
    needed. What comes back is the last average then, as nothing tells which one is the best.

    Parameters
    ----------
    boxes : sequence of TrainingBox
        Raw data and masks, at full resolution.
    plan : NetworkPlan
        The network to train, as planned for these boxes.
    params : TrainParams
        Time, steps, batch, learning rate, augmentation, patience, seed, device and processes.
    context : StepContext
        Told the loss about once a second; asked whether to stop before each step.
    resume : TrainingState, optional
        Where an earlier training of the same plan was left; its time and steps count.
    on_checkpoint : callable, optional
        Given the state after 5 s, then about every 45 s, before each validation, as a process
        may be ended in it, after it, and at the end.
    validate : callable, optional
        Given the average; returns figures, among them ``SCORE`` and ``SCORE_ERROR`` of
        ``train.selection``. Called each 20th of the training, but not within 15 s nor for more
        than a tenth of the time, and at the end.

    Raises
    ------
    InputError
        Boxes from which a class cannot be learnt, a device that is not there, a state of
        another plan, or a loss that is no number a second time.
    WorkerLostError
        One of several processes ended before its time.
    """
    check_boxes([box for box in boxes if not box.is_late], plan.classes)
    context.report(Event("train", f"preparing {len(boxes)} boxes", 0, _PARTS))
    count = count_processes(params)
    backend = choose_backend(choose_device(params.device))
    with (
        gather_team(count, _follow, boxes, plan, params, resume, backend=backend) as team,
        memory_kept(),
    ):
        trainer = Trainer(plan, params, resume, team)
        patches = Patches(boxes, plan, params, trainer.device, team.rank)
        if thin := patches.thin_classes:
            context.report(Event("train", _say_thin(thin, plan)))
        training = _Training(trainer, params, context, resume, on_checkpoint, validate)
        return training.run(patches, team)


def _say_thin(classes: Sequence[str], plan: NetworkPlan) -> str:
    """That these are hard to see, in one line."""
    bins = "×".join(map(str, plan.binning))
    return (
        f"{' and '.join(classes)}: drawn so thinly that hardly any bin of {bins} voxels is half "
        "full; patches are centred on any bin with some of it. Draw it thicker, or lower "
        "train.binning, if it is not found"
    )


def _follow(
    team: Team,
    boxes: Sequence[TrainingBox],
    plan: NetworkPlan,
    params: TrainParams,
    resume: TrainingState | None,
) -> None:
    """Train beside the leader until it says that all is done."""
    with memory_kept():
        trainer = Trainer(plan, params, resume, team)
        patches = Patches(boxes, plan, params, trainer.device, team.rank)
        while (progress := team.agree(_OVER, trainer.device)) != _OVER:
            trainer.advance(patches.draw(trainer.step, progress), progress)


class _Training:
    """A training under way: its clock, and whom it tells."""

    def __init__(
        self,
        trainer: Trainer,
        params: TrainParams,
        context: StepContext,
        resume: TrainingState | None,
        on_checkpoint: Callable[[TrainingState], None] | None,
        validate: Validate | None,
    ) -> None:
        self._trainer = trainer
        self._params = params
        self._context = context
        self._on_checkpoint = on_checkpoint
        self._validate = validate
        seconds = resume.seconds if resume else 0.0
        self._started = time.monotonic() - seconds
        self._reported = seconds
        self._saved = seconds + _FIRST_CHECKPOINT_SECONDS - _CHECKPOINT_SECONDS
        self._losses: list[float] = []
        stored = resume.clock if resume else {}
        self._clock = ValidationClock(seconds, self._progress(), stored)

    def run(self, patches: Patches, team: Team) -> TrainedNetwork:
        """Train until it is over; the network to keep."""
        self._make_up()
        is_late = patches.are_more_late and self._progress() >= LATE_FROM
        if is_late:  # when it was left
            self._validate = None
            if self._progress() < 1:
                self._trainer.forget_best()
        while not (is_stopped := self._context.should_stop()):
            progress = self._progress()
            if progress >= 1 or self._is_out_of_patience(progress):
                break
            if patches.are_more_late and progress >= LATE_FROM and not is_late:
                is_late = True
                self._end_validation(progress)
            team.agree(progress, self._trainer.device)
            batch = patches.draw(self._trainer.step, progress)
            self._losses.append(self._trainer.advance(batch, progress))
            self._attend(progress)
        team.agree(_OVER, self._trainer.device)
        if self._validate is not None and not is_stopped:
            self._judge(1.0, self._validate)
        else:
            if self._losses:
                self._tell({}, 1.0)
            self._save()
        return self._trainer.state(self._seconds()).kept

    def _make_up(self) -> None:
        """Validate where the process was ended in a validation; one at the end comes anyway."""
        pending = self._clock.pending
        if pending is None or pending >= 1 or self._validate is None:
            return
        if not self._context.should_stop():
            self._judge(pending, self._validate)

    def _end_validation(self, progress: float) -> None:
        """Validate once more; from here on the latest average is the one to keep."""
        if self._validate is not None:
            self._judge(progress, self._validate)
        self._validate = None
        self._trainer.forget_best()

    def _attend(self, progress: float) -> None:
        """Whatever is due after a step."""
        seconds = self._seconds()
        if self._validate is not None and self._clock.is_due(seconds, progress):
            self._judge(progress, self._validate)
        elif seconds - self._reported > _REPORT_SECONDS:
            self._tell({}, self._progress())  # of now, or the last step would never be told as such
        if seconds - self._saved > _CHECKPOINT_SECONDS:
            self._save()

    def _judge(self, progress: float, validate: Validate) -> None:
        """Validate the average, keep it if it is the best, and say how good it is."""
        self._clock.begin(progress)
        self._save()
        before = self._seconds()
        values = validate(self._trainer.averaged())
        memory_kept.trim(0)  # of other sizes than the tensors of a step
        self._trainer.keep_best(values, progress)
        self._clock.note(before, self._seconds(), progress)
        self._tell(values, progress)
        self._save()

    def _save(self) -> None:
        if self._on_checkpoint is not None:
            self._saved = self._seconds()
            state = self._trainer.state(self._saved)
            self._on_checkpoint(replace(state, clock=self._clock.state))

    def _tell(self, validation: Mapping[str, float], progress: float) -> None:
        self._reported = self._seconds()
        values = self._trainer.note(self._losses, self._reported, validation)
        self._losses = []
        values["rate"] = values.pop("learning_rate")
        message = f"step {self._trainer.step}"
        if "loss" in values:
            message += f", loss {values['loss']:.3f}"
        if "validation_f1" in values:
            message += f", validation F1 {values['validation_f1']:.2f}"
        done = min(_PARTS, round(_PARTS * progress))
        self._context.report(Event("train", message, done, _PARTS, values))

    def _seconds(self) -> float:
        return time.monotonic() - self._started

    def _progress(self) -> float:
        by_time = self._seconds() / (60 * self._params.minutes)
        return max(by_time, self._trainer.step / self._params.steps)

    def _is_out_of_patience(self, progress: float) -> bool:
        peak = self._trainer.peak_progress
        return 0 < self._params.patience <= progress - (progress if peak is None else peak)
