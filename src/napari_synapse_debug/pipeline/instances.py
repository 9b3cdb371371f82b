"""Instances of a mask that may hold them, or only say where the class is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label


def label_instances(mask: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Instance ids: those of ``mask`` (z, y, x) if there are several, else connected pieces."""
    present = np.unique(mask)
    if np.count_nonzero(present) > 1:
        return mask
    # not by cc3d, which refuses some volumes of a few voxels (4.1.1, "maximum length exception")
    pieces, _ = label(mask > 0, np.ones((3, 3, 3)))
    return np.asarray(pieces, dtype=np.uint64)
