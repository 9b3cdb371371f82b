"""Distances of the voxels of a box to a point."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.simulate.noise import Floats


def distance_nm(grid: Grid, box: Box, point_nm: ArrayLike) -> Floats:
    """Distance in nm of each voxel centre of ``box`` to ``point_nm`` (zyx): float32, its shape."""
    z, y, x = (
        ((np.arange(a, b) * voxel + offset - c) ** 2).astype(np.float32)
        for a, b, voxel, offset, c in zip(
            box.start,
            box.stop,
            grid.voxel_size_nm,
            grid.offset_nm,
            np.asarray(point_nm, dtype=np.float64),
            strict=True,
        )
    )
    return np.asarray(np.sqrt(z[:, None, None] + y[None, :, None] + x[None, None, :]))
