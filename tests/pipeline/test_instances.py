from __future__ import annotations

import numpy as np
import pytest

from napari_synapse_debug.pipeline.instances import join_instances, label_instances


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
    np.testing.assert_array_equal(label_instances(mask), mask)


def row(*values: int) -> np.ndarray:
    return np.array([[values]], dtype=np.uint64)


@pytest.mark.parametrize(
    ("masks", "joined"),
    [
        ([row(5, 0, 7, 0)], row(5, 0, 7, 0)),
        # ids of one numbering stay
        ([row(5, 0, 7, 0, 0, 0), row(0, 0, 0, 0, 2, 9)], row(5, 0, 7, 0, 2, 9)),
        # each mask numbered from 1: four instances
        ([row(1, 0, 2, 0, 0, 0), row(0, 0, 0, 1, 0, 2)], row(1, 0, 2, 3, 0, 4)),
        # the same id at the same place is one instance, elsewhere it is not
        ([row(1, 1, 0, 2, 0, 0), row(0, 1, 0, 0, 0, 2)], row(1, 1, 0, 2, 0, 3)),
        # no instances in the later mask: pieces, of which one lies on an instance below
        ([row(4, 4, 0, 9, 0, 0), row(1, 0, 0, 0, 0, 1)], row(4, 4, 0, 9, 0, 10)),
        # no instances in either
        ([row(1, 1, 0, 1, 0, 0), row(0, 0, 0, 0, 0, 1)], row(1, 1, 0, 2, 0, 3)),
    ],
)
def test_masks_are_joined_whatever_their_numbers(
    masks: list[np.ndarray], joined: np.ndarray
) -> None:
    np.testing.assert_array_equal(join_instances(masks), joined)


def test_nothing_stays_nothing() -> None:
    empty = row(0, 0, 0)
    np.testing.assert_array_equal(join_instances([empty, empty]), empty)
