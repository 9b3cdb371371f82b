"""Jumps: the right slice and the right centre under any scale, offset, axis order, in 2D and 3D."""

import itertools

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.ui.camera import (
    LEAST_VIEW_NM,
    fitting_zoom,
    kept_zoom,
    look_at,
    nm_to_world,
    seen_nm,
)
from napari_synapse_debug.ui.placing import placed

SHAPE = (125, 140, 96)
TARGET = (60, 101, 30)
CANVAS = (600, 800)


def viewer_on(grid, ndisplay=2, order=(0, 1, 2)):
    viewer = ViewerModel()
    viewer.add_layer(Image(np.zeros(grid.shape, np.uint8), name="raw", **placed(grid)))
    viewer.dims.order = order
    viewer.dims.ndisplay = ndisplay
    return viewer


@pytest.mark.parametrize(
    ("voxel_nm", "offset_nm", "ndisplay"),
    itertools.product(
        [(1.0, 1.0, 1.0), (50.0, 4.6, 4.6)], [(0.0, 0.0, 0.0), (1000.0, -50.0, 230.0)], [2, 3]
    ),
)
def test_a_jump_shows_the_slice_and_centres_the_camera(voxel_nm, offset_nm, ndisplay):
    grid = Grid(SHAPE, voxel_nm, offset_nm)
    viewer = viewer_on(grid, ndisplay)
    target = grid.to_nm([TARGET])[0]
    assert tuple(np.round(viewer.layers["raw"].world_to_data(viewer.dims.point))) != TARGET

    look_at(viewer, target, [target])

    shown = viewer.layers["raw"].world_to_data(viewer.dims.point)
    assert tuple(np.round(shown).astype(int)) == TARGET
    center = target if ndisplay == 3 else [0, *target[1:]]
    assert viewer.scene.camera.center == pytest.approx(tuple(center))


def test_a_finer_layer_changes_steps_and_not_the_place():
    grid = Grid(SHAPE, (50.0, 4.6, 4.6), (1000.0, 0.0, 230.0))
    viewer = viewer_on(grid)
    target = grid.to_nm([TARGET])[0]
    look_at(viewer, target, [target])
    assert viewer.dims.current_step[0] == 60
    finer = Grid((250, 280, 192), (25.0, 2.3, 2.3), (1000.0, 0.0, 230.0))
    viewer.add_layer(Image(np.zeros(finer.shape, np.uint8), **placed(finer)))

    look_at(viewer, target, [target])

    assert viewer.dims.current_step[0] == 120
    assert viewer.dims.point == pytest.approx(tuple(target))


def test_a_visit_in_3d_does_not_move_the_2d_place():
    grid = Grid(SHAPE, (40.0, 4.0, 4.0))
    viewer = viewer_on(grid, ndisplay=3)
    target, other = grid.to_nm([TARGET, (90, 20, 80)])
    look_at(viewer, target, [target])
    viewer.scene.camera.center = tuple(other)
    viewer.dims.ndisplay = 2

    look_at(viewer, target, [target])

    assert viewer.dims.point == pytest.approx(tuple(target))
    assert viewer.scene.camera.center[1:] == pytest.approx(tuple(target[1:]))


def test_any_order_of_axes_is_respected():
    grid = Grid(SHAPE, (50.0, 4.6, 4.6))
    viewer = viewer_on(grid, order=(2, 0, 1))
    target = grid.to_nm([TARGET])[0]

    look_at(viewer, target, [target])

    assert viewer.dims.displayed == (0, 1)
    assert viewer.scene.camera.center[1:] == pytest.approx((target[0], target[1]))


def test_a_leading_axis_keeps_its_place():
    viewer = ViewerModel()
    grid = Grid((9, 40, 60), (50.0, 4.6, 4.6))
    five = np.zeros((5, *grid.shape), np.uint8)
    viewer.add_layer(Image(five, scale=(1, *grid.voxel_size_nm), units=("s", "nm", "nm", "nm")))
    viewer.dims.point = (4, 0, 0, 0)
    target = grid.to_nm([(7, 11, 13)])[0]

    look_at(viewer, target, [target])

    assert viewer.dims.point == pytest.approx((4, *target))


