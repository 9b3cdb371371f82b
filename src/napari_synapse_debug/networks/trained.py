"""What a training leaves behind: a network that predicts, and a state to go on from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd
from torch import Tensor, nn

from napari_synapse_debug.domain.errors import DataError
from napari_synapse_debug.domain.records import Columns
from napari_synapse_debug.networks.plan import NetworkPlan
from napari_synapse_debug.networks.unet import build_network

RECORD: Columns = {
    "step": "int64",
    "minutes": "float64",
    "loss": "float64",
    "learning_rate": "float64",
    "validation_f1": "float64",
    "validation_score": "float64",
}
"""The training record: one row about each second; ``loss`` is the mean since the row before.
The validation columns, and ``f1 CLASS`` and ``dice CLASS`` after them, are NaN in the rows where
nothing was validated; by ``validation_score`` the weights are chosen."""


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """Weights, the plan that they belong to, and how they came about (``RECORD``).

    Parameters
    ----------
    plan : NetworkPlan
        Of the network.
    weights : mapping
        The network's own.
    record : DataFrame
        The figures of the whole training.
    step : int or None
        Optimiser steps after which just these weights were validated, with figures in that row
        of ``record``; None where they were not.
    """

    plan: NetworkPlan
    weights: Mapping[str, Tensor]
    record: pd.DataFrame
    step: int | None = None


@dataclass(frozen=True, eq=False)
class BestWeights:
    """The weights to keep of all that were validated.

    Parameters
    ----------
    weights : mapping
        The averaged weights.
    step : int
        Optimiser steps after which they were validated.
    score : float
        Their validation score.
    peak : float
        The highest score of any weights so far.
    peak_progress : float
        Part of the training that was over then, 0 to 1.
    """

    weights: Mapping[str, Tensor]
    step: int
    score: float
    peak: float
    peak_progress: float


@dataclass(frozen=True, eq=False)
class TrainingState:
    """A training at one moment: the network as it would be handed back, and what goes on.

    Parameters
    ----------
    trained : TrainedNetwork
        The averaged weights, which predict.
    weights : mapping
        The weights that are being optimised.
    optimizer : dict
        The optimiser's own state; empty before the first step.
    step : int
        Optimiser steps done; they also say which patches come next.
    seconds : float
        Time spent.
    averaged_steps : int
        Steps in the average; fewer than ``step`` where a step was undone.
    rollbacks : int
        How often the training went back to the average because of a loss that is no number.
    best : BestWeights or None
        The weights to keep; None before the first validation.
    device : str
        The kind of device it was on: cpu, cuda or mps; empty before the first step.
    is_bfloat16 : bool
        Whether it computed in bfloat16 there, or in float32.
    clock : mapping
        When it was validated (``train.selection.ValidationClock``).
    """

    trained: TrainedNetwork
    weights: Mapping[str, Tensor]
    optimizer: dict[str, Any]
    step: int
    seconds: float
    averaged_steps: int = 0
    rollbacks: int = 0
    best: BestWeights | None = None
    device: str = ""
    is_bfloat16: bool = False
    clock: Mapping[str, float] = field(default_factory=dict)

    @property
    def kept(self) -> TrainedNetwork:
        """The network to keep: the best validated one, or the latest where none was."""
        if self.best is None:
            return self.trained
        return replace(self.trained, weights=self.best.weights, step=self.best.step)


def load_weights(trained: TrainedNetwork) -> nn.Module:
    """The network of ``trained``, on the CPU, in evaluation mode.

    Raises
    ------
    DataError
        The weights are not those of a network of this plan.
    """
    network = build_network(trained.plan)
    try:
        network.load_state_dict(dict(trained.weights))
    except RuntimeError as error:
        raise DataError(
            "The weights do not fit the plan of the network",
            found=str(error).splitlines()[-1].strip(),
            expected=f"levels of {trained.plan.filters} channels",
            fix="train the model again, or restore its folder from a copy",
        ) from error
    return network.eval()
