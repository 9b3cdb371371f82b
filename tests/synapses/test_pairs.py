from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.synapses.conftest import AXON, DENDRITE

from napari_synapse_debug.contacts import interface_faces
from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.params import ContactParams, SynapseParams
from napari_synapse_debug.domain.records import PAIRS, points
from napari_synapse_debug.synapses import Crop, measure_pairs, pair_margin_vx

VOXEL = (40.0, 8.0, 5.0)
EXACT = SynapseParams(reach_nm=0.0)


def held(crop: Crop, pairs, name: str) -> list[int]:
    """Segment in which each of the points lies."""
    return crop.segmentation[tuple(crop.grid.to_index(points(pairs, name)).T)].tolist()


def test_a_synapse_of_two_slabs(world, two_slabs):
    segmentation, cleft = two_slabs
    made = world(segmentation, VOXEL, spines=cleft)
    assert len(made.candidates) == 1
    pairs = measure_pairs(made.crop, made.candidates, made.faces, EXACT)
    assert len(pairs) == 1
    row = pairs.iloc[0]
    assert (row["segment_a"], row["segment_b"]) == (DENDRITE, AXON)
    assert row["overlap_nm2"] == pytest.approx(3 * 6 * 40 * 5)
    assert (row["overlap_fraction"], row["probability"]) == (1, 1)
    assert (row["inside_a"], row["inside_b"]) == (0.5, 0.5)
    assert pairs["vesicle_a"].isna().all()
    # between y 19 and 20, in the middle section, at x 12 or 13
    cleft_vx = made.crop.grid.to_fraction(points(pairs, "cleft"))[0]
    assert cleft_vx[:2].tolist() == [2, 19.5]
    assert cleft_vx[2] in (12, 13)


def test_points_lie_inside_their_neurons_at_about_the_depth(world, two_slabs):
    segmentation, cleft = two_slabs
    made = world(segmentation, VOXEL, spines=cleft)
    pairs = measure_pairs(made.crop, made.candidates, made.faces, SynapseParams(depth_nm=60))
    assert held(made.crop, pairs, "a") == [DENDRITE]
    assert held(made.crop, pairs, "b") == [AXON]
    for side in "ab":
        distance = np.linalg.norm(points(pairs, side) - points(pairs, "cleft"))
        assert 40 <= distance <= 120
    assert pairs["contact"].isna().all()


def test_reach_counts_faces_beside_the_candidate(world, two_slabs):
    segmentation, cleft = two_slabs
    made = world(segmentation, VOXEL, spines=cleft)
    # x 8, 9 and 16, 17 in the three sections; the face centres there are at most 7.5 nm away
    pairs = measure_pairs(made.crop, made.candidates, made.faces, SynapseParams(reach_nm=8))
    assert pairs["overlap_nm2"].iloc[0] == pytest.approx(3 * 10 * 40 * 5)
    assert pairs["probability"].iloc[0] == pytest.approx(6 / 10)


def test_vesicles_make_their_neuron_pre(world, two_slabs):
    segmentation, cleft = two_slabs
    vesicles = np.where(segmentation == AXON, 51, 0).astype(np.uint8)
    made = world(segmentation, VOXEL, spines=cleft, vesicles=vesicles)
    row = measure_pairs(made.crop, made.candidates, made.faces, EXACT).iloc[0]
    assert (row["vesicle_a"], row["vesicle_b"]) == (0, 51 / 255)
    assert row["p_ab"] < 0.01


def test_vesicles_beyond_250_nm_say_nothing(world):
    segmentation = np.full((2, 90, 6), AXON, dtype=np.uint8)
    segmentation[:, 50:] = DENDRITE
    cleft, vesicles = np.zeros((2, 2, 90, 6), dtype=np.uint8)
    cleft[:, 49:51] = 255
    vesicles[:, :18] = 255  # 31 voxels of 8 nm below the voxel at the interface is 248 nm
    made = world(segmentation, VOXEL, spines=cleft, vesicles=vesicles)
    assert measure_pairs(made.crop, made.candidates, made.faces, EXACT)["vesicle_b"].item() == 0
    vesicles[:, 18] = 255
    made = world(segmentation, VOXEL, spines=cleft, vesicles=vesicles)
    found = measure_pairs(made.crop, made.candidates, made.faces, EXACT)["vesicle_b"].item()
    assert found == pytest.approx(1 / 32)


def test_each_partner_of_a_polyadic_cleft_is_a_pair(world, two_slabs):
    segmentation, cleft = two_slabs
    segmentation = segmentation.copy()
    segmentation[:, 20:, 12:] = 6
    made = world(segmentation, VOXEL, spines=cleft)
    pairs = measure_pairs(made.crop, made.candidates, made.faces, EXACT)
    ids = list(zip(pairs["segment_a"].tolist(), pairs["segment_b"].tolist(), strict=True))
    assert ids == [(5, 6), (5, 7), (6, 7)]
    areas = np.array([3 * 40 * 8, 3 * 2 * 40 * 5, 3 * 4 * 40 * 5], dtype=float)
    assert pairs["overlap_nm2"].to_numpy() == pytest.approx(areas)
    assert pairs["overlap_fraction"].to_numpy() == pytest.approx(areas / areas.sum())
    assert pairs["inside_a"].tolist() == pytest.approx([2 / 12, 2 / 12, 4 / 12])


