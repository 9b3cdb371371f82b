import numpy as np
import pytest
import torch

from napari_synapse_debug.train.patches import cut_patch
from napari_synapse_debug.train.warp import Turn, identity_warp, random_warp

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
    turns = _turns((4, 11, 11), (40.0, 8.0, 8.0), seeds=40)
    for turn in turns:
        values, is_inside = cut_patch([volume], (3, 9, 9), turn)
        np.testing.assert_array_equal(np.sort(values.numpy().ravel()), wanted)
        assert is_inside.all()
    assert 0.6 * 40 < len(turns) < 0.95 * 40
    assert {turn.is_swapped for turn in turns} == {True, False}


def test_a_quarter_turn_by_hand():
    volume = torch.arange(12.0).reshape(1, 1, 3, 4)
    # rows of the patch run along x of the volume, its columns up y
    turn = Turn(np.array([0]), np.array([1, 0, -1]), np.array([-1, 0]), is_swapped=True)
    values, _ = cut_patch([volume], (0, 1, 2), turn)
    np.testing.assert_array_equal(values[0, 0], [[9, 5, 1], [10, 6, 2]])


@pytest.mark.parametrize("center", [(3, 9, 11), (0, 2, 20), (5, 19, 1)])
@pytest.mark.parametrize("size_nm", [(40.0, 8.0, 8.0), (40.0, 8.0, 16.0)])
def test_a_turn_cuts_what_interpolation_would(volume, center, size_nm):
    masks = (volume[:1] * 255).to(torch.uint8)
    turns = _turns(SHAPE, size_nm, seeds=25)
    for turn in turns:
        same = turn.slipped(np.zeros((SHAPE[0], 2), np.float32))
        values, is_inside = cut_patch([volume, masks], center, turn)
        wanted, wanted_inside = cut_patch([volume, masks], center, same)
        torch.testing.assert_close(values, wanted, rtol=0, atol=2e-3)
        torch.testing.assert_close(is_inside, wanted_inside)
    assert len(turns) > 10


def _turns(shape, size_nm, seeds):
    """The warps of ``seeds`` random ones that only turn and flip."""
    warps = (random_warp(shape, size_nm, np.random.default_rng(seed)) for seed in range(seeds))
    return [warp for warp in warps if isinstance(warp, Turn)]


def test_rotations_are_rigid_in_nm_where_y_and_x_differ():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        warp = random_warp((1, 101, 101), (40.0, 4.0, 12.0), rng)
        still = np.zeros((1, 2), np.float32)
        offsets = (warp.slipped(still) if isinstance(warp, Turn) else warp).offsets
        # columns 6 voxels (72 nm) and rows 18 voxels (72 nm) from the centre are equally far
        center = offsets[0, 50, 50]
        by_row = (offsets[0, 50 + 18, 50] - center) * (4, 12)
        by_column = (offsets[0, 50, 50 + 6] - center) * (4, 12)
        lengths = [np.hypot(*by_row), np.hypot(*by_column)]
        assert min(lengths) > 72 * 0.6
        assert max(lengths) / min(lengths) < 1.5


def test_the_same_generator_state_gives_the_same_warp(volume):
    for seed in range(8):
        one, two = (random_warp(SHAPE, (40, 8, 8), np.random.default_rng(seed)) for _ in range(2))
        assert type(one) is type(two)
        cut = [cut_patch([volume], (3, 9, 11), warp)[0] for warp in (one, two)]
        torch.testing.assert_close(*cut, rtol=0, atol=0)


def test_a_slipped_section_moves_with_its_truth(volume):
    slips = np.zeros((SHAPE[0], 2), np.float32)
    slips[2, 1] = 3
    values, _ = cut_patch([volume], (3, 9, 11), identity_warp(SHAPE).slipped(slips))
    torch.testing.assert_close(values[:, 2], volume[:, 3, 4:14, 8:20], rtol=0, atol=1e-5)
    torch.testing.assert_close(values[:, 1], volume[:, 2, 4:14, 5:17], rtol=0, atol=1e-5)
