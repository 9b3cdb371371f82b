from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.records import points
from napari_synapse_debug.synapses import (
    join_places,
    mark_somata,
    soma_grid,
    soma_halo_vx,
    soma_places,
    soma_stride_vx,
)

GRID = Grid((24, 90, 70), (40.0, 10.0, 10.0), (80.0, 0.0, 30.0))
RADIUS_NM = 200.0
CENTRE_NM = np.array([80 + 40 * 12, 450.0, 380.0])


def a_soma_and_a_neurite() -> np.ndarray:
    """Segment 3: a ball of 300 nm; segment 9: a tube of 100 nm beside it; else background."""
    index = np.stack(np.indices(GRID.shape), axis=-1).reshape(-1, 3)
    place = GRID.to_nm(index).reshape(*GRID.shape, 3)
    ids = np.zeros(GRID.shape, np.uint16)
    ids[np.linalg.norm(place - CENTRE_NM, axis=-1) <= 300] = 3
    tube = np.linalg.norm(place[..., :2] - np.array([CENTRE_NM[0], 100.0]), axis=-1) <= 100
    ids[tube] = 9
    return ids


def places_of(ids: np.ndarray, block: tuple[int, int, int]) -> pd.DataFrame:
    halo = soma_halo_vx(GRID, RADIUS_NM)
    parts = []
    for core in GRID.box.blocks(block):
        read = core.grow(halo, within=GRID.box)
        parts.append(soma_places(ids[read.slices], read, core, GRID, RADIUS_NM))
    return join_places(parts)


def test_a_ball_holds_places_and_a_tube_none():
    found = places_of(a_soma_and_a_neurite(), GRID.shape)
    assert set(found["segment"]) == {3}
    away = np.linalg.norm(points(found, "place") - CENTRE_NM, axis=1)
    assert len(found) > 5
    assert away.max() <= 300 - RADIUS_NM + 1e-6


@settings(max_examples=6, deadline=None)
@given(block=st.tuples(st.integers(7, 30), st.integers(11, 90), st.integers(13, 70)))
def test_any_blocks_give_the_same_places(block):
    ids = a_soma_and_a_neurite()
    whole = places_of(ids, GRID.shape)
    assert len(whole) > 5
    pd.testing.assert_frame_equal(places_of(ids, block), whole)


@pytest.mark.parametrize("radius_nm", [RADIUS_NM, 170.0, 250.0])
def test_the_voxels_that_are_looked_at_alone_give_the_same_places(radius_nm):
    ids, coarse = a_soma_and_a_neurite(), soma_grid(GRID, radius_nm)
    z, y, x = (slice(None, None, s) for s in soma_stride_vx(GRID, radius_nm))
    assert max(soma_stride_vx(GRID, radius_nm)) > 1
    assert ids[z, y, x].shape == coarse.shape
    whole = soma_places(ids, GRID.box, GRID.box, GRID, radius_nm)
    few = soma_places(ids[z, y, x], coarse.box, coarse.box, coarse, radius_nm)
    pd.testing.assert_frame_equal(few, whole)


def test_points_in_the_ball_are_on_the_soma(pair_table):
    found = places_of(a_soma_and_a_neurite(), GRID.shape)
    pairs = pair_table(
        candidate=[1, 2],
        segment_a=[3, 3],
        segment_b=[9, 9],
        a_z_nm=[CENTRE_NM[0]] * 2,
        a_y_nm=[450.0 - 250, 450.0 - 900],
        a_x_nm=[380.0] * 2,
        b_z_nm=[CENTRE_NM[0]] * 2,
        b_y_nm=[450.0, 100.0],
        b_x_nm=[380.0] * 2,
    )
    marked = mark_somata(pairs, found, RADIUS_NM)
    assert marked["soma_a"].tolist() == [True, False]
    assert marked["soma_b"].tolist() == [False, False]  # a point of 9, wherever it lies


@pytest.mark.parametrize("value", [0, 5])
def test_without_an_end_all_or_nothing_is_a_soma(value, pair_table):
    found = places_of(np.full(GRID.shape, value, np.uint8), GRID.shape)
    assert (len(found) > 0) == (value > 0)
    assert list(found.columns) == ["segment", "place_z_nm", "place_y_nm", "place_x_nm"]
    pairs = pair_table(candidate=[1], segment_a=[6])
    assert mark_somata(pairs, found, RADIUS_NM)["soma_a"].tolist() == [False]