def test_across_a_gap_points_stay_in_the_neurons_as_they_are(world, two_slabs):
    segmentation, cleft = two_slabs
    segmentation = segmentation.copy()
    segmentation[:, 18:22] = 0
    made = world(segmentation, VOXEL, spines=cleft)
    assert len(measure_pairs(made.crop, made.candidates, made.faces, EXACT)) == 0
    faces = interface_faces(segmentation, made.crop.grid, ContactParams(max_gap_nm=32))
    pairs = measure_pairs(made.crop, made.candidates, faces, EXACT)
    assert held(made.crop, pairs, "a") == [DENDRITE]
    assert held(made.crop, pairs, "b") == [AXON]
    assert pairs["inside_a"].tolist() == [0]
    assert pairs["p_ab"].tolist() == pytest.approx([0.5], abs=0.05)


def test_only_the_candidates_asked_for_are_measured(world, two_slabs):
    segmentation, cleft = two_slabs
    cleft = cleft.copy()
    cleft[:, 18:22, 20:24] = 255
    made = world(segmentation, VOXEL, spines=cleft)
    assert made.candidates["candidate"].tolist() == [1, 2]
    second = made.candidates.iloc[1:]
    pairs = measure_pairs(made.crop, second, made.faces, EXACT)
    assert pairs["candidate"].tolist() == [2]


def test_a_crop_with_the_margin_measures_as_the_whole(world):
    rng = np.random.default_rng(11)
    segmentation = np.kron(rng.integers(1, 9, (6, 9, 8)), np.ones((2, 9, 11))).astype(np.uint16)
    cleft, vesicles = np.zeros((2, *segmentation.shape), dtype=np.uint8)
    cleft[5:7, 38:42, 40:48] = 200
    vesicles[:] = rng.integers(0, 255, segmentation.shape)
    voxel = (100.0, 20.0, 20.0)
    made = world(segmentation, voxel, spines=cleft, vesicles=vesicles)
    raw = rng.integers(0, 255, segmentation.shape).astype(np.uint8)
    whole = measure_pairs(replace(made.crop, raw=raw), made.candidates, made.faces, SynapseParams())
    assert len(whole) > 1
    grid = made.crop.grid
    row = made.candidates.iloc[0]
    around = replace(
        grid.box,
        start=tuple(int(row[f"start_{k}"]) for k in "zyx"),
        stop=tuple(int(row[f"stop_{k}"]) for k in "zyx"),
    ).grow(pair_margin_vx(grid, SynapseParams()), within=grid.box)
    assert around != grid.box
    part = Crop(
        grid.crop(around),
        made.crop.candidate_labels[around.slices],
        segmentation[around.slices],
        made.crop.probability[:, *around.slices],
        made.crop.classes,
        raw[around.slices],
    )
    faces = interface_faces(part.segmentation, part.grid)
    cropped = measure_pairs(part, made.candidates, faces, SynapseParams())
    assert whole[["raw_a", "texture_b", "edge_raw_a", "volume_a_nm3"]].notna().all(axis=None)
    pd.testing.assert_frame_equal(cropped, whole)


def test_without_candidates_or_faces_the_table_is_empty_and_well_formed(world, two_slabs):
    segmentation, cleft = two_slabs
    none = world(segmentation, VOXEL, spines=cleft * 0)
    lonely = world(np.full_like(segmentation, AXON), VOXEL, spines=cleft)
    assert len(lonely.candidates) == 1
    for made in (none, lonely):
        pairs = measure_pairs(made.crop, made.candidates, made.faces, EXACT)
        assert len(pairs) == 0
        assert {name: str(kind) for name, kind in pairs.dtypes.items()} == dict(PAIRS)


def test_a_candidate_without_faces_near_it_has_no_pair(world, two_slabs):
    segmentation, cleft = two_slabs
    made = world(segmentation, VOXEL, spines=np.roll(cleft, 10, axis=1))
    assert len(made.faces) > 0
    assert len(measure_pairs(made.crop, made.candidates, made.faces, EXACT)) == 0


def test_arrays_of_another_shape_are_refused(world, two_slabs):
    segmentation, cleft = two_slabs
    crop = world(segmentation, VOXEL, spines=cleft).crop
    with pytest.raises(InputError, match="segmentation"):
        replace(crop, segmentation=segmentation[:, :-1])
    with pytest.raises(InputError, match="probabilities"):
        replace(crop, probability=crop.probability[:, :-1])


def test_faces_of_another_crop_are_refused(world, two_slabs):
    segmentation, cleft = two_slabs
    small = world(segmentation[:3], VOXEL, spines=cleft[:3])
    large = world(segmentation, VOXEL, spines=cleft)
    with pytest.raises(InputError, match="faces"):
        measure_pairs(small.crop, small.candidates, large.faces, EXACT)
