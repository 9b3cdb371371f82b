from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.networks import (
    needs_resampling,
    resample_grey,
    resample_labels,
    resampled_grid,
)

WANTED = (40.0, 8.0, 10.0)


def test_voxels_that_differ_by_a_quarter_are_alike():
    assert not needs_resampling(WANTED, WANTED)
    assert not needs_resampling((50.0, 8.0, 8.0), WANTED)
    assert needs_resampling((51.0, 8.0, 10.0), WANTED)
    assert needs_resampling((40.0, 8.0, 7.9), WANTED)
    assert needs_resampling((5.0, 5.0, 5.0), WANTED)


def test_voxels_more_than_twice_as_large_are_refused():
    assert needs_resampling((80.0, 8.0, 10.0), WANTED)
    with pytest.raises(InputError, match=r"cannot be resampled.*\(81\.0, 8\.0, 10\.0\).*2 ×"):
        needs_resampling((81.0, 8.0, 10.0), WANTED)


def test_both_faces_stay_where_they_are():
    old = Grid((10, 25, 7), (20.0, 4.0, 12.0), (100.0, -4.0, 6.0))
    new = resampled_grid(old, WANTED)
    assert new.shape == (5, 12, 8)  # 200 / 40, 100 / 8 to the even, 84 / 10
    assert new.voxel_size_nm == (40.0, pytest.approx(100 / 12), 10.5)
    before, after = (g.to_nm([[-0.5] * 3, np.array(g.shape) - 0.5]) for g in (old, new))
    np.testing.assert_allclose(before, after)


def test_an_axis_that_shrinks_is_averaged_and_one_that_grows_is_interpolated():
    grey = np.array([[[0, 10, 20, 40]]], np.uint8)
    assert resample_grey(grey, (1, 1, 2)).tolist() == [[[5, 30]]]
    assert resample_grey(grey, (1, 1, 3)).tolist() == [[[2, 15, 35]]]  # 2.5 rounds to even
    two = np.array([[[0.0, 8.0]]], np.float32)
    assert resample_grey(two, (1, 1, 4)).tolist() == [[[0, 2, 6, 8]]]
    assert resample_grey(two, (3, 1, 2)).tolist() == [[[0, 8]]] * 3


def test_labels_are_those_of_the_nearest_voxel():
    ids = np.array([[[7, 7, 900, 0]]], np.uint64)
    grown = resample_labels(ids, (1, 2, 8))
    assert grown.dtype == np.uint64
    assert grown[0, 1].tolist() == [7, 7, 7, 7, 900, 900, 0, 0]


@settings(deadline=None)
@given(st.tuples(*[st.integers(1, 9)] * 3), st.tuples(*[st.integers(1, 9)] * 3))
def test_a_constant_stays_and_the_same_shape_changes_nothing(old, new):
    constant = np.full(old, 37, np.int16)
    assert (resample_grey(constant, new) == 37).all()
    assert resample_grey(constant, new).shape == resample_labels(constant, new).shape == new
    noise = np.random.default_rng(0).integers(0, 60000, old, dtype=np.uint16)
    np.testing.assert_array_equal(resample_grey(noise, old), noise)
    np.testing.assert_array_equal(resample_labels(noise, old), noise)
