from __future__ import annotations

import numpy as np
import pytest

from napari_synapse_debug.diagnose.contact_boxes import ContactBoxes
from napari_synapse_debug.domain.records import CONTACTS, conform, empty

LOW, HIGH = np.array([2, 2, 2]), np.array([4, 4, 4])


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


def test_only_contacts_of_the_pair_that_reach_into_the_box_are_told(boxes):
    assert boxes.between((5, 9), LOW, HIGH) == [12]


def test_the_order_of_the_pair_does_not_matter_and_ids_may_be_large(boxes):
    assert boxes.between((2**63 + 1, 5), LOW, HIGH) == [13]


def test_a_box_that_ends_where_the_other_begins_does_not_meet_it(boxes):
    assert boxes.between((5, 9), np.array([0, 0, 0]), np.array([3, 3, 3])) == [11]


def test_a_pair_without_contact_has_none(boxes):
    assert boxes.between((1, 2), LOW, HIGH) == []
