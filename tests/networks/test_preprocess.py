import numpy as np
import pytest

from napari_synapse_debug.networks import (
    bin_mean,
    mirror_to_multiple,
    prepare_mask,
    prepare_raw,
)


def test_bins_are_means_of_their_voxels():
    array = np.arange(16, dtype=np.uint8).reshape(1, 2, 8)
    binned = bin_mean(array, (1, 2, 4))
    # columns 0-3 of rows 0 and 1: 0..3 and 8..11, mean 5.5
    np.testing.assert_array_equal(binned, [[[5.5, 9.5]]])


def test_raw_is_clipped_and_normalised_after_binning(tiny_plan):
    raw = np.array([[[128, 128, 300, 400], [128, 328, 300, 400]]], np.uint16)
    # bins: 178 and 350; 350 is clipped to 255; mean 128, std 50
    np.testing.assert_allclose(prepare_raw(raw, tiny_plan), [[[1.0, 2.54]]], rtol=1e-6)
    assert raw[0, 0, 3] == 400


def test_masks_become_shares_of_a_bin_whatever_the_instance_ids(tiny_plan):
    mask = np.array([[[7, 0, 0, 0], [7, 9, 0, 4]]], np.uint32)
    np.testing.assert_array_equal(prepare_mask(mask, tiny_plan), [[[191, 64]]])


def test_mirroring_does_not_repeat_the_face():
    array = np.array([[[1, 2, 3]]])
    np.testing.assert_array_equal(mirror_to_multiple(array, (1, 1, 5)), [[[1, 2, 3, 2, 1]]])


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 5, 7), (4, 8, 8)])
def test_mirrored_shapes_are_multiples_and_begin_with_the_array(shape):
    array = np.random.default_rng(0).integers(0, 9, shape)
    mirrored = mirror_to_multiple(array, (2, 8, 8))
    assert [n % m for n, m in zip(mirrored.shape, (2, 8, 8), strict=True)] == [0, 0, 0]
    np.testing.assert_array_equal(mirrored[: shape[0], : shape[1], : shape[2]], array)


def test_empty_bins_to_empty():
    assert bin_mean(np.zeros((0, 4, 4), np.uint8), (1, 2, 2)).shape == (0, 2, 2)
