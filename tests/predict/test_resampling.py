import numpy as np
import pytest
import torch

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.predict import Predictor, ResamplingPredictor, misfit, network_grid
from napari_synapse_debug.predict.resampling import _resample, _Resampled

LEARNT_NM = (40.0, 4.0, 4.0)
FINE = Grid((6, 90, 100), (40.0, 2.0, 2.5), (7.0, 1.0, 0.0))
RAW = np.random.default_rng(3).integers(0, 256, FINE.shape, dtype=np.uint8)


@pytest.fixture
def predictor(trained):
    return Predictor(trained, "cpu", dtype=torch.float32)


def test_the_misfit_is_the_largest_factor_either_way(trained):
    assert misfit(LEARNT_NM, trained.plan) == 1
    assert misfit((80.0, 4.0, 1.0), trained.plan) == 4
    assert misfit((40.0, 12.0, 4.0), trained.plan) == 3


def test_the_networks_grid_covers_the_same_space(trained):
    seen = network_grid(FINE, trained.plan)
    # y: 90 voxels of 2 nm are 45 of 4 nm; x: 100 of 2.5 nm are 62.5 of 4 nm; z is alike
    assert seen.shape == (6, 45, 63)
    assert seen.voxel_size_nm == LEARNT_NM
    # the near faces lie at 1 - 1 and 0 - 1.25 nm; a voxel's centre half of 4 nm further
    assert seen.offset_nm == (7.0, 2.0, 0.75)
    alike = Grid((5, 6, 7), (45.0, 4.6, 3.6))
    assert network_grid(alike, trained.plan) == alike


def test_far_too_large_voxels_are_refused(trained):
    with pytest.raises(InputError, match="trained on voxels of another size"):
        network_grid(Grid((5, 6, 7), (40.0, 17.0, 4.0)), trained.plan)


def test_a_constant_stays_and_a_ramp_is_kept_in_place(trained):
    seen = network_grid(FINE, trained.plan)
    flat = _Resampled(np.full(FINE.shape, 77, np.uint8), FINE, seen)
    everywhere = Box.of_shape(seen.shape)
    np.testing.assert_allclose(flat[everywhere.slices], 77, rtol=1e-6)
    place_nm = np.arange(FINE.shape[2]) * 2.5
    ramp = _Resampled(np.broadcast_to(place_nm, FINE.shape), FINE, seen)
    found = ramp[everywhere.slices][0, 0]
    wanted = np.arange(63) * 4 + 0.75
    assert np.abs(found - wanted)[2:-2].max() < 0.3  # averages of unequal parts of voxels
    back = _resample(ramp[everywhere.slices], everywhere, seen, FINE.box, FINE)
    assert np.abs(back[0, 0] - place_nm)[4:-4].max() < 0.3


def test_any_part_is_cut_out_of_the_same_whole(trained):
    seen = network_grid(FINE, trained.plan)
    view = _Resampled(RAW, FINE, seen)
    whole = view[Box.of_shape(seen.shape).slices]
    assert np.ptp(whole) > 50
    for part in Box.of_shape(seen.shape).blocks((4, 17, 20)):
        np.testing.assert_allclose(view[part.slices], whole[part.slices], rtol=1e-5)


def test_tiled_is_untiled(predictor):
    resampling = ResamplingPredictor(predictor, FINE, FINE)
    whole = resampling.compute(resampling.read(RAW, FINE.box)).astype(int)
    assert whole.shape == (2, *FINE.shape)
    assert np.ptp(whole) > 10
    tiles = list(FINE.box.blocks((6, 50, 37)))
    assert len(tiles) == 6
    for tile in tiles:
        found = resampling.compute(resampling.read(RAW, tile))
        assert np.abs(found - whole[(slice(None), *tile.slices)]).max() <= 1


def test_a_coarser_level_gives_the_prediction_of_that_level(predictor):
    coarse = FINE.coarsen((1, 2, 2))
    raw = RAW.reshape(6, 45, 2, 50, 2).mean(axis=(2, 4))
    direct = predictor.predict(raw).astype(int)  # 4 × 5 nm is alike
    resampling = ResamplingPredictor(predictor, coarse, FINE)
    found = resampling.compute(resampling.read(raw, FINE.box))
    # linear between the voxels' centres: a quarter of the way between two of them
    wanted = direct[:, :, :, 1:] * 0.25 + direct[:, :, :, :-1] * 0.75
    assert np.ptp(wanted) > 10
    y = found[:, :, 1:-1:2, 1:-1:2] * 0.75 + found[:, :, 2::2, 1:-1:2] * 0.25
    assert y.shape == wanted[:, :, :-1].shape
    assert np.abs(y - wanted[:, :, :-1]).mean() < 4


def test_blocks_count_in_voxels_of_the_target(predictor):
    resampling = ResamplingPredictor(predictor, FINE, FINE)
    # the network's halo is (4, 48, 48) voxels of 40, 4, 4 nm
    assert resampling.halo_vx == (4, 96, 77)
    block = resampling.choose_block((20, 50_000, 60_000), (8, 64, 64))
    assert [b % c for b, c in zip(block, (8, 64, 64), strict=True)] == [0, 0, 0]
    smaller = resampling.smaller_block(block, (8, 64, 64))
    assert 0.4 < np.prod(smaller) / np.prod(block) < 0.6
