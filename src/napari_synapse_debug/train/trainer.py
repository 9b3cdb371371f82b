"""A network under training: its optimiser, its running average, and its record."""

from __future__ import annotations

import copy
import logging
import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.params import TrainParams
from napari_synapse_debug.domain.records import conform, empty
from napari_synapse_debug.networks import (
    RECORD,
    BestWeights,
    NetworkPlan,
    TrainedNetwork,
    TrainingState,
    build_network,
    choose_dtype,
    choose_memory_format,
)
from napari_synapse_debug.train.convolutions import (
    are_weight_gradients_wrong,
    mend_weight_gradients,
)
from napari_synapse_debug.train.loss import masked_loss
from napari_synapse_debug.train.sampling import Batch
from napari_synapse_debug.train.selection import choose_best
from napari_synapse_debug.train.team import ALONE, Team

_LOG = logging.getLogger(__name__)

_Tensors = list[Tensor] | tuple[Tensor, ...]

_WARM_UP_STEPS = 30
_AVERAGED_STEPS = 60
_LARGEST_GRADIENT = 5.0
_MOST_ROLLBACKS = 1


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
    team : Team
        The processes that train together, each with a trainer; alone by default.

    Raises
    ------
    InputError
        The device is not there, or ``resume`` is of another plan.
    """

    def __init__(
        self,
        plan: NetworkPlan,
        params: TrainParams,
        resume: TrainingState | None,
        team: Team = ALONE,
    ) -> None:
        self._plan = plan
        self._params = params
        self._team = team
        self.device = team.choose_device(params)
        self.dtype = _choose_dtype(plan, self.device, resume, team)
        self._layout = choose_memory_format(self.device)
        network = new_network(plan, params.seed)
        if are_weight_gradients_wrong(plan, self.device, self.dtype):
            mend_weight_gradients(network)
        self._network: nn.Module = network.to(self.device, memory_format=self._layout)  # type: ignore[call-overload]
        self._average = AveragedModel(self._network, multi_avg_fn=_average, use_buffers=True)
        self._optimizer = torch.optim.AdamW(
            self._network.parameters(), params.learning_rate, weight_decay=1e-2, fused=True
        )
        self._rows: list[dict[str, Any]] = []
        self._rollbacks = 0
        self._best: BestWeights | None = None
        self.step = 0
        if resume is not None:
            self._restore(resume)
        self._shared = team.share(self._network, self.device)

    @property
    def peak_progress(self) -> float | None:
        """Part of the training that was over at the highest score; None before a validation."""
        return None if self._best is None else self._best.peak_progress

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
        raw = batch.raw.to(self.device, memory_format=self._layout)
        with torch.autocast(self.device.type, self.dtype, self.dtype != torch.float32):
            logits = self._shared(raw)
        loss = masked_loss(logits, batch.target.to(self.device), batch.weight.to(self.device))
        self._optimizer.zero_grad()
        _go_back(loss)
        norm = nn.utils.clip_grad_norm_(self._network.parameters(), _LARGEST_GRADIENT)
        value = self._team.mean(float(loss.detach() + 0 * norm), self.device)
        if not math.isfinite(value):
            self._roll_back()
            return math.nan
        self._optimizer.step()
        self._average.update_parameters(self._network)
        return value

    def note(
        self, losses: Sequence[float], seconds: float, validation: Mapping[str, float]
    ) -> dict[str, float]:
        """Add a row to the record and return it, without the values that are not known.

        Parameters
        ----------
        losses : sequence of float
            Of the steps since the row before; NaN for those that were undone.
        seconds : float
            Time spent.
        validation : mapping
            What a validation gave; empty where there was none.
        """
        finite = [loss for loss in losses if math.isfinite(loss)]
        row = {
            "step": float(self.step),
            "minutes": seconds / 60,
            "loss": float(np.mean(finite)) if finite else math.nan,
            "learning_rate": float(self._optimizer.param_groups[0]["lr"]),
            **validation,
        }
        self._rows.append(row)
        return {name: value for name, value in row.items() if math.isfinite(value)}

    def keep_best(self, validation: Mapping[str, float], progress: float) -> None:
        """Keep the average if its ``validation`` says so (``choose_best``)."""
        weights = _copy(self._average.module.state_dict())
        self._best = choose_best(self._best, weights, self.step, progress, validation)

    def forget_best(self) -> None:
        """Keep the latest average from now on, whatever was validated before."""
        self._best = None

    def averaged(self) -> TrainedNetwork:
        """The running average, on the CPU."""
        return TrainedNetwork(
            self._plan, _copy(self._average.module.state_dict()), _as_record(self._rows)
        )

    def state(self, seconds: float) -> TrainingState:
        """A copy of everything, on the CPU."""
        return TrainingState(
            self.averaged(),
            _copy(self._network.state_dict()),
            copy.deepcopy(self._optimizer.state_dict()),
            self.step,
            seconds,
            int(self._average.n_averaged),
            self._rollbacks,
            self._best,
            self.device.type,
            self.dtype == torch.bfloat16,
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
        self._average.n_averaged.fill_(resume.averaged_steps)
        if resume.optimizer:
            self._optimizer.load_state_dict(copy.deepcopy(resume.optimizer))
        self._rows = [
            {str(name): value for name, value in row.items()}
            for row in resume.trained.record.to_dict("records")
        ]
        self._rollbacks = resume.rollbacks
        self._best = resume.best
        self.step = resume.step

    def _roll_back(self) -> None:
        self._rollbacks += 1
        if self._rollbacks > _MOST_ROLLBACKS:
            raise InputError(
                "The training does not converge",
                found=f"a loss that is no number at step {self.step}, also at half the rate",
                expected="a loss that falls",
                fix=f"lower train.learning_rate ({self._params.learning_rate:g}), "
                "and look at the raw data of the training boxes",
            )
        _LOG.warning(
            "step %d: the loss is no number; going back to the average, at half the rate",
            self.step,
        )
        self._network.load_state_dict(self._average.module.state_dict())
        self._optimizer.state.clear()


def new_network(plan: NetworkPlan, seed: int) -> nn.Module:
    """An untrained network whose first weights are those of ``seed``."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build_network(plan)


