"""Labels of larger or smaller voxels than the image."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.io import write_labels, write_volume
from napari_synapse_debug.io.regridding import is_told_otherwise, on_grid
from napari_synapse_debug.io.volumes import Volume

IMAGE = Grid((5, 9, 16), (40.0, 4.0, 4.0), (100.0, 0.0, 8.0))


def labels(*shape):
    ids = np.arange(1, 1 + np.prod(shape), dtype=np.uint32).reshape(shape)
    return Volume("labels", Grid(shape, (40.0, 8.0, 16.0)), ids)


def test_larger_voxels_are_repeated_and_a_cut_one_counts():
    # y: 9 = 4 × 2 + 1, so the fifth voxel is cut; x: 16 = 4 × 4
    seen = on_grid(labels(5, 5, 4), IMAGE)

    assert seen.grid == IMAGE
    expected = labels(5, 5, 4).array.repeat(2, axis=1)[:, :9].repeat(4, axis=2)
    assert np.array_equal(seen.array[...], expected)
    assert seen.array[3, 8, 15] == expected[3, 8, 15]
    assert np.array_equal(seen.array[1, :, 2:14:3], expected[1, :, 2:14:3])
    assert np.array_equal(seen.array[-1], expected[-1])


def test_of_smaller_voxels_the_middle_one_counts():
    fine = labels(5, 27, 16)

    seen = on_grid(fine, IMAGE)

    assert np.array_equal(seen.array[...], fine.array[:, 1::3])


def test_the_same_shape_is_left_alone():
    volume = labels(5, 9, 16)
    assert on_grid(volume, IMAGE) is volume


@pytest.mark.parametrize("shape", [(5, 7, 16), (4, 9, 16), (5, 9, 11), (5, 9, 0)])
def test_what_is_no_whole_multiple_does_not_fit(shape):
    assert on_grid(labels(*shape), IMAGE) is None


def test_it_can_be_sent_to_another_process():
    seen = on_grid(labels(5, 5, 4), IMAGE)
    assert np.array_equal(pickle.loads(pickle.dumps(seen)).array[...], seen.array[...])


def test_a_place_outside_is_refused():
    with pytest.raises(IndexError, match="axis 1"):
        on_grid(labels(5, 5, 4), IMAGE).array[0, 9, 0]


@given(st.data())
def test_any_box_is_that_part_of_the_whole(data):
    seen = on_grid(labels(5, 5, 4), IMAGE)
    whole = seen.array[...]
    start = [data.draw(st.integers(0, n)) for n in IMAGE.shape]
    stop = [data.draw(st.integers(a, n)) for a, n in zip(start, IMAGE.shape, strict=True)]
    box = Box(tuple(start), tuple(stop))
    assert np.array_equal(seen.array[box.slices], whole[box.slices])


def test_half_of_the_image_at_its_own_voxel_size_is_not_stretched(tmp_path):
    raw = write_volume(
        tmp_path / "raw.zarr", np.zeros((6, 8, 8), np.uint8), Grid((6, 8, 8), (40.0, 4.0, 4.0))
    )
    for shape, size, is_otherwise in (
        ((3, 8, 8), (40.0, 4.0, 4.0), True),
        ((3, 8, 8), (80.0, 4.0, 4.0), False),
        ((6, 4, 4), (40.0, 8.0, 8.0), False),
        ((6, 16, 16), (40.0, 2.0, 2.0), False),
        ((6, 3, 8), (40.0, 12.0, 4.0), False),  # the last voxel is cut
        ((6, 8, 8), (1.0, 1.0, 1.0), False),  # of the same shape the project's size counts
    ):
        path = tmp_path / f"{shape}{size}.zarr"
        ids = write_labels(path, np.zeros(shape, np.uint32), Grid(shape, size))
        assert is_told_otherwise(ids, raw) == is_otherwise
    assert not is_told_otherwise(labels(3, 8, 8), raw), "in memory there is no file to ask"
