"""Only two segments are left."""

import numpy as np
import pytest

from napari_synapse_debug.ui.partner_volume import PartnerVolume

IDS = np.array([[[5, 5, 0], [9, 2**63 + 1, 5]]], np.uint64)


def test_pre_is_one_and_post_is_two():
    volume = PartnerVolume(IDS, 2**63 + 1, 9)

    assert volume[0].tolist() == [[0, 0, 0], [2, 1, 0]]
    assert volume[0].dtype == np.uint8


def test_both_in_one_segment_are_pre():
    assert PartnerVolume(IDS, 5, 5)[0].tolist() == [[1, 1, 0], [0, 0, 1]]


def test_background_is_never_lit():
    assert not np.asarray(PartnerVolume(IDS, 0, 0)).any()


@pytest.mark.parametrize("index", [0, (0, slice(0, 1)), (slice(None), 1), ...])
def test_any_slice_is_the_slice_of_the_whole(index):
    volume = PartnerVolume(IDS, 5, 9)

    assert np.array_equal(volume[index], np.asarray(volume)[index])
