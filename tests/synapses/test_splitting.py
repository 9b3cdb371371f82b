from __future__ import annotations

import numpy as np
import pytest

from napari_synapse_debug.synapses.splitting import split_candidate

VOXEL = (40.0, 8.0, 8.0)


def ridge(saddle: int) -> np.ndarray:
    """Two plateaus of 250 along x, 20 voxels each, joined by 12 voxels of ``saddle``."""
    probability = np.zeros((2, 14, 60), np.uint8)
    probability[:, 3:11, 4:24] = probability[:, 3:11, 36:56] = 250
    probability[:, 3:11, 24:36] = saddle
    return probability


@pytest.mark.parametrize(("saddle", "parts"), [(130, 2), (200, 1), (245, 1)])
def test_a_deep_saddle_parts_two_clefts(saddle, parts):
    probability = ridge(saddle)
    inside = probability >= 128
    split = split_candidate(inside, probability, VOXEL)
    assert split.max() == parts
    np.testing.assert_array_equal(split > 0, inside)
    assert (split[0, 5, 10] == split[0, 5, 50]) == (parts == 1)


def test_above_a_high_threshold_only_a_neck_parts_clefts():
    probability = ridge(170)
    inside = probability >= 166
    assert split_candidate(inside, probability, VOXEL).max() == 1
    probability[:, 3:6, 24:36] = probability[:, 8:11, 24:36] = 0
    probability[0, :, 24:36] = 0
    assert split_candidate(probability >= 166, probability, VOXEL).max() == 2


def test_nothing_inside_has_no_part():
    nothing = np.zeros((2, 3, 4), np.uint8)
    assert not split_candidate(nothing > 0, nothing, VOXEL).any()
