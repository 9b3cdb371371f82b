from __future__ import annotations

import numpy as np

from napari_synapse_debug.contacts import interface_labels, outline_paths
from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.params import ContactParams

PLAIN = ContactParams()


def test_the_interface_of_each_pair_has_its_number(draw):
    labels = draw("1122 3322")
    grid = Grid(labels.shape, (40.0, 8.0, 8.0))
    drawn = interface_labels(labels, grid, PLAIN, (2, 1), (2, 3))
    assert drawn.tolist() == [[[0, 1, 1, 0], [0, 2, 2, 0]]]
    assert not interface_labels(labels, grid, PLAIN, (1, 9)).any()


def test_a_corner_is_one_path(draw):
    # the sheet runs down between 1 and 2, then to the right below 1
    labels = draw("12 22")
    grid = Grid(labels.shape, (40.0, 10.0, 4.0))
    (path,) = outline_paths(labels, grid, PLAIN, (1, 2), grid.box)
    assert path.tolist() in (
        [[0, -5, 2], [0, 5, 2], [0, 5, -2]],
        [[0, 5, -2], [0, 5, 2], [0, -5, 2]],
    )


def test_a_path_for_each_section_and_piece(draw):
    labels = draw("12 .. 12", "12 12 12")
    grid = Grid(labels.shape, (40.0, 10.0, 4.0))
    paths = outline_paths(labels, grid, PLAIN, (2, 1), grid.box)
    assert sorted((path[0, 0], len(path)) for path in paths) == [(0, 2), (0, 2), (40, 4)]
    first = outline_paths(labels, grid, PLAIN, (1, 2), Box((0, 0, 0), (1, 1, 2)))
    assert [len(path) for path in first] == [2]


def test_an_island_is_a_closed_path(draw):
    labels = draw("2222 2112 2222")
    grid = Grid(labels.shape, (40.0, 10.0, 4.0))
    (path,) = outline_paths(labels, grid, PLAIN, (1, 2), grid.box)
    assert len(path) == 7
    np.testing.assert_array_equal(path[0], path[-1])


def test_what_does_not_touch_has_no_outline(draw):
    labels = draw("1.2")
    grid = Grid(labels.shape, (40.0, 8.0, 8.0))
    assert outline_paths(labels, grid, PLAIN, (1, 2), grid.box) == []
    assert len(outline_paths(labels, grid, ContactParams(max_gap_nm=8), (1, 2), grid.box)) == 1
