"""Mirrored and turned views of the data, whose predictions are averaged."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from torch import Tensor

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.params import Views
from napari_synapse_debug.networks import NetworkPlan


@dataclass(frozen=True)
class View:
    """One way to look at a tensor (…, z, y, x): mirrored along axes, then y and x exchanged.

    Mirrors and the exchange together give the quarter turns.
    """

    mirrored: tuple[int, ...] = ()
    is_exchanged: bool = False

    def of(self, tensor: Tensor) -> Tensor:
        """The tensor seen this way."""
        seen = tensor.flip(self.mirrored) if self.mirrored else tensor
        return seen.transpose(-2, -1) if self.is_exchanged else seen

    def back(self, seen: Tensor) -> Tensor:
        """What ``of`` was applied to."""
        tensor = seen.transpose(-2, -1) if self.is_exchanged else seen
        return tensor.flip(self.mirrored) if self.mirrored else tensor


def choose_views(views: Views, plan: NetworkPlan) -> tuple[View, ...]:
    """The views called ``views``: 1, 4, 8 or 16 of them, the first as it is.

    Raises
    ------
    InputError
        Turns are asked for, and y and x differ in voxel size or in the network.
    """
    if views in ("turned", "all") and not _is_square(plan):
        raise InputError(
            f"The views {views!r} need pixels that are square",
            found=f"voxels of {plan.voxel_size_nm} nm (zyx) in the model",
            expected="the same size along y and x",
            fix="choose predict.views=mirrored",
        )
    axes = {"one": (), "mirrored": (-1, -2), "turned": (-1, -2), "all": (-1, -2, -3)}[views]
    turns = (False, True) if views in ("turned", "all") else (False,)
    return tuple(
        View(tuple(axis for axis, is_on in zip(axes, switches, strict=True) if is_on), is_exchanged)
        for is_exchanged in turns
        for switches in product((False, True), repeat=len(axes))
    )


def _is_square(plan: NetworkPlan) -> bool:
    _, y, x = plan.voxel_size_nm
    steps = (plan.binning, *plan.strides, *plan.kernels)
    return abs(y - x) <= 0.01 * max(y, x) and all(step[1] == step[2] for step in steps)
