"""Boxes and grids: indices, nanometres, and the text form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box, Grid

GRID = Grid((20, 1024, 512), (50.0, 4.6, 4.6), (10.0, 0.0, -4.6))


def test_a_voxels_centre_is_index_times_size_plus_offset() -> None:
    assert GRID.to_nm([[2, 10, 3]]).tolist() == pytest.approx(np.array([[110.0, 46.0, 9.2]]))


def test_a_point_lies_in_its_nearest_voxel_and_halves_go_up() -> None:
    grid = Grid((4, 5, 7), (40.0, 4.0, 8.0))
    points = [[19.9, 1.9, 3.9], [20.0, 2.0, 4.0], [-20.1, 0.0, 0.0]]
    assert grid.to_index(points).tolist() == [[0, 0, 0], [1, 1, 1], [-1, 0, 0]]
    assert grid.contains(points).tolist() == [True, True, False]


@pytest.mark.parametrize("size", [(0.0, 4.0, 4.0), (40.0, -4.0, 4.0), (float("nan"), 4.0, 4.0)])
def test_a_voxel_size_that_is_not_positive_is_refused(size: tuple[float, float, float]) -> None:
    with pytest.raises(InputError, match="voxel size"):
        Grid((2, 3, 4), size)


def test_a_crop_keeps_the_place_of_every_voxel() -> None:
    box = Box((2, 30, 4), (5, 40, 6))
    crop = GRID.crop(box)
    assert crop.shape == (3, 10, 2)
    assert crop.to_nm([[1, 2, 1]]) == pytest.approx(GRID.to_nm([[3, 32, 5]]))


def test_coarsening_moves_the_first_centre_by_half_of_what_it_swallows() -> None:
    coarse = Grid((4, 6, 5), (50.0, 4.0, 4.0)).coarsen((1, 2, 2))
    assert coarse.shape == (4, 3, 3)
    assert coarse.voxel_size_nm == (50.0, 8.0, 8.0)
    assert coarse.offset_nm == (0.0, 2.0, 2.0)


def test_margin_covers_the_distance() -> None:
    assert GRID.margin_vx(100.0) == (2, 22, 22)


@pytest.mark.parametrize("text", ["", "0:1,0:2", "0:1,0:2,a:b", "0-1,0-2,0-3", "5:5,0:2,0:3"])
def test_a_box_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="box"):
        Box.parse(text)


def test_a_box_reads_its_own_text() -> None:
    box = Box.parse(" 0:20, 672:1024,0:512 ")
    assert box == Box((0, 672, 0), (20, 1024, 512))
    assert Box.parse(str(box)) == box


def test_a_box_is_half_open() -> None:
    box = Box((1, 2, 3), (4, 6, 8))
    assert box.contains([[1, 2, 3], [3, 5, 7], [4, 5, 7], [0, 2, 3]]).tolist() == [
        True, True, False, False,
    ]  # fmt: skip


triples = st.tuples(*[st.integers(1, 9)] * 3)


@given(start=triples, shape=triples, step=triples)
def test_blocks_cover_a_box_once(
    start: tuple[int, int, int], shape: tuple[int, int, int], step: tuple[int, int, int]
) -> None:
    box = Box(start, tuple(a + n for a, n in zip(start, shape, strict=True)))  # type: ignore[arg-type]
    count = np.zeros((20, 20, 20), int)
    for block in box.blocks(step):
        assert not block.is_empty
        count[block.slices] += 1
    assert count[box.slices].min() == 1
    assert count.sum() == box.size == count.max() * box.size
