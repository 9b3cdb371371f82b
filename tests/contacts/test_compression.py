from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from napari_synapse_debug.contacts.compression import compress, expand


@given(
    npst.arrays(
        np.uint64, (2, 3, 5), elements=st.sampled_from([0, 0, 1, 7, 2**32, 2**63, 2**64 - 1])
    )
)
@settings(max_examples=60, deadline=None)
def test_codes_keep_the_order_and_come_back(ids):
    codes, table = compress(ids)
    assert table.tolist() == sorted(set(ids.ravel().tolist()) - {0})
    np.testing.assert_array_equal(codes == 0, ids == 0)
    np.testing.assert_array_equal(expand(codes, table), ids)


def test_more_ids_than_there_is_room_for_at_first():
    ids = np.random.default_rng(3).permutation(6000).astype(np.uint64).reshape(10, 20, 30)
    codes, table = compress(ids * np.uint64(10**15))
    np.testing.assert_array_equal(codes, ids)
    assert len(table) == 5999
