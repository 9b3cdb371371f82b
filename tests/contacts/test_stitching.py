from __future__ import annotations

import cc3d
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contacts.conftest import brute_patches, small_volumes

from napari_synapse_debug.contacts import (
    contact_halo_vx,
    contacts_in_block,
    find_contacts,
    stitch_contacts,
)
from napari_synapse_debug.contacts.joining import Layers
from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.params import ContactParams
from napari_synapse_debug.domain.records import CONTACTS, points

VOXEL = (40.0, 8.0, 5.0)
PLAIN = ContactParams()


def in_blocks(labels, grid, params, shape):
    pieces = []
    for core in grid.box.blocks(shape):
        read = core.grow(contact_halo_vx(grid, params), within=grid.box)
        pieces.append(contacts_in_block(labels[read.slices], read, core, grid, params))
    return stitch_contacts(reversed(pieces), grid, params)


def summary(contacts: pd.DataFrame) -> list[tuple]:
    faces = contacts[["faces_z", "faces_y", "faces_x"]].to_numpy().tolist()
    centroids = np.round(points(contacts, "centroid"), 6).tolist()
    return sorted(
        (int(a), int(b), tuple(n), tuple(c))
        for a, b, n, c in zip(contacts.segment_a, contacts.segment_b, faces, centroids, strict=True)
    )


@given(small_volumes())
@settings(max_examples=150, deadline=None)
def test_equals_the_plainest_search(labels):
    grid = Grid(labels.shape, VOXEL, (10.0, 20.0, 30.0))
    assert summary(find_contacts(labels, grid, PLAIN)) == brute_patches(labels, grid)


@given(
    small_volumes(6),
    st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 5)),
    st.sampled_from([0.0, 5.0, 16.0, 45.0]),
    st.sampled_from([0.0, 300.0]),
)
@settings(max_examples=150, deadline=None)
def test_any_block_size_gives_the_same_table(labels, block, gap, area):
    grid = Grid(labels.shape, VOXEL)
    params = ContactParams(max_gap_nm=gap, min_area_nm2=area, excluded_segments=(2,))
    whole = find_contacts(labels, grid, params)
    pd.testing.assert_frame_equal(in_blocks(labels, grid, params, block), whole, check_exact=True)


@given(small_volumes(6))
@settings(max_examples=50, deadline=None)
def test_renaming_segments_changes_names_only(labels):
    grid = Grid(labels.shape, VOXEL)
    new_ids = np.array([0, 2**64 - 1, 4, 70000], dtype=np.uint64)
    old, new = (find_contacts(k, grid, PLAIN) for k in (labels, new_ids[labels]))
    same = ["faces_z", "faces_y", "faces_x", "area_nm2", "point_z_nm", "point_y_nm", "point_x_nm"]
    pd.testing.assert_frame_equal(old[same], new[same])
    for before, after in zip(old.itertuples(), new.itertuples(), strict=True):
        names = new_ids[[before.segment_a, before.segment_b]]
        assert (after.segment_a, after.segment_b) == (names.min(), names.max())


def test_areas_equal_those_of_cc3d():
    labels = np.random.default_rng(5).integers(0, 6, (6, 9, 11), dtype=np.uint32)
    found = find_contacts(labels, Grid(labels.shape, VOXEL), PLAIN)
    mine = found.groupby(["segment_a", "segment_b"])["raw_area_nm2"].sum().to_dict()
    theirs = cc3d.contacts(labels, connectivity=6, surface_area=True, anisotropy=VOXEL)
    assert len(theirs) == 10
    assert mine == pytest.approx(theirs)


def test_two_sheets_of_one_pair_are_two_contacts(draw):
    labels = draw("11122 11122 3..22 11122")
    grid = Grid(labels.shape, VOXEL)
    found = find_contacts(labels, grid, PLAIN)
    pair = found[(found.segment_a == 1) & (found.segment_b == 2)]
    assert pair.faces_x.tolist() == [2, 1]
    assert pair.raw_area_nm2.tolist() == [640.0, 320.0]
    assert points(pair, "point").tolist() == [[0.0, 0.0, 12.5], [0.0, 24.0, 12.5]]
    assert pair[["normal_z", "normal_y", "normal_x"]].to_numpy().tolist() == [[0, 0, 1]] * 2
    assert pair[["start_y", "start_x", "stop_y", "stop_x"]].iloc[0].tolist() == [0, 2, 2, 4]
    assert found.contact.tolist() == list(range(1, len(found) + 1))


