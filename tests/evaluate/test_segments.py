import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.evaluate import look_up_segments

GRID = Grid((4, 6, 5), (40.0, 10.0, 20.0), (100.0, 0.0, 7.0))


class Counting:
    """An array that remembers how many voxels were read."""

    def __init__(self, array):
        self.array, self.shape, self.voxels = array, array.shape, 0

    def __getitem__(self, key):
        piece = self.array[key]
        self.voxels += piece.size
        return piece


def test_a_point_lies_in_its_nearest_voxel_and_halves_go_up():
    volume = np.zeros(GRID.shape, dtype=np.uint64)
    volume[1, 2, 3] = 2**63 + 5
    inside = GRID.to_nm([(1, 2, 3), (1, 1.5, 3), (1, 2.499, 3)])
    outside = GRID.to_nm([(1, 1.499, 3), (1, 2.5, 3)])
    assert look_up_segments(inside, volume, GRID).tolist() == [2**63 + 5] * 3
    assert look_up_segments(outside, volume, GRID).tolist() == [0, 0]


def test_background_takes_the_nearest_segment_in_nm_not_in_voxels():
    volume = np.zeros(GRID.shape, dtype=np.uint16)
    volume[2, 2, 2] = 7  # one section (40 nm) away
    volume[1, 5, 2] = 9  # three rows (30 nm) away
    point = GRID.to_nm([(1, 2, 2)])
    assert look_up_segments(point, volume, GRID, snap_nm=29.9).tolist() == [0]
    assert look_up_segments(point, volume, GRID, snap_nm=30.0).tolist() == [9]
    assert look_up_segments(point, volume, GRID, snap_nm=500.0).tolist() == [9]


def test_equally_near_segments_give_the_smaller_id():
    volume = np.zeros(GRID.shape, dtype=np.int32)
    volume[1, 1, 2], volume[1, 3, 2] = 8, 4
    assert look_up_segments(GRID.to_nm([(1, 2, 2)]), volume, GRID, snap_nm=15).tolist() == [4]


def test_outside_the_volume_there_is_nothing():
    volume = np.ones(GRID.shape, dtype=np.uint8)
    places = [*GRID.to_nm([(-1, 2, 2), (4, 0, 0)]), (np.nan, 0.0, 0.0)]
    assert look_up_segments(places, volume, GRID, snap_nm=1000).tolist() == [0, 0, 0]


def test_only_where_points_lie_is_read():
    grid = Grid((64, 512, 512), (40.0, 8.0, 8.0))
    volume = Counting(np.ones(grid.shape, dtype=np.uint8))
    found = look_up_segments(grid.to_nm([(1, 1, 1), (63, 511, 511)]), volume, grid)
    assert found.tolist() == [1, 1]
    assert volume.voxels == 2


def test_no_points_give_no_ids():
    found = look_up_segments(np.zeros((0, 3)), np.zeros(GRID.shape, np.uint8), GRID, 30.0)
    assert found.shape == (0,)
    assert found.dtype == np.uint64


def test_another_shape_is_refused():
    with pytest.raises(InputError, match=r"shape \(4, 6, 5\)"):
        look_up_segments([(0, 0, 0)], np.zeros((4, 6, 6), np.uint8), GRID)


@settings(deadline=None)
@given(st.integers(0, 2**32), st.floats(0, 90))
def test_any_point_agrees_with_brute_force(seed, snap_nm):
    rng = np.random.default_rng(seed)
    volume = rng.choice([0, 0, 0, 3, 5], size=GRID.shape).astype(np.uint32)
    points = GRID.to_nm(rng.uniform(-0.49, np.asarray(GRID.shape) - 0.51, size=(7, 3)))
    places = np.argwhere(volume)
    centres, ids = GRID.to_nm(places), volume[tuple(places.T)]
    for point, found in zip(points, look_up_segments(points, volume, GRID, snap_nm), strict=True):
        here = volume[tuple(GRID.to_index(point)[0])]
        distance = np.linalg.norm(centres - point, axis=1)
        near = ids[distance == distance.min()].min() if distance.min() <= snap_nm else 0
        assert found == (here or near)
