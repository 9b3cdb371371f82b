from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt

from napari_synapse_debug.domain.distances import distances_to

VOXEL = (50.0, 4.6, 7.0)


def test_a_voxel_is_as_far_as_the_axes_say():
    marked = np.zeros((3, 6, 9), bool)
    marked[1, 2, 3] = True
    distance = distances_to(marked, (40.0, 4.0, 3.0), 60.0)
    assert distance[1, 2, 3] == 0
    assert distance[1, 2, 8] == 15
    assert distance[1, 5, 7] == pytest.approx(np.sqrt(12**2 + 12**2))
    assert distance[2, 5, 3] == pytest.approx(np.sqrt(40**2 + 12**2))


def test_what_is_farther_than_asked_is_not_told():
    marked = np.zeros((1, 1, 8), bool)
    marked[0, 0, 1] = True
    near = distances_to(marked, (40.0, 4.0, 3.0), 9.0)[0, 0]
    assert near.tolist() == [3, 0, 3, 6, 9, np.inf, np.inf, np.inf]


@pytest.mark.parametrize("shape", [(0, 4, 5), (3, 4, 5)])
def test_nothing_marked_is_near_nothing(shape):
    assert np.isinf(distances_to(np.zeros(shape, bool), VOXEL, 1e6)).all()


@given(st.integers(0, 2**32 - 1), st.floats(0, 400), st.floats(0.001, 0.7))
@settings(max_examples=60, deadline=None)
def test_it_is_the_distance_transform_up_to_where_it_is_asked(seed, within, share):
    rng = np.random.default_rng(seed)
    marked = rng.random((5, 13, 17)) < share
    marked[tuple(rng.integers(0, marked.shape))] = True
    whole = distance_transform_edt(~marked, sampling=VOXEL)
    found = distances_to(marked, VOXEL, within)
    is_near = whole <= within
    np.testing.assert_allclose(found[is_near], whole[is_near], rtol=1e-9)
    assert np.isinf(found[whole > within * (1 + 1e-9)]).all()
