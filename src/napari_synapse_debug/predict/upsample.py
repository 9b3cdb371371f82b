"""From the bins that the network sees back to raw voxels."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import interpolate

from napari_synapse_debug.domain.grid import Triple


def upsample(binned: Tensor, binning: Triple) -> Tensor:
    """Values at the centres of the raw voxels, linear between the centres of the bins.

    Beyond the centres of the outer bins the value of the outer bin is kept. Along one axis
    with ``binning`` 2, where bins 0 and 4 lie side by side::

        bins       |   0   |   4   |
        raw voxels | 0 | 1 | 3 | 4 |

    Parameters
    ----------
    binned : Tensor
        (channel, z, y, x) float.
    binning : tuple of int
        Raw voxels a bin, zyx.
    """
    if binning == (1, 1, 1):
        return binned
    scale = tuple(float(b) for b in binning)
    # align_corners=False is what puts values at the centres, half a voxel off the corners
    return interpolate(binned[None], scale_factor=scale, mode="trilinear", align_corners=False)[0]
