from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from napari_synapse_debug.domain import records
from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.params import SimulateParams
from napari_synapse_debug.simulate import simulate_neuropil


def at_points(volume, neuropil, name):
    return volume[tuple(neuropil.grid.to_index(records.points(neuropil.truth, name)).T)]


def test_arrays_have_the_shape_and_types_that_were_asked_for(neuropil, params):
    assert neuropil.grid.shape == params.shape_vx
    assert neuropil.grid.voxel_size_nm == params.voxel_size_nm
    for volume, dtype in [
        (neuropil.raw, np.uint8),
        (neuropil.bare, np.uint8),
        (neuropil.segmentation, np.uint32),
        (neuropil.masks["spine_head"], np.uint32),
        (neuropil.masks["shaft"], np.uint32),
        (neuropil.masks["vesicle"], np.uint8),
        (neuropil.masks["mitochondrion"], np.uint8),
    ]:
        assert volume.shape == params.shape_vx
        assert volume.dtype == dtype
    assert [spec.name for spec in neuropil.classes] == list(neuropil.masks)


def test_image_is_mid_grey_with_dark_membranes(neuropil):
    assert 120 < neuropil.raw.mean() < 170
    assert np.quantile(neuropil.raw, 0.02) < 80


def test_both_kinds_are_there_in_about_the_density_asked_for(neuropil, params):
    volume_um3 = neuropil.grid.box.size * neuropil.grid.voxel_volume_nm3 / 1e9
    wanted = params.synapses_per_um3 * volume_um3
    assert 0.6 * wanted <= len(neuropil.truth) <= 1.1 * wanted
    assert set(neuropil.truth["kind"]) == {"spine_head", "shaft"}


def test_points_lie_in_their_segments_near_the_cleft(neuropil):
    truth = neuropil.truth
    assert len(truth) > 0
    for name in ("pre", "post"):
        expected = truth[f"{name}_segment"].to_numpy()
        np.testing.assert_array_equal(at_points(neuropil.segmentation, neuropil, name), expected)
        legs = records.points(truth, name) - records.points(truth, "cleft")
        lengths = np.linalg.norm(legs, axis=1)
        assert lengths.min() >= 50
        assert lengths.max() <= 110
    assert (truth["pre_segment"] != truth["post_segment"]).all()


def test_cleft_masks_carry_the_ids_of_the_truth(neuropil):
    for kind in ("spine_head", "shaft"):
        rows = neuropil.truth["kind"] == kind
        synapses = neuropil.truth.loc[rows, "synapse"].to_numpy(np.int64)
        mask = neuropil.masks[kind]
        assert set(np.unique(mask)) - {0} == set(synapses)
        np.testing.assert_array_equal(at_points(mask, neuropil, "cleft")[rows], synapses)


def test_a_cleft_lies_in_both_partners_and_nowhere_else(neuropil):
    for row in neuropil.truth.itertuples():
        mask = neuropil.masks[row.kind] == row.synapse
        touched = set(np.unique(neuropil.segmentation[mask]))
        assert touched == {row.pre_segment, row.post_segment}


def test_partners_touch_in_the_cleft(neuropil):
    for row in neuropil.truth.itertuples():
        mask = neuropil.masks[row.kind] == row.synapse
        pre = mask & (neuropil.segmentation == row.pre_segment)
        post = mask & (neuropil.segmentation == row.post_segment)
        assert (ndimage.binary_dilation(pre) & post).any()


def test_vesicles_lie_before_the_cleft_and_the_density_behind_a_spine_is_dark(neuropil):
    vesicle = neuropil.masks["vesicle"] > 0
    for row in neuropil.truth.itertuples():
        mask = neuropil.masks[row.kind] == row.synapse
        center = np.array([row.cleft_z_nm, row.cleft_y_nm, row.cleft_x_nm])
        voxels = np.argwhere(neuropil.segmentation == row.pre_segment)
        gaps = np.linalg.norm(neuropil.grid.to_nm(voxels) - center, axis=1)
        pre = voxels[gaps < 250]
        assert vesicle[tuple(pre.T)].mean() > 0.1
        assert neuropil.raw[mask].mean() < neuropil.bare[mask].mean() - 5


def test_raw_and_bare_differ_at_synapses_only(neuropil):
    changed = neuropil.raw != neuropil.bare
    assert changed.any()
    synaptic = (neuropil.masks["spine_head"] + neuropil.masks["shaft"] > 0) | (
        neuropil.masks["vesicle"] > 0
    )
    near = ndimage.distance_transform_edt(~synaptic, sampling=neuropil.grid.voxel_size_nm)
    assert near[changed].max() <= 100


def test_neurons_touch_and_little_background_is_left(neuropil):
    share = (neuropil.segmentation == 0).mean()
    assert 0.0 < share < 0.1
    assert len(np.unique(neuropil.segmentation)) > 20


@pytest.mark.slow
def test_same_seed_same_volume():
    small = SimulateParams(shape_vx=(16, 60, 70), seed=6)
    one, two = simulate_neuropil(small), simulate_neuropil(small)
    other = simulate_neuropil(small.model_copy(update={"seed": 4}))
    assert not np.array_equal(one.raw, other.raw)
    np.testing.assert_array_equal(one.raw, two.raw)
    np.testing.assert_array_equal(one.segmentation, two.segmentation)
    assert one.truth.equals(two.truth)


@pytest.mark.parametrize(("share", "kind"), [(1.0, "shaft"), (0.0, "spine_head")])
def test_all_synapses_of_one_kind(share, kind):
    params = SimulateParams(shape_vx=(16, 96, 80), shaft_fraction=share)
    truth = simulate_neuropil(params).truth
    assert set(truth["kind"]) == {kind}


def test_isotropic_voxels():
    params = SimulateParams(shape_vx=(44, 50, 60), voxel_size_nm=(16, 16, 16), seed=1)
    neuropil = simulate_neuropil(params)
    assert len(neuropil.truth) > 0
    for name in ("pre", "post"):
        expected = neuropil.truth[f"{name}_segment"].to_numpy()
        np.testing.assert_array_equal(at_points(neuropil.segmentation, neuropil, name), expected)


def test_a_volume_too_small_is_refused():
    with pytest.raises(InputError, match=r"too small.*200 × 512 × 512 nm"):
        simulate_neuropil(SimulateParams(shape_vx=(5, 64, 64)))


def test_voxels_too_coarse_are_refused():
    with pytest.raises(InputError, match="too coarse"):
        simulate_neuropil(SimulateParams(voxel_size_nm=(40, 32, 32)))


def test_more_synapses_than_there_is_room_for_are_refused():
    with pytest.raises(InputError, match="of 25 could be placed"):
        simulate_neuropil(SimulateParams(shape_vx=(16, 128, 96), synapses_per_um3=50))
