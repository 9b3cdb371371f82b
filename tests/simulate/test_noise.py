from __future__ import annotations

import numpy as np
import pytest

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.simulate.noise import bend_space, smooth_noise

GRID = Grid((12, 40, 50), (40.0, 8.0, 10.0))


def test_noise_has_mean_0_and_spread_1():
    noise = smooth_noise(GRID, 100.0, np.random.default_rng(0))
    assert noise.shape == GRID.shape
    assert noise.dtype == np.float32
    assert float(noise.mean()) == pytest.approx(0.0, abs=1e-4)
    assert float(noise.std()) == pytest.approx(1.0, abs=1e-4)


def test_noise_of_a_larger_scale_is_smoother():
    fine, coarse = (
        np.abs(np.diff(smooth_noise(GRID, scale, np.random.default_rng(1)), axis=2)).mean()
        for scale in (40.0, 200.0)
    )
    assert fine > 2 * coarse


def test_noise_in_a_volume_smaller_than_its_scale():
    noise = smooth_noise(Grid((1, 5, 7), (40.0, 8.0, 8.0)), 500.0, np.random.default_rng(2))
    assert noise.shape == (1, 5, 7)
    assert np.isfinite(noise).all()


def test_bent_space_keeps_the_order_of_the_voxels():
    bent = bend_space(GRID, np.random.default_rng(3))
    straight = GRID.to_nm(np.indices(GRID.shape).reshape(3, -1).T).T.reshape(bent.shape)
    assert np.abs(bent - straight).max() > 10
    for axis in range(3):
        steps = np.diff(bent[axis], axis=axis)
        assert (steps > 0).mean() > 0.98
