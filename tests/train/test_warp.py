import numpy as np
import pytest
import torch

from napari_synapse_debug.train.patches import cut_patch
from napari_synapse_debug.train.warp import Warp, identity_warp, random_warp

SHAPE = (4, 10, 12)


@pytest.fixture
def volume():
    return torch.rand(2, 6, 20, 24, generator=torch.Generator().manual_seed(0))


def test_the_identity_cuts_the_very_voxels(volume):
    values, is_inside = cut_patch([volume], (3, 9, 11), identity_warp(SHAPE))
    torch.testing.assert_close(values, volume[:, 1:5, 4:14, 5:17], rtol=0, atol=1e-5)
    assert is_inside.all()


def test_beyond_the_faces_data_are_mirrored_and_told(volume):
    values, is_inside = cut_patch([volume], (5, 9, 22), identity_warp(SHAPE))
    # sections 3..6 of 0..5; columns 16..27 of 0..23
    assert is_inside[:3, :, :8].all()
    assert not is_inside[3].any()
    assert not is_inside[:, :, 8:].any()
    torch.testing.assert_close(values[:, 3, :, :8], values[:, 2, :, :8])
    torch.testing.assert_close(values[:, :, :, 8], values[:, :, :, 7], rtol=0, atol=1e-5)


def test_a_box_smaller_than_the_patch_is_seen_whole(volume):
    small = volume[:, :2, :5, :7]
    values, is_inside = cut_patch([small], (1, 2, 3), identity_warp(SHAPE))
    assert values.shape == (2, *SHAPE)
    assert int(is_inside.sum()) == 2 * 5 * 7
    torch.testing.assert_close(values[:, is_inside], small.reshape(2, -1), rtol=0, atol=1e-5)


def test_turns_without_rotation_keep_grey_values(volume):
    wanted = np.sort(volume[:, 1:5, 4:15, 4:15].numpy().ravel())
    plain = 0
    for seed in range(12):
        warp = random_warp((4, 11, 11), (40.0, 8.0, 8.0), np.random.default_rng(seed))
        if np.abs(warp.offsets - np.rint(warp.offsets)).max() > 1e-6 or np.ptp(warp.offsets) > 10:
            continue
        plain += 1
        values, _ = cut_patch([volume], (3, 9, 9), warp)
        np.testing.assert_allclose(np.sort(values.numpy().ravel()), wanted, atol=1e-5)
    assert plain > 2


def test_rotations_are_rigid_in_nm_where_y_and_x_differ():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        offsets = random_warp((1, 101, 101), (40.0, 4.0, 12.0), rng).offsets
        # columns 6 voxels (72 nm) and rows 18 voxels (72 nm) from the centre are equally far
        center = offsets[0, 50, 50]
        by_row = (offsets[0, 50 + 18, 50] - center) * (4, 12)
        by_column = (offsets[0, 50, 50 + 6] - center) * (4, 12)
        lengths = [np.hypot(*by_row), np.hypot(*by_column)]
        assert min(lengths) > 72 * 0.6
        assert max(lengths) / min(lengths) < 1.5


def test_the_same_generator_state_gives_the_same_warp():
    one, two = (random_warp(SHAPE, (40, 8, 8), np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one.offsets, two.offsets)
    np.testing.assert_array_equal(one.sections, two.sections)


def test_a_slipped_section_moves_with_its_truth(volume):
    plain = identity_warp(SHAPE)
    offsets = plain.offsets.repeat(len(plain.sections), axis=0)
    offsets[2, ..., 1] += 3
    values, _ = cut_patch([volume], (3, 9, 11), Warp(plain.sections, offsets))
    torch.testing.assert_close(values[:, 2], volume[:, 3, 4:14, 8:20], rtol=0, atol=1e-5)
