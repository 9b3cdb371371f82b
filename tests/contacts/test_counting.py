from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from tests.contacts.conftest import small_volumes

from napari_synapse_debug.contacts import contact_pairs, find_contacts, find_pairs
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.params import ContactParams
from napari_synapse_debug.domain.records import CONTACT_PAIRS

VOXEL = (40.0, 8.0, 5.0)


@given(small_volumes(6))
@settings(max_examples=60, deadline=None)
def test_pairs_are_the_sums_of_their_patches(labels):
    grid = Grid(labels.shape, VOXEL)
    counted = find_pairs(labels, grid, ContactParams())
    summed = contact_pairs(find_contacts(labels, grid, ContactParams()))
    pd.testing.assert_frame_equal(summed[list(counted)], counted)


def test_a_pair_of_two_patches(draw):
    labels = draw("11122 11122 3..22 11122", dtype="uint64")
    grid = Grid(labels.shape, VOXEL)
    pairs = contact_pairs(find_contacts(labels, grid, ContactParams()))
    row = pairs[(pairs.segment_a == 1) & (pairs.segment_b == 2)].iloc[0]
    assert (row.patches, row.faces_x, row.raw_area_nm2) == (2, 3, 960.0)


@pytest.mark.parametrize("labels", [np.zeros((2, 3, 4), np.uint8), np.full((2, 3, 4), 9)])
def test_nothing_that_touches_gives_no_pair(labels):
    grid = Grid(labels.shape, VOXEL)
    assert len(find_pairs(labels, grid, ContactParams())) == 0
    pairs = contact_pairs(find_contacts(labels, grid, ContactParams()))
    assert {name: str(kind) for name, kind in pairs.dtypes.items()} == dict(CONTACT_PAIRS)


def test_many_pairs_keep_their_counts():
    labels = np.arange(1, 4001, dtype=np.uint64).reshape(4, 25, 40) + np.uint64(2**64 - 5000)
    found = find_pairs(labels, Grid(labels.shape, VOXEL), ContactParams())
    # a face along z, y, x for each voxel but those of the last section, row, column
    assert len(found) == 3 * 25 * 40 + 4 * 24 * 40 + 4 * 25 * 39
    assert found[["faces_z", "faces_y", "faces_x"]].to_numpy().sum(axis=1).tolist() == [1] * len(
        found
    )