def test_a_world_in_micrometres_is_met_in_micrometres():
    viewer = ViewerModel()
    image = Image(np.zeros(SHAPE, np.uint8), scale=(0.05, 0.0046, 0.0046), units=("um",) * 3)
    viewer.add_layer(image)
    assert nm_to_world(viewer.dims.units) == pytest.approx((0.001,) * 3)

    look_at(viewer, (3000.0, 464.6, 138.0), [(3000.0, 464.6, 138.0)])

    assert viewer.dims.point == pytest.approx((3.0, 0.4646, 0.138))


def test_layers_without_units_are_taken_as_nm():
    assert nm_to_world(None).tolist() == [1.0, 1.0, 1.0]


def test_the_zoom_of_the_user_stays_where_the_synapse_is_seen_well():
    pair = [(0.0, 0.0), (0.0, 300.0)]

    assert kept_zoom(pair, (0.0, 150.0), 0.5, CANVAS) == 0.5


@pytest.mark.parametrize("zoom", [0.01, 5.0])
def test_a_zoom_that_hides_the_synapse_is_replaced(zoom):
    pair = [(0.0, 0.0), (0.0, 1000.0)]

    # three times the extent fills the smaller side of the canvas
    assert kept_zoom(pair, (0.0, 500.0), zoom, CANVAS) == pytest.approx(600 / 3000)


def test_points_far_to_one_side_of_the_focus_come_into_view():
    """600 nm reach over 300 px at zoom 0.5: they lie at the edge, though they span but half of it.

    Twice 600 nm would fill the whole side of 600 px, more than 4/5 of it.
    """
    pair = [(0.0, 0.0), (0.0, 600.0)]
    assert kept_zoom(pair, (0.0, 300.0), 0.5, CANVAS) == 0.5

    assert kept_zoom(pair, (0.0, 0.0), 0.5, CANVAS) == pytest.approx(600 / 3600)
    assert fitting_zoom(pair, (0.0, 0.0), CANVAS) == pytest.approx(600 / 3600)


def test_a_jump_to_one_end_of_a_synapse_shows_the_other_end():
    grid = Grid(SHAPE, (50.0, 4.6, 4.6))
    viewer = viewer_on(grid)
    viewer.canvas.size = CANVAS
    viewer.scene.camera.zoom = 0.5
    focus = grid.to_nm([TARGET])[0]
    aside = focus - (0.0, 700.0, 0.0)

    look_at(viewer, focus, [focus, aside])

    low, high = seen_nm(viewer)
    assert low[1] < aside[1] < high[1]
    assert viewer.scene.camera.zoom == pytest.approx(600 / 4200)


def test_without_points_the_least_view_is_shown():
    empty = np.empty((0, 2))
    assert fitting_zoom(empty, (0.0, 0.0), CANVAS) == pytest.approx(600 / LEAST_VIEW_NM)


def test_a_small_synapse_is_shown_with_its_surroundings():
    zoom = fitting_zoom([(0.0, 0.0), (0.0, 20.0)], (0.0, 0.0), CANVAS)
    assert zoom == pytest.approx(600 / LEAST_VIEW_NM)


def test_what_is_seen_is_what_the_canvas_holds():
    grid = Grid(SHAPE, (50.0, 4.6, 4.6))
    viewer = viewer_on(grid)
    viewer.canvas.size = (200, 400)
    viewer.scene.camera.center = (0.0, 300.0, 100.0)
    viewer.scene.camera.zoom = 2.0

    low, high = seen_nm(viewer)

    assert (low, high) == ((-np.inf, 250.0, 0.0), (np.inf, 350.0, 200.0))
