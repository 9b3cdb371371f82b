from __future__ import annotations

import numpy as np
import pytest

from napari_synapse_debug.contacts import Masks, absent_segments, find_contacts, touching_labels
from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.params import ContactParams

GAP = ContactParams(max_gap_nm=8)


def grid_of(labels):
    return Grid(labels.shape, (40.0, 8.0, 8.0))


def test_background_ids_are_a_gap_and_left_out_ids_are_none(draw):
    labels = draw("1G2")
    assert len(find_contacts(labels, grid_of(labels), GAP)) == 2
    through = find_contacts(labels, grid_of(labels), ContactParams(max_gap_nm=8, background=(16,)))
    assert through[["segment_a", "segment_b"]].to_numpy().tolist() == [[1, 2]]
    parted = ContactParams(max_gap_nm=8, excluded_segments=(16,))
    assert len(find_contacts(labels, grid_of(labels), parted)) == 0


def test_a_membrane_mask_is_background(draw):
    labels, membrane = draw("1122"), draw(".11.")
    before = labels.copy()
    masks = Masks(background=membrane)
    assert touching_labels(labels, grid_of(labels), ContactParams(), masks).tolist() == [
        [[1, 0, 0, 2]]
    ]
    np.testing.assert_array_equal(labels, before)
    wide = ContactParams(max_gap_nm=16)
    assert len(find_contacts(labels, grid_of(labels), ContactParams(), masks)) == 0
    assert len(find_contacts(labels, grid_of(labels), wide, masks)) == 1


def test_contacts_lie_in_the_region(draw):
    labels = draw("1122 1122 3322")
    region = np.zeros(labels.shape, bool)
    region[:, :1] = True
    assert len(find_contacts(labels, grid_of(labels), ContactParams())) > 1
    found = find_contacts(labels, grid_of(labels), ContactParams(), Masks(region=region))
    assert found[["segment_a", "segment_b", "faces_x"]].to_numpy().tolist() == [[1, 2, 1]]


def test_listed_ids_that_no_voxel_has(draw):
    assert absent_segments(draw("1.2"), [2, 9, 1, 10**19]) == [9, 10**19]
    assert absent_segments(draw("...", dtype="uint8"), [300]) == [300]
    assert absent_segments(draw("1"), []) == []


def test_a_mask_of_another_shape_is_refused(draw):
    labels = draw("12")
    with pytest.raises(InputError, match="background mask"):
        find_contacts(labels, grid_of(labels), GAP, Masks(background=draw("1.", "1.")[:1, :, :1]))
