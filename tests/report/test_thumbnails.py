"""Pictures of a crop in which each colour can be told by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.report import Crop, Frame, Look, Mark, Views, draw_sheet, draw_views
from napari_synapse_debug.report.thumbnails import (
    GAP_PX,
    OUTSIDE,
    POST_HUE,
    PRE_HUE,
    PREDICTION_HUE,
    TRUTH_HUE,
    _hue_of,
)

GRID = Grid((6, 40, 50), (40.0, 8.0, 10.0), (400.0, 80.0, 0.0))
PRE, POST = 4, 7
CENTER = (520.0, 240.0, 250.0)  # of the voxel 3, 20, 25
FRAME = Frame(CENTER, around_nm=200.0, pixel_nm=2.0)  # 200 × 200 pixels
SIDE = 200


def black() -> NDArray[np.uint8]:
    """Raw data of one grey value, which is shown black."""
    return np.zeros(GRID.shape, np.uint8)


def segments() -> NDArray[np.uint64]:
    """Pre for x below 25, post from there; background where y is below 10."""
    ids = np.full(GRID.shape, PRE, np.uint64)
    ids[:, :, 25:] = POST
    ids[:, :10] = 0
    return ids


def draw(crop: Crop, *marks: Mark, look: Look = Look.RAW) -> Views:
    return draw_views(crop, FRAME, look, (PRE, POST), marks)


def at(views: Views, plane: str, row_vx: float, column_vx: float) -> NDArray[np.int64]:
    """The colour of the picture at the centre of a voxel."""
    axes = ["zyx".index(name) for name in {"xy": "yx", "xz": "zx", "yz": "zy"}[plane]]
    place = [0.0, 0.0, 0.0]
    place[axes[0]], place[axes[1]] = row_vx, column_vx
    shift = (GRID.to_nm([place])[0] - CENTER + FRAME.around_nm) / FRAME.pixel_nm
    row, column = (int(shift[axis]) for axis in axes)
    return np.asarray(getattr(views, plane)[row, column].astype(int))


def test_pictures_are_squares_at_true_aspect_and_grey_beyond_the_volume() -> None:
    views = draw(Crop(black(), GRID))
    for picture in (views.xy, views.xz, views.yz):
        assert picture.shape == (SIDE, SIDE, 3)
        assert picture.dtype == np.uint8
    inside = (views.xz == 0).all(axis=2)
    rows = np.flatnonzero(inside.any(axis=1))
    # z reaches from 380 to 620 nm, the picture from 320 to 720 nm
    assert (rows[0], rows[-1]) == (30, 149)
    assert (views.xz[:30] == OUTSIDE).all()
    assert inside[30:150].all(), "x reaches from -5 to 495 nm, beyond the picture"
    # y reaches from 76 to 396 nm, the picture from 40 to 440 nm
    columns = np.flatnonzero((views.yz == 0).all(axis=2).any(axis=0))
    assert (columns[0], columns[-1]) == (18, 177)


def test_partners_are_lit_where_their_segments_are() -> None:
    crop = Crop(black(), GRID, segments())
    assert at(draw(crop), "xy", 30, 12).max() == 0, "raw shows no segment"
    views = draw(crop, look=Look.SEGMENTATION)
    for hue, x in ((PRE_HUE, 12), (POST_HUE, 40)):
        expected = [int(0.45 * part) for part in hue]
        assert np.abs(at(views, "xy", 30, x) - expected).max() <= 1
        assert np.abs(at(views, "xz", 2, x) - expected).max() <= 1
        assert at(views, "xy", 4, x).max() == 0, "background stays as it is"
    post = [int(0.45 * part) for part in POST_HUE]
    assert np.abs(at(views, "yz", 2, 30) - post).max() <= 1, "x 25 lies in post"


def test_other_segments_are_fainter_and_each_of_a_hue() -> None:
    ids = np.zeros(GRID.shape, np.uint64)
    ids[:, :, 10:20], ids[:, :, 30:] = 11, 12
    views = draw_views(Crop(black(), GRID, ids), FRAME, Look.SEGMENTATION, (0, 0))
    assert at(views, "xy", 20, 25).max() == 0, "a partner of id 0 lights nothing"
    eleven, twelve = at(views, "xy", 20, 15), at(views, "xy", 20, 40)
    assert 0 < eleven.max() <= 0.22 * 230
    assert np.abs(eleven - twelve).max() > 8


def test_the_section_is_that_of_the_center() -> None:
    raw = black()
    raw[3, :, 25] = 250
    raw[4] = 250
    views = draw(Crop(raw, GRID))
    assert at(views, "xy", 20, 25).min() > 200
    assert at(views, "xy", 20, 10).max() < 50, "section 4 is not shown"
    assert at(views, "xz", 4, 10).min() > 200


def test_grey_values_are_spread_over_their_range() -> None:
    ramp = np.broadcast_to(np.arange(50) + 1000, GRID.shape).astype(np.uint16)
    line = draw(Crop(ramp, GRID)).xy[100, :, 0].astype(int)
    assert line[0] < 60
    assert line[-1] > 220
    assert (np.diff(line) >= 0).all()


def test_the_prediction_is_drawn_by_its_strength() -> None:
    seen = np.zeros(GRID.shape, np.uint8)
    seen[3, :, 30:] = 255
    seen[3, :, 40:] = 51
    views = draw(Crop(black(), GRID, probability=seen), look=Look.PREDICTION)
    for x, share in ((10, 0.0), (35, 0.65), (43, 0.65 / 5)):
        expected = [share * part for part in PREDICTION_HUE]
        assert np.abs(at(views, "xy", 20, x) - expected).max() <= 1


def mark(*, is_truth: bool, z: float = 3, is_other: bool = False) -> Mark:
    """Pre, cleft and post in a row along x: at x 10, 25, 40, so columns 25, 100, 175."""
    return Mark(GRID.to_nm([(z, 20, 10), (z, 20, 25), (z, 20, 40)]), is_truth, is_other)


def test_truth_is_a_row_of_discs_and_prediction_one_of_crosses() -> None:
    truth = draw(Crop(black(), GRID), mark(is_truth=True)).xy
    cross = draw(Crop(black(), GRID), mark(is_truth=False)).xy
    for column, truth_hue, cross_hue in (
        (25, PRE_HUE, PRE_HUE),
        (100, TRUTH_HUE, PREDICTION_HUE),
        (175, POST_HUE, POST_HUE),
    ):
        assert tuple(truth[102, column]) == truth_hue
        assert tuple(truth[102, column + 2]) == truth_hue, "a disc is full"
        assert tuple(cross[102, column + 2]) == cross_hue
        assert tuple(cross[103, column]) == (0, 0, 0), "a cross is open below its centre"
    assert tuple(truth[100, 60]) == TRUTH_HUE, "the line from pre to cleft"
    assert tuple(cross[100, 60]) == PREDICTION_HUE


def test_of_other_synapses_only_the_cleft_is_drawn() -> None:
    other = draw(Crop(black(), GRID), mark(is_truth=True, is_other=True)).xy
    assert tuple(other[100, 102]) == TRUTH_HUE
    assert other[:, :90].max(initial=0, where=(other[:, :90] != OUTSIDE)) == 0
    assert tuple(other[100, 100]) == (0, 0, 0), "it is hollow"


def test_points_beyond_100_nm_are_hollow() -> None:
    near = draw(Crop(black(), GRID), mark(is_truth=True, z=3 + 100 / 40)).xy
    far = draw(Crop(black(), GRID), mark(is_truth=True, z=3 - 101 / 40)).xy
    assert tuple(near[102, 100]) == TRUTH_HUE
    assert tuple(far[102, 100]) == (0, 0, 0)
    assert tuple(far[104, 100]) == TRUTH_HUE, "its edge is there"


def test_a_sheet_has_a_row_for_all_that_is_known() -> None:
    seen = np.full(GRID.shape, 255, np.uint8)
    raw, whole = Crop(black(), GRID), Crop(black(), GRID, segments(), seen)
    assert raw.looks == (Look.RAW,)
    assert whole.looks == (Look.RAW, Look.PREDICTION, Look.SEGMENTATION)
    width = 3 * SIDE + 2 * GAP_PX
    assert draw_sheet(raw, FRAME, (PRE, POST)).shape == (SIDE, width, 3)
    sheet = draw_sheet(whole, FRAME, (PRE, POST), [mark(is_truth=True)])
    assert sheet.shape == (width, width, 3)
    assert (sheet[SIDE : SIDE + GAP_PX] == 255).all()
    views = draw(whole, mark(is_truth=True), look=Look.SEGMENTATION)
    np.testing.assert_array_equal(sheet[-SIDE:, SIDE + GAP_PX : 2 * SIDE + GAP_PX], views.xz)


def test_an_empty_crop_is_refused() -> None:
    nothing = Crop(np.zeros((0, 4, 5), np.uint8), Grid((0, 4, 5), (40.0, 8.0, 10.0)))
    with pytest.raises(InputError, match="Nothing can be drawn"):
        draw_views(nothing, FRAME, Look.RAW, (1, 2))


@given(place=st.tuples(*[st.floats(-1e4, 1e4)] * 3), flat=st.booleans())
def test_any_center_gives_pictures_and_nothing_given_is_changed(
    place: tuple[float, float, float], flat: bool
) -> None:
    raw = black() if flat else np.random.default_rng(1).normal(size=GRID.shape)
    before = raw.copy()
    frame = Frame(place, around_nm=150.0, pixel_nm=20.0)
    crop = Crop(raw, GRID, segments())
    views = draw_views(crop, frame, Look.SEGMENTATION, (PRE, POST), [mark(is_truth=True)])
    assert views.xy.shape == views.yz.shape == (15, 15, 3)
    np.testing.assert_array_equal(raw, before)


def test_ids_of_64_bits_have_hues_of_their_own() -> None:
    hues = {_hue_of(720575940600000000 + k) for k in range(4)}
    assert len(hues) == 4
