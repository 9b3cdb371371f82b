"""A network under training: its optimiser, its running average, and its record."""

from __future__ import annotations

import copy
import logging
import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.params import TrainParams
from napari_synapse_debug.domain.records import empty
from napari_synapse_debug.networks import (
    RECORD,
    NetworkPlan,
    TrainedNetwork,
    TrainingState,
    build_network,
    choose_device,
    choose_dtype,
    choose_memory_format,
    use_all_cores,
)
from napari_synapse_debug.train.loss import masked_loss
from napari_synapse_debug.train.sampling import Batch

_LOG = logging.getLogger(__name__)

_WARM_UP_STEPS = 30
_AVERAGED_STEPS = 60
_LARGEST_GRADIENT = 5.0
_MOST_ROLLBACKS = 3


class Trainer:
    """A network, its running average and its optimiser, on their device.

    Parameters
    ----------
    plan : NetworkPlan
        The network.
    params : TrainParams
        Learning rate, seed of the first weights, and device.
    resume : TrainingState, optional
        Where to go on from.

    Raises
    ------
    InputError
        The device is not there, or ``resume`` is of another plan.
    """

    def __init__(
        self, plan: NetworkPlan, params: TrainParams, resume: TrainingState | None
    ) -> None:
        use_all_cores()
        self._plan = plan
        self._params = params
        self._device = choose_device(params.device)
        self.dtype = _safe_dtype(plan, self._device)
        self._layout = choose_memory_format(self._device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(params.seed)
            network = build_network(plan)
        self._network: nn.Module = network.to(self._device, memory_format=self._layout)  # type: ignore[call-overload]
        self._average = AveragedModel(self._network, avg_fn=_average, use_buffers=True)
        self._optimizer = torch.optim.AdamW(
            self._network.parameters(), params.learning_rate, weight_decay=1e-2, fused=True
        )
        self._record = empty(RECORD)
        self._rollbacks = 0
        self.step = 0
        if resume is not None:
            self._restore(resume)

    def advance(self, batch: Batch, progress: float) -> float:
        """Do one step and return its loss; NaN where the step was undone.

        Parameters
        ----------
        batch : Batch
            What to learn from.
        progress : float
            Part of the training that is over, 0 to 1; sets the learning rate.

        Raises
        ------
        InputError
            The loss was no number once too often.
        """
        self.step += 1
        rate = self._params.learning_rate * _rate_factor(self.step, progress)
        for group in self._optimizer.param_groups:
            group["lr"] = rate / 2**self._rollbacks
        self._network.train()
        raw = batch.raw.to(self._device, memory_format=self._layout)
        with torch.autocast(self._device.type, self.dtype, self.dtype != torch.float32):
            logits = self._network(raw)
        loss = masked_loss(logits, batch.target.to(self._device), batch.weight.to(self._device))
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self._network.parameters(), _LARGEST_GRADIENT)
        value = float(loss.detach() + 0 * norm)
        if not math.isfinite(value):
            self._roll_back()
            return math.nan
        self._optimizer.step()
        self._average.update_parameters(self._network)
        return value

    def note(self, losses: Sequence[float], seconds: float) -> float:
        """Add a row to the record; the mean of those ``losses`` that are numbers, or NaN."""
        finite = [loss for loss in losses if math.isfinite(loss)]
        loss = float(np.mean(finite)) if finite else math.nan
        rate = float(self._optimizer.param_groups[0]["lr"])
        row = pd.DataFrame([[self.step, seconds / 60, loss, rate]], columns=list(RECORD))
        self._record = pd.concat([self._record, row], ignore_index=True).astype(dict(RECORD))
        return loss

    def state(self, seconds: float) -> TrainingState:
        """A copy of everything, on the CPU."""
        averaged = _copy(self._average.module.state_dict())
        return TrainingState(
            TrainedNetwork(self._plan, averaged, self._record),
            _copy(self._network.state_dict()),
            copy.deepcopy(self._optimizer.state_dict()),
            self.step,
            seconds,
        )

    def _restore(self, resume: TrainingState) -> None:
        if resume.trained.plan != self._plan:
            raise InputError(
                "The training that was to go on had another plan",
                found=resume.trained.plan.model_dump_json(),
                expected=self._plan.model_dump_json(),
                fix="start a new training, or give it the classes and boxes that it had",
            )
        self._network.load_state_dict(dict(resume.weights))
        self._average.module.load_state_dict(dict(resume.trained.weights))
        self._average.n_averaged.fill_(resume.step)
        self._optimizer.load_state_dict(copy.deepcopy(resume.optimizer))
        self._record = resume.trained.record
        self.step = resume.step

    def _roll_back(self) -> None:
        self._rollbacks += 1
        if self._rollbacks > _MOST_ROLLBACKS:
            raise InputError(
                "The training does not converge",
                found=f"a loss that is no number, for the {self._rollbacks}th time",
                expected="a loss that falls",
                fix=f"lower the learning rate ({self._params.learning_rate:g})",
            )
        _LOG.warning("step %d: the loss is no number; going back to the average", self.step)
        self._network.load_state_dict(self._average.module.state_dict())
        self._optimizer.state.clear()


def _safe_dtype(plan: NetworkPlan, device: torch.device) -> torch.dtype:
    """The fastest number format in which this network trains rightly on ``device``.

    Torch 2.13 computes wrong weight gradients (1e36, inf) on the CPU in bf16 for 3 × 3 × 3
    convolutions of small planes that are just two voxels deep (planes of 16 × 16 were wrong,
    of 32 × 32 right, other depths right).
    """
    depth, depths = plan.patch_vx[0], set()
    for stride in plan.strides:
        depth //= stride[0]
        depths.add(depth)
    return torch.float32 if device.type == "cpu" and 2 in depths else choose_dtype(device)


def _rate_factor(step: int, progress: float) -> float:
    """From 0 up to 1 over the first steps, then down a cosine to 0 at the end."""
    return min(1.0, step / _WARM_UP_STEPS) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


def _average(averaged: Tensor, current: Tensor, steps: Tensor | int) -> Tensor:
    """The running average over the last steps; over fewer at the beginning."""
    share = 1 / min(int(steps) / 4 + 1, _AVERAGED_STEPS)
    return averaged + (current - averaged) * share


def _copy(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().clone() for name, tensor in weights.items()}
