from __future__ import annotations

import numpy as np
import pytest

from napari_synapse_debug.diagnose.contact_boxes import ContactBoxes
from napari_synapse_debug.domain.records import CONTACTS, conform, empty

INSIDE = np.array([[3, 3, 3]])


@pytest.fixture
def boxes():
    table = empty(CONTACTS).reindex(range(4))
    table = table.assign(
        contact=[11, 12, 13, 14],
        segment_a=np.array([5, 5, 5, 6], dtype=np.uint64),
        segment_b=np.array([9, 9, 2**63 + 1, 9], dtype=np.uint64),
    )
    for axis in "zyx":
        table = table.assign(**{f"start_{axis}": [0, 3, 0, 0], f"stop_{axis}": [2, 9, 9, 9]})
    text = {name: 0 for name in CONTACTS if table[name].isna().all()}
    return ContactBoxes.of(conform(table.assign(**text), CONTACTS))


def test_only_contacts_of_the_pair_that_hold_a_voxel_are_told(boxes):
    assert boxes.holding((5, 9), INSIDE) == [12]
    assert boxes.holding((5, 9), np.array([[0, 0, 0], [3, 3, 3]])) == [11, 12]


def test_the_order_of_the_pair_does_not_matter_and_ids_may_be_large(boxes):
    assert boxes.holding((2**63 + 1, 5), INSIDE) == [13]


def test_the_end_of_a_box_is_outside(boxes):
    assert boxes.holding((5, 9), np.array([[2, 1, 1]])) == []
    assert boxes.holding((5, 9), np.array([[1, 1, 1]])) == [11]


def test_no_voxels_and_a_pair_without_contact_have_none(boxes):
    assert boxes.holding((5, 9), np.zeros((0, 3), np.int64)) == []
    assert boxes.holding((1, 2), INSIDE) == []
