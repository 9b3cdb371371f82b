"""From raw voxels and masks to what the network sees; the same for training and prediction."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.domain.grid import Triple
from napari_synapse_debug.networks.plan import NetworkPlan


def prepare_raw(raw: NDArray[Any], plan: NetworkPlan) -> NDArray[np.float32]:
    """The network's input: binned and normalised, (z, y, x) float32.

    Parameters
    ----------
    raw : array
        (z, y, x), any real dtype, in raw voxels; its shape a multiple of ``plan.binning``.
    """
    values = plan.intensity
    binned = bin_mean(np.asarray(raw), plan.binning)
    np.clip(binned, values.low, values.high, out=binned)
    binned -= values.mean
    binned /= values.std
    return binned


def prepare_mask(mask: NDArray[Any], plan: NetworkPlan) -> NDArray[np.uint8]:
    """The part of each bin that is in the class (voxels > 0), (z, y, x) uint8, 255 for all.

    Parameters
    ----------
    mask : array
        (z, y, x), bool or integer, in raw voxels; its shape a multiple of ``plan.binning``.
    """
    fraction = bin_mean((np.asarray(mask) > 0).view(np.uint8), plan.binning)
    return np.rint(fraction * 255).astype(np.uint8)


def bin_mean(array: NDArray[Any], binning: Triple) -> NDArray[np.float32]:
    """The mean of each bin of ``binning`` voxels (zyx): a new (z, y, x) float32 array.

    The shape of ``array`` is a multiple of ``binning``; an empty array gives an empty one.
    """
    total = np.zeros([n // b for n, b in zip(array.shape, binning, strict=True)], np.float32)
    for dz, dy, dx in product(*(range(b) for b in binning)):
        total += array[dz :: binning[0], dy :: binning[1], dx :: binning[2]]
    total /= np.float32(np.prod(binning))
    return total


def mirror_to_multiple(array: NDArray[Any], multiple: Triple) -> NDArray[Any]:
    """``array`` (z, y, x) mirrored beyond its far faces until its shape is a multiple.

    The voxel at the face is not repeated. A shape that is a multiple comes back as it is.
    """
    after = [-n % m for n, m in zip(array.shape, multiple, strict=True)]
    if not any(after):
        return array
    return np.pad(array, [(0, k) for k in after], mode="reflect")
