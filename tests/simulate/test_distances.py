from __future__ import annotations

import pytest

from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.simulate.distances import distance_nm


def test_distances_are_those_of_voxel_centres():
    grid = Grid((5, 6, 7), (40.0, 8.0, 6.0), (100.0, 0.0, 0.0))
    distance = distance_nm(grid, Box((1, 2, 0), (3, 4, 4)), (140.0, 16.0, 0.0))
    assert distance.shape == (2, 2, 4)
    assert distance[0, 0, 0] == pytest.approx(0.0)
    assert distance[1, 0, 0] == pytest.approx(40.0)
    assert distance[0, 1, 1] == pytest.approx(10.0)
