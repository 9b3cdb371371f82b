"""Small pictures at true aspect."""

import numpy as np
import pytest

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.ui.partner_volume import PartnerVolume
from napari_synapse_debug.ui.section_crops import read_crop, section

GRID = Grid((10, 60, 80), (40.0, 8.0, 4.0), (100.0, 0.0, 40.0))
CENTER = GRID.to_nm([(5, 30, 40)])[0]


def striped(axis):
    """Black and white by the parity of the index along ``axis``."""
    index = np.arange(GRID.shape[axis]) % 2 * 255
    shape = [1, 1, 1]
    shape[axis] = -1
    return np.broadcast_to(index.reshape(shape), GRID.shape).astype(np.uint8)


@pytest.mark.parametrize(
    ("plane", "axis", "rows"),
    [("xy", 1, True), ("xy", 2, False), ("xz", 0, True), ("yz", 1, False)],
)
def test_a_voxel_is_as_wide_as_it_is(plane, axis, rows):
    crop = read_crop(striped(axis), None, GRID, CENTER, 80.0)

    picture = section(crop, plane, CENTER, 80.0, 160)[..., 0]  # one pixel a nm

    line = picture[:, 80] if rows else picture[80]
    edges = np.flatnonzero(np.diff(line.astype(int)))
    assert set(np.diff(edges)) == {GRID.voxel_size_nm[axis]}


def test_partners_are_tinted_and_others_grey():
    segments = np.full(GRID.shape, 3)
    segments[:, :, 40:] = 4
    raw = np.full(GRID.shape, 100, np.uint8)
    crop = read_crop(raw, PartnerVolume(segments, 4, 0), GRID, CENTER, 80.0)

    picture = section(crop, "xy", CENTER, 80.0, 64)

    left, right = picture[32, 8].astype(int), picture[32, 56].astype(int)
    assert np.ptp(left) == 0
    assert np.ptp(right) > 10


def test_two_partners_in_one_segment_have_the_hue_of_pre():
    raw, segments = np.full(GRID.shape, 100, np.uint8), np.full(GRID.shape, 4)
    one, both = (PartnerVolume(segments, 4, post) for post in (0, 4))

    pictures = [
        section(read_crop(raw, volume, GRID, CENTER, 80.0), "xy", CENTER, 80.0, 8)
        for volume in (one, both)
    ]

    assert np.ptp(pictures[0][4, 4].astype(int)) > 10
    assert np.array_equal(*pictures)


def test_outside_of_the_volume_is_black():
    corner = GRID.to_nm([(0, 0, 0)])[0]
    raw = np.full(GRID.shape, 100, np.uint8)
    raw[:, ::2] = 200
    crop = read_crop(raw, None, GRID, corner, 80.0)

    picture = section(crop, "xy", corner, 80.0, 64)

    assert not picture[:30].any()
    assert picture[34:, 34:].any()


def test_a_place_far_away_gives_a_black_picture():
    crop = read_crop(striped(1), None, GRID, (1e6, 1e6, 1e6), 80.0)

    assert not section(crop, "xz", (1e6, 1e6, 1e6), 80.0, 16).any()


def test_only_the_surroundings_are_read():
    crop = read_crop(striped(1), None, GRID, CENTER, 80.0)

    assert crop.grid.shape == (5, 21, 41)
