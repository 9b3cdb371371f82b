"""Pictures of a crop in which each colour can be told by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.report import Crop, Mark, Views, draw_views
from napari_synapse_debug.report.thumbnails import (
    POST_HUE,
    PRE_HUE,
    PREDICTION_HUE,
    TRUTH_HUE,
)

GRID = Grid((6, 40, 50), (40.0, 8.0, 10.0), (400.0, 80.0, 0.0))
PRE, POST = 4, 7
CENTER = GRID.to_nm([(3, 20, 25)])[0]
SHARE = 0.28  # of a partner's hue
PIXEL = 2.0  # nm: a voxel is 20 × 4 × 5 pixels


def black() -> np.ndarray:
    """Raw data in which everything shown is black but for one bright and one dark corner."""
    return np.zeros(GRID.shape, np.uint8)


def segments() -> np.ndarray:
    """Pre for x below 25, post from there; background where y is below 10."""
    ids = np.full(GRID.shape, PRE, np.uint64)
    ids[:, :, 25:] = POST
    ids[:, :10] = 0
    return ids


def draw(crop: Crop, *marks: Mark) -> Views:
    return draw_views(crop, CENTER.tolist(), (PRE, POST), marks, pixel_nm=PIXEL)


def at(picture: np.ndarray, row_vx: float, column_vx: float, size: tuple[int, int]) -> np.ndarray:
    """The colour at the centre of a voxel of the picture."""
    return picture[round((row_vx + 0.5) * size[0]), round((column_vx + 0.5) * size[1])].astype(int)


def test_pictures_have_the_true_aspect() -> None:
    views = draw(Crop(black(), GRID))
    assert views.xy.shape == (40 * 4, 50 * 5, 3)
    assert views.xz.shape == (6 * 20, 50 * 5, 3)
    assert views.yz.shape == (6 * 20, 40 * 4, 3)
    assert views.xy.dtype == np.uint8


def test_partners_are_lit_where_their_segments_are() -> None:
    assert draw(Crop(black(), GRID)).xy.max() == 0
    views = draw(Crop(black(), GRID, segments()))
    for hue, x in ((PRE_HUE, 12), (POST_HUE, 40)):
        expected = [int(SHARE * part) for part in hue]
        assert np.abs(at(views.xy, 30, x, (4, 5)) - expected).max() <= 1
        assert np.abs(at(views.xz, 2, x, (20, 5)) - expected).max() <= 1
        assert at(views.xy, 4, x, (4, 5)).max() == 0, "background stays as it is"
    post = [int(SHARE * part) for part in POST_HUE]
    assert np.abs(at(views.yz, 2, 30, (20, 4)) - post).max() <= 1, "x 25 lies in post"


def test_a_partner_of_id_0_lights_nothing() -> None:
    ids = segments()
    lit = draw_views(Crop(black(), GRID, ids), CENTER.tolist(), (0, POST), pixel_nm=PIXEL)
    assert at(lit.xy, 4, 30, (4, 5)).max() == 0, "background is no segment"
    assert at(lit.xy, 30, 12, (4, 5)).max() == 0
    assert at(lit.xy, 30, 40, (4, 5)).max() > 0


def test_the_section_is_that_of_the_center() -> None:
    raw = black()
    raw[3, :, 25] = 250
    raw[4] = 250
    views = draw(Crop(raw, GRID))
    assert at(views.xy, 20, 25, (4, 5)).min() > 200
    assert at(views.xy, 20, 10, (4, 5)).max() < 50, "section 4 is not shown"
    assert at(views.xz, 4, 10, (20, 5)).min() > 200


def test_grey_values_are_spread_over_their_range() -> None:
    ramp = np.broadcast_to(np.arange(50) + 1000, GRID.shape).astype(np.uint16)
    line = draw(Crop(ramp, GRID)).xy[80, :, 0].astype(int)
    assert (line[0], line[-1]) == (0, 255)
    assert (np.diff(line) >= 0).all()


def test_the_prediction_is_drawn_by_its_strength() -> None:
    seen = np.zeros(GRID.shape, np.uint8)
    seen[3, :, 30:] = 255
    seen[3, :, 40:] = 51
    views = draw(Crop(black(), GRID, probability=seen))
    for x, share in ((10, 0.0), (35, 0.55), (45, 0.55 / 5)):
        expected = [share * part for part in PREDICTION_HUE]
        assert np.abs(at(views.xy, 20, x, (4, 5)) - expected).max() <= 1


def mark(is_truth: bool, z: float = 3) -> Mark:
    return Mark(GRID.to_nm([(z, 20, 10), (z, 20, 25), (z, 20, 40)]), is_truth)


def test_truth_is_a_row_of_discs_and_prediction_one_of_crosses() -> None:
    truth = draw(Crop(black(), GRID), mark(is_truth=True)).xy
    cross = draw(Crop(black(), GRID), mark(is_truth=False)).xy
    row = round(20.5 * 4)
    for x, truth_hue, cross_hue in (
        (10, PRE_HUE, PRE_HUE),
        (25, TRUTH_HUE, PREDICTION_HUE),
        (40, POST_HUE, POST_HUE),
    ):
        column = int((x + 0.5) * 5)
        assert tuple(truth[row + 2, column]) == truth_hue
        assert tuple(truth[row + 2, column + 2]) == truth_hue, "a disc is full"
        assert tuple(cross[row + 2, column + 2]) == cross_hue
        assert tuple(cross[row + 3, column]) == (0, 0, 0), "a cross is open below its centre"
    assert tuple(truth[row, 90]) == TRUTH_HUE, "the line from pre to cleft"
    assert tuple(cross[row, 90]) == PREDICTION_HUE


def test_points_beyond_100_nm_are_hollow() -> None:
    row, column = round(20.5 * 4), int(25.5 * 5)
    near = draw(Crop(black(), GRID), mark(is_truth=True, z=3 + 100 / 40)).xy
    far = draw(Crop(black(), GRID), mark(is_truth=True, z=3 - 101 / 40)).xy
    assert tuple(near[row + 2, column]) == TRUTH_HUE
    assert tuple(far[row + 2, column]) == (0, 0, 0)
    assert tuple(far[row + 4, column]) == TRUTH_HUE, "its edge is there"


def test_an_empty_crop_is_refused() -> None:
    nothing = Grid((0, 4, 5), (40.0, 8.0, 10.0))
    with pytest.raises(InputError, match="Nothing can be drawn"):
        draw_views(Crop(np.zeros((0, 4, 5), np.uint8), nothing), (0, 0, 0), (1, 2))


@given(place=st.tuples(*[st.floats(-1e4, 1e4)] * 3), flat=st.booleans())
def test_any_center_gives_pictures_and_nothing_given_is_changed(
    place: tuple[float, float, float], flat: bool
) -> None:
    raw = black() if flat else np.random.default_rng(1).normal(size=GRID.shape)
    before = raw.copy()
    points = mark(is_truth=True)
    views = draw_views(Crop(raw, GRID, segments()), place, (PRE, POST), [points], pixel_nm=20)
    assert views.xy.shape == (16, 25, 3)
    np.testing.assert_array_equal(raw, before)
