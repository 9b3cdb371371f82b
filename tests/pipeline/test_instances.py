from __future__ import annotations

import numpy as np

from napari_synapse_debug.pipeline.instances import label_instances


def test_ids_that_tell_instances_apart_are_kept():
    mask = np.array([[[3, 0, 9]]], dtype=np.uint64)
    np.testing.assert_array_equal(label_instances(mask), mask)


def test_pieces_of_a_mask_of_one_id_are_instances_however_small_the_volume():
    mask = np.zeros((3, 1, 6), dtype=np.uint64)
    mask[0, 0, 0] = mask[0, 0, 4] = mask[2, 0, 2] = 7
    found = label_instances(mask)
    assert sorted(found[mask > 0].tolist()) == [1, 2, 3]
    assert (found[mask == 0] == 0).all()


def test_pieces_that_share_a_corner_are_one():
    mask = np.zeros((2, 2, 2), dtype=np.uint64)
    mask[0, 0, 0] = mask[1, 1, 1] = 1
    assert label_instances(mask).max() == 1
