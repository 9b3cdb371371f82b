from __future__ import annotations

import numpy as np

from napari_synapse_debug.contacts import find_contacts
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.params import ContactParams
from napari_synapse_debug.domain.records import CONTACTS, PAIRS, empty, point_columns
from napari_synapse_debug.synapses import link_contacts

VOXEL = (40.0, 8.0, 5.0)
CLEFT = point_columns("cleft")


def at(pair_table, *clefts, **columns):
    values = np.array(clefts)
    cleft = dict(zip(CLEFT, values.T, strict=True))
    return pair_table(candidate=list(range(1, len(values) + 1)), **cleft, **columns)


def test_each_pair_gets_the_patch_that_holds_its_cleft(pair_table):
    # 1 and 2 touch at y 0, 1 and again at y 4; the row between belongs to 3
    labels = np.array([[[1, 1, 2]] * 2 + [[3, 3, 3]] * 2 + [[1, 1, 2]]], dtype=np.uint8)
    labels = labels.reshape(1, 5, 3)
    grid = Grid(labels.shape, VOXEL, (100.0, 0.0, 50.0))
    contacts = find_contacts(labels, grid, ContactParams())
    own = contacts[(contacts["segment_a"] == 1) & (contacts["segment_b"] == 2)]
    first, second = own["contact"].tolist()
    pairs = at(pair_table, (100, 0, 57.5), (100, 32, 57.5), (100, 8, 57.5))
    linked = link_contacts(pairs.set_index(np.array([9, 4, 7])), contacts, grid)
    assert linked["contact"].tolist() == [first, second, first]
    assert linked.index.tolist() == [9, 4, 7]
    assert str(linked["contact"].dtype) == "Int64"


def test_a_filtered_contact_leaves_the_pair_without(pair_table):
    labels = np.array([[[1, 1, 2]]], dtype=np.uint8)
    grid = Grid(labels.shape, VOXEL)
    pairs = at(pair_table, (0, 0, 7.5))
    assert link_contacts(pairs, find_contacts(labels, grid, ContactParams()), grid)[
        "contact"
    ].tolist() == [1]
    none = find_contacts(labels, grid, ContactParams(min_area_nm2=1e6))
    assert link_contacts(pairs, none, grid)["contact"].isna().tolist() == [True]


def test_of_patches_whose_boxes_overlap_the_nearest_is_taken(pair_table):
    # the faces of 1 and 2 at x 0 | 1 below y 2, and at x 3 | 4 above: boxes made to overlap
    contacts = empty(CONTACTS).reindex(range(2)).fillna(0)
    contacts = contacts.assign(
        contact=[1, 2],
        segment_a=np.uint64(1),
        segment_b=np.uint64(2),
        stop_z=1,
        stop_y=9,
        stop_x=9,
        centroid_y_nm=[0.0, 64.0],
    ).astype(dict(CONTACTS))
    pairs = at(pair_table, (0, 8, 0), (0, 48, 0))
    linked = link_contacts(pairs, contacts, Grid((1, 9, 9), VOXEL))
    assert linked["contact"].tolist() == [1, 2]


def test_no_pairs_link_to_nothing():
    linked = link_contacts(empty(PAIRS), empty(CONTACTS), Grid((1, 2, 3), VOXEL))
    assert len(linked) == 0
    assert list(linked) == list(PAIRS)
