from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.synapses.inside import inner_point

VOXEL = (40.0, 8.0, 10.0)
DOWN = np.array([0.0, 1.0, 0.0])


def test_the_point_moves_to_where_the_neuron_is_thick():
    # a bulb of radius 56 nm, its middle 80 nm below and 60 nm beside the cleft, on a thin stalk
    labels = np.zeros((3, 60, 40), dtype=np.uint8)
    _, y, x = np.indices(labels.shape)
    labels[((y - 20) * 8) ** 2 + ((x - 16) * 10) ** 2 <= 56**2] = 9
    labels[1, 9:21, 10] = 9
    grid = Grid(labels.shape, VOXEL)
    cleft = np.array([40.0, 9 * 8.0, 100.0])
    point, thickness = inner_point(labels, 9, cleft, DOWN, 80.0, grid)
    assert labels[tuple(grid.to_index(point)[0])] == 9
    assert np.linalg.norm(point - [40, 160, 160]) < 40
    assert 100 <= thickness <= 140


def test_a_thin_neuron_still_gets_its_point_inside():
    labels = np.zeros((3, 30, 20), dtype=np.uint8)
    labels[1, 3, 2:18] = 9
    grid = Grid(labels.shape, VOXEL)
    point, thickness = inner_point(labels, 9, np.array([40.0, 20.0, 90.0]), DOWN, 80.0, grid)
    assert labels[tuple(grid.to_index(point)[0])] == 9
    assert point[1] == 24
    assert thickness == 16


def test_a_segment_far_from_the_aim_is_still_found():
    labels = np.zeros((3, 60, 70), dtype=np.uint8)
    labels[0, 0, 69] = 9
    grid = Grid(labels.shape, VOXEL)
    point, _ = inner_point(labels, 9, np.array([40.0, 400.0, 0.0]), DOWN, 80.0, grid)
    assert point.tolist() == [0, 0, 690]


@given(st.integers(0, 2**32 - 1), st.floats(1, 500), st.integers(0, 2))
@settings(max_examples=60, deadline=None)
def test_the_point_is_inside_whatever_the_shape(seed, depth, axis):
    rng = np.random.default_rng(seed)
    labels = np.kron(rng.integers(0, 4, (2, 3, 4)), np.ones((1, 5, 4))).astype(np.uint64)
    labels[1, 7, 3] = 3
    grid = Grid(labels.shape, VOXEL, (5.0, 6.0, 7.0))
    cleft = grid.to_nm(rng.uniform(0, labels.shape))[0]
    point, thickness = inner_point(labels, 3, cleft, np.eye(3)[axis], depth, grid)
    assert labels[tuple(grid.to_index(point)[0])] == 3
    assert 0 < thickness <= 300


def test_a_segment_that_is_not_there_is_refused():
    labels = np.ones((3, 4, 5), dtype=np.uint8)
    with pytest.raises(InputError, match="segment 9"):
        inner_point(labels, 9, np.zeros(3), DOWN, 80.0, Grid(labels.shape, VOXEL))
