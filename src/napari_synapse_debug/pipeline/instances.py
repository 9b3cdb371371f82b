"""Instances of a mask that may hold them, or only say where the class is."""

from __future__ import annotations

import cc3d
import numpy as np
from numpy.typing import NDArray


def label_instances(mask: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Instance ids: those of ``mask`` (z, y, x) if there are several, else connected pieces."""
    present = np.unique(mask)
    if np.count_nonzero(present) > 1:
        return mask
    pieces = cc3d.connected_components(mask > 0, connectivity=26)
    return np.asarray(pieces, dtype=np.uint64)
