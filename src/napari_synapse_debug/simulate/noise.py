"""Smooth random fields: the raw material of bent membranes and grainy cytoplasm."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_synapse_debug.domain.grid import Grid

Floats = NDArray[np.float32]


def smooth_noise(grid: Grid, scale_nm: float, rng: np.random.Generator) -> Floats:
    """A random field that varies over about ``scale_nm``: (Z, Y, X) float32, mean 0, spread 1.

    Independent normal values, one per ``scale_nm`` along each axis, joined by cubic splines.
    """
    size = np.asarray(grid.shape)
    voxel = np.asarray(grid.voxel_size_nm)
    knots = np.maximum(np.ceil(size * voxel / scale_nm).astype(int) + 3, 4)
    knots = np.minimum(knots, np.maximum(size, 4))
    coarse = rng.standard_normal(tuple(knots)).astype(np.float32)
    zoom = [n / k for n, k in zip(size, knots, strict=True)]
    field = ndimage.zoom(coarse, zoom, order=3, mode="nearest", grid_mode=False)
    field = field[: size[0], : size[1], : size[2]].astype(np.float32)
    return np.asarray(field / max(float(field.std()), 1e-6), dtype=np.float32)


def bend_space(grid: Grid, rng: np.random.Generator) -> Floats:
    """Where each voxel lies in the straight space that neurites grow in: (3, Z, Y, X), zyx, nm.

    Two octaves of smooth displacement make organic outlines; a small offset per section is the
    jitter that is left after alignment. Image and labels are bent alike, as they are in data
    that were segmented on the aligned stack.
    """
    bent = np.empty((3, *grid.shape), np.float32)
    for axis, (length, voxel) in enumerate(zip(grid.shape, grid.voxel_size_nm, strict=True)):
        shape = [1, 1, 1]
        shape[axis] = length
        positions = (np.arange(length, dtype=np.float32) * voxel).reshape(shape)
        bent[axis] = positions
        bent[axis] += 40.0 * smooth_noise(grid, 350.0, rng)
        bent[axis] += 12.0 * smooth_noise(grid, 130.0, rng)
    spread = 5.0 * min(1.0, grid.voxel_size_nm[0] / 40.0)
    jitter = np.clip(rng.normal(0.0, spread, (2, grid.shape[0])), -2.4 * spread, 2.4 * spread)
    bent[1:] += jitter[:, :, np.newaxis, np.newaxis].astype(np.float32)
    return bent