def _go_back(loss: Tensor) -> None:
    """The backward pass.

    In float32 and channels last several processes are told that the strides of weights of
    1 × 1 × 1 differ from those of their gradients; along axes of length 1 strides mean nothing.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Grad strides do not match bucket view strides")
        loss.backward()  # type: ignore[no-untyped-call]


def _choose_dtype(
    plan: NetworkPlan, device: torch.device, resume: TrainingState | None, team: Team
) -> torch.dtype:
    """The number format to train in: the fastest in which no patch is computed wrong.

    Speed is measured, and other work can decide that. So a training that goes on on such a device
    keeps its format, and all processes take that of the leader.
    """
    if device.type == "cpu" and plan.is_thin(plan.patch_vx):
        is_fast = False
    elif resume is not None and resume.device == device.type:
        is_fast = resume.is_bfloat16
    else:
        is_fast = choose_dtype(device) == torch.bfloat16
    return torch.bfloat16 if team.agree(float(is_fast), device) else torch.float32


def _rate_factor(step: int, progress: float) -> float:
    """From 0 up to 1 over the first steps, then down a cosine to 0 at the end."""
    return min(1.0, step / _WARM_UP_STEPS) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


def _average(averaged: _Tensors, current: _Tensors, steps: Tensor | int) -> None:
    """Update the running averages over the last steps, in place; over fewer at the beginning.

    The tensors are of one type; counts, which are whole numbers, are cut.
    """
    share = 1 / min(int(steps) / 4 + 1, _AVERAGED_STEPS)
    if averaged[0].is_floating_point():
        torch._foreach_lerp_(averaged, current, share)
        return
    for old, new in zip(averaged, current, strict=True):
        old.copy_(old + (new - old) * share)


def _copy(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().clone() for name, tensor in weights.items()}


def _as_record(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """``RECORD``, and a column for each other value of a validation."""
    if not rows:
        return empty(RECORD)
    frame = pd.DataFrame(rows)
    lacking = {name: math.nan for name in RECORD if name not in frame.columns}
    return conform(frame.assign(**lacking), RECORD, "training record")
