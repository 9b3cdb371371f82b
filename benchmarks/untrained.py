"""A network that is planned as for real data and knows nothing: speed does not ask for more."""

from __future__ import annotations

import numpy as np
import torch

from napari_synapse_debug.domain.params import TrainParams
from napari_synapse_debug.domain.records import empty
from napari_synapse_debug.domain.roles import ClassSpec, Role
from napari_synapse_debug.networks import RECORD, TrainedNetwork, build_network, plan_network

CLASSES = (
    ClassSpec("cleft", Role.SYNAPSE),
    ClassSpec("vesicle", Role.VESICLE),
    ClassSpec("mitochondrion", Role.MITOCHONDRION),
    ClassSpec("membrane", Role.MEMBRANE),
)


def random_network(voxel_nm: tuple[float, float, float], levels: int = 4) -> TrainedNetwork:
    """Random weights of the plan `small`, or of its finest ``levels``, for four classes."""
    noise = np.random.default_rng(0).integers(0, 256, (8, 64, 64), dtype=np.uint8)
    plan = plan_network(CLASSES, voxel_nm, [noise], TrainParams(size="small"))
    cut = {name: getattr(plan, name)[:levels] for name in ("filters", "kernels", "strides")}
    plan = plan.model_copy(update=cut)
    torch.manual_seed(0)
    return TrainedNetwork(plan, build_network(plan).state_dict(), empty(RECORD))
