"""What a training leaves behind: a network that predicts, and a state to go on from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
}
"""The training record: one row about each second; ``loss`` is the mean since the row before."""


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """Weights, the plan that they belong to, and how they came about (``RECORD``)."""

    plan: NetworkPlan
    weights: Mapping[str, Tensor]
    record: pd.DataFrame


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
        The optimiser's own state.
    step : int
        Optimiser steps done.
    seconds : float
        Time spent.
    """

    trained: TrainedNetwork
    weights: Mapping[str, Tensor]
    optimizer: dict[str, Any]
    step: int
    seconds: float


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
