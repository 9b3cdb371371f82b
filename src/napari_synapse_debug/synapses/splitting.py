"""Candidates that join two clefts cut in two, by a watershed on the probability."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.morphology import local_maxima, reconstruction
from skimage.segmentation import watershed

from napari_synapse_debug.domain.grid import TripleNm

DEPTH = 0.4
"""How much the smoothed probability must fall between two peaks for them to be two clefts.

It is smoothed with 0 outside of the candidate, so that a neck counts as a fall as well; where the
threshold is above 1 - ``DEPTH`` it takes one.
"""

SMOOTHING_NM = 20.0
"""Standard deviation of the Gaussian that the probability is smoothed by before."""


def split_candidate(
    inside: NDArray[np.bool_], probability: NDArray[np.uint8], voxel_size_nm: TripleNm
) -> NDArray[np.uint32]:
    """The parts of one candidate, (z, y, x) uint32: 1 … n, 0 outside; mostly all 1.

    Every peak of the smoothed probability that stands out by ``DEPTH`` begins a part; the
    watershed of the probability from these divides the voxels of the candidate.

    Parameters
    ----------
    inside : (z, y, x) bool
        The voxels of the candidate, in a crop.
    probability : (z, y, x) uint8
        The strongest of the synapse classes, 255 for 1.
    voxel_size_nm : tuple of float
        Edges of a voxel, zyx.
    """
    if not inside.any():
        return np.zeros(inside.shape, dtype=np.uint32)
    sigma = [SMOOTHING_NM / size for size in voxel_size_nm]
    smooth = ndimage.gaussian_filter(np.where(inside, probability, 0).astype(np.float32), sigma)
    # Whole steps, as peaks of floats are subject to rounding. Peaks that are less than the depth
    # above the way between them become one plateau (skimage's h_maxima keeps equal ones apart).
    steps = np.where(inside, np.round(smooth), 0).astype(np.int16)
    lowered = np.maximum(steps - round(DEPTH * 255), 0)
    peaks = local_maxima(np.pad(reconstruction(lowered, steps), 1))[1:-1, 1:-1, 1:-1]
    markers, count = ndimage.label(peaks & inside, structure=np.ones((3, 3, 3)))
    if count < 2:
        return inside.astype(np.uint32)
    parts = watershed(-smooth, markers, mask=inside, connectivity=np.ones((3, 3, 3)))
    return np.where(inside & (parts == 0), 1, parts).astype(np.uint32)
