"""A trained network as other programs run it: alone, from normalised voxels to probabilities."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool3d, interpolate

from napari_synapse_debug.networks.plan import NetworkPlan
from napari_synapse_debug.networks.trained import TrainedNetwork, load_weights
from napari_synapse_debug.networks.unet import fold_batch_norms


class StandaloneNetwork(nn.Module):
    """The network with what comes before and after it, but for the normalisation.

    Takes ``(raw - mean) / std`` of the plan's intensity, (batch, 1, z, y, x) float32 in raw
    voxels, sizes a multiple of ``plan.align_vx``; gives probabilities (batch, class, z, y, x)
    of the same size. Binning, clipping and interpolation are inside.

    Parameters
    ----------
    trained : TrainedNetwork
        Plan and weights.
    """

    def __init__(self, trained: TrainedNetwork) -> None:
        super().__init__()
        plan = trained.plan
        self._network = load_weights(trained)
        fold_batch_norms(self._network)
        self._binning = list(plan.binning)
        self._low, self._high = (
            (grey - plan.intensity.mean) / plan.intensity.std
            for grey in (plan.intensity.low, plan.intensity.high)
        )

    def forward(self, normalised: Tensor) -> Tensor:
        """Probabilities (batch, class, z, y, x) of ``normalised`` (batch, 1, z, y, x)."""
        # the mean of a bin and the normalisation are both linear: their order is free
        binned = avg_pool3d(normalised, self._binning).clamp(self._low, self._high)
        probability: Tensor = self._network(binned).sigmoid()
        scale = [float(b) for b in self._binning]
        if scale == [1.0, 1.0, 1.0]:
            return probability
        return interpolate(probability, scale_factor=scale, mode="trilinear", align_corners=False)


def trace_network(trained: TrainedNetwork) -> torch.jit.ScriptModule:
    """``StandaloneNetwork`` of ``trained`` as TorchScript, which runs without this package."""
    network = StandaloneNetwork(trained).eval()
    z, y, x = smallest_input(trained.plan)
    with torch.no_grad(), warnings.catch_warnings():
        # torch 2.13 advises torch.export, which bioimage.io packages have no weight format for
        warnings.simplefilter("ignore", DeprecationWarning)
        return torch.jit.trace(network, torch.zeros(1, 1, z, y, x))  # type: ignore[no-untyped-call]


def smallest_input(plan: NetworkPlan) -> tuple[int, int, int]:
    """Raw voxels zyx of the smallest input of which something is left without the halo."""
    z, y, x = (2 * halo + step for halo, step in zip(plan.halo_vx, plan.align_vx, strict=True))
    return z, y, x
