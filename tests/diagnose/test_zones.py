import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_synapse_debug.diagnose.zones import cleft_keys, find_zones
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.params import DiagnoseParams

GRID = Grid((9, 20, 30), (50.0, 10.0, 20.0))
NARROW = DiagnoseParams(oracle_radius_nm=40.0, zone_growth_nm=20.0)


def zones_at(*voxels, keys=None, masks=None, params=NARROW):
    points = GRID.to_nm(np.asarray(voxels, dtype=float).reshape(-1, 3))
    given_keys = np.arange(1, len(points) + 1) if keys is None else np.asarray(keys)
    return find_zones(points, given_keys.astype(np.int64), masks, GRID, params)


def test_a_ball_is_round_in_nm_and_at_least_a_section_deep():
    """40 nm: four rows, two columns; one section of 50 nm all the same."""
    seeds = zones_at((4, 10, 15)).seeds
    assert seeds[4, :, 15].sum() == 9
    assert seeds[4, 10].sum() == 5
    assert seeds[:, 10, 15].sum() == 3
    assert seeds[5, 11, 15] == 0


def test_growth_is_in_nm_too():
    grown = zones_at((4, 10, 15)).grown
    assert grown[4, :, 15].sum() == 13
    assert grown[4, 10].sum() == 7
    assert grown[:, 10, 15].sum() == 3  # 20 nm do not reach the next section


def test_every_voxel_belongs_to_the_nearest_cleft():
    grown = zones_at((4, 10, 12), (4, 10, 16), keys=[7, 9]).grown
    assert np.unique(grown).tolist() == [0, 7, 9]
    assert grown[4, 10, 13] == 7
    assert grown[4, 10, 15] == 9


def test_a_mask_takes_the_place_of_the_ball():
    masks = np.zeros(GRID.shape, dtype=np.uint16)
    masks[2, 5, 5:8] = 1
    zones = zones_at((4, 10, 15), (2, 5, 20), keys=[1, 2], masks=masks)
    assert zones.seeds[4, 10, 15] == 0
    assert (zones.seeds == 1).sum() == 3
    assert zones.seeds[2, 5, 20] == 2


def test_clefts_just_outside_the_crop_reach_into_it():
    assert (zones_at((4, -2, 15)).seeds == 1).any()
    assert not zones_at((4, -9, 15)).grown.any()


def test_without_clefts_there_are_no_zones():
    zones = zones_at()
    assert zones.grown.shape == GRID.shape
    assert not zones.grown.any()


def test_rows_without_a_cleft_id_are_their_own():
    truth = pd.DataFrame({"row": [3, 4, 5], "synapse": pd.array([8, None, 8], dtype="Int64")})
    assert cleft_keys(truth).tolist() == [8, -5, 8]


@settings(deadline=None, max_examples=40)
@given(st.permutations([0, 1, 2, 3]), st.integers(0, 2**32))
def test_the_order_of_clefts_changes_nothing(order, seed):
    rng = np.random.default_rng(seed)
    voxels = rng.uniform(0, GRID.shape, (4, 3))
    keys = np.asarray([5, 6, 7, 8])
    before = zones_at(*voxels, keys=keys)
    after = zones_at(*voxels[order], keys=keys[order])
    assert before.grown.any()
    assert np.array_equal(before.grown, after.grown)
