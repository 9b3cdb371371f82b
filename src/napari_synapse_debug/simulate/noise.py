"""Smooth random fields: the raw material of bent membranes and grainy cytoplasm."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline

from napari_synapse_debug.domain.grid import Grid

Floats = NDArray[np.float32]


def smooth_noise(grid: Grid, scale_nm: float, rng: np.random.Generator) -> Floats:
    """A random field that varies over about ``scale_nm``: (Z, Y, X) float32, mean 0, spread 1.

    Cubic B-splines with independent normal coefficients, one per ``scale_nm`` along each axis.
    """
    knots = [
        max(1, int(np.ceil(size * voxel / scale_nm)))
        for size, voxel in zip(grid.shape, grid.voxel_size_nm, strict=True)
    ]
    field = rng.standard_normal([k + 3 for k in knots])
    for size, pieces in zip(grid.shape, knots, strict=True):
        # Each product moves its axis to the end, so that three of them restore the order.
        field = np.tensordot(field, _spline_basis(size, pieces), axes=(0, 1))
    return np.asarray((field - field.mean()) / max(float(field.std()), 1e-9), dtype=np.float32)


def _spline_basis(size: int, pieces: int) -> NDArray[np.float64]:
    """Values of ``pieces + 3`` cubic B-splines at ``size`` voxel centres: (size, pieces + 3)."""
    places = (np.arange(size) + 0.5) / size * pieces
    knots = np.arange(-3, pieces + 4, dtype=np.float64)
    return np.asarray(BSpline.design_matrix(places, knots, 3).toarray())


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