def test_faces_that_meet_in_a_corner_only_are_two_contacts(draw):
    # the sheets of section 0 and of section 1 share a corner of the lattice, no edge
    labels = draw("12.. ....", ".... ..12")
    assert len(find_contacts(labels, Grid(labels.shape, VOXEL), PLAIN)) == 2
    labels = draw("12.. ....", "12.. ....")
    assert len(find_contacts(labels, Grid(labels.shape, VOXEL), PLAIN)) == 1


def test_corrected_area_of_a_staircase_is_that_of_the_slope():
    # y + x < 12: a sheet at 45°, 12 steps, between corners 12 · √2 voxels apart
    y, x = np.indices((12, 12))
    labels = np.broadcast_to(np.where(y + x < 12, 1, 2), (2, 12, 12)).astype(np.uint8)
    grid = Grid(labels.shape, (10.0, 10.0, 10.0))
    found = find_contacts(labels, grid, PLAIN).iloc[0]
    steps = 11
    assert found.raw_area_nm2 == 2 * (2 * steps) * 100
    assert found.area_nm2 == pytest.approx(2 * steps * np.sqrt(2) * 100)
    normal = found[["normal_z", "normal_y", "normal_x"]].to_numpy(float)
    assert normal == pytest.approx([0, np.sqrt(0.5), np.sqrt(0.5)])


def test_a_closed_surface_has_the_normal_of_its_point():
    labels = np.full((3, 5, 7), 4, dtype=np.uint8)
    labels[1, 2, 3] = 9
    found = find_contacts(labels, Grid(labels.shape, (40.0, 8.0, 8.0)), PLAIN)
    assert len(found) == 1
    normal = found[["normal_z", "normal_y", "normal_x"]].to_numpy(float)[0]
    inwards = points(found, "centroid")[0] - points(found, "point")[0]
    assert np.linalg.norm(normal) == 1
    assert normal @ inwards == pytest.approx(np.linalg.norm(inwards))


def test_small_contacts_go_after_stitching(draw):
    labels = draw("1122 1122")
    grid = Grid(labels.shape, VOXEL)
    params = ContactParams(min_area_nm2=640.0)
    assert len(in_blocks(labels, grid, params, (1, 1, 2))) == 1
    assert len(in_blocks(labels, grid, ContactParams(min_area_nm2=641.0), (1, 1, 2))) == 0


@pytest.mark.parametrize(
    "labels",
    [
        np.zeros((2, 3, 4), np.uint16),
        np.full((2, 3, 4), 7, np.int64),
        np.zeros((0, 3, 4), np.uint8),
    ],
)
def test_nothing_that_touches_gives_a_well_formed_empty_table(labels):
    found = find_contacts(labels, Grid(labels.shape, VOXEL), ContactParams(max_gap_nm=20))
    assert len(found) == 0
    assert {name: str(kind) for name, kind in found.dtypes.items()} == dict(CONTACTS)


def test_no_block_at_all_gives_an_empty_table():
    assert list(stitch_contacts([], Grid((2, 3, 4), VOXEL), PLAIN)) == list(CONTACTS)


def test_a_block_without_its_halo_is_refused(draw):
    labels = draw("1122")
    grid, core = Grid(labels.shape, VOXEL), Box((0, 0, 0), (1, 1, 2))
    with pytest.raises(InputError, match="contact_halo_vx"):
        contacts_in_block(labels[core.slices], core, core, grid, PLAIN)


def test_blocks_of_a_box_are_joined_as_they_come():
    """Those of a box that begins below the first section, and leaves columns out."""
    layers = Layers(Box((4, 0, 8), (12, 8, 16)))
    cores = list(Box((4, 0, 8), (12, 8, 16)).blocks((4, 4, 8)))
    assert [layers.add(core) for core in cores] == [False, True, False, True]
    assert layers.complete_to == 12
