"""Flights of the camera: they end where they should, in time, and can be turned off."""

import time

import pytest
from napari.components import ViewerModel

from napari_synapse_debug.ui.camera import View
from napari_synapse_debug.ui.flight import SECONDS, Flight

pytestmark = pytest.mark.ui

GOAL = View((0.0, 0.0), (0.0, 70.0, 30.0), 4.0)


@pytest.fixture
def viewer():
    return ViewerModel()


def test_it_lands_at_the_goal_within_its_time(viewer, qtbot):
    flight = Flight()
    centers = []
    viewer.scene.camera.events.center.connect(lambda: centers.append(viewer.scene.camera.center))
    began = time.monotonic()

    flight.go(viewer, GOAL)
    assert viewer.scene.camera.center != GOAL.center
    qtbot.waitUntil(lambda: not flight.is_flying)

    assert viewer.scene.camera.center == GOAL.center
    assert viewer.scene.camera.zoom == GOAL.zoom
    assert time.monotonic() - began >= SECONDS
    ways = [center[1] for center in centers]
    assert ways == sorted(ways)


def test_turned_off_it_jumps(viewer, qapp):
    flight = Flight(is_on=False)

    flight.go(viewer, GOAL)

    assert not flight.is_flying
    assert viewer.scene.camera.center == GOAL.center


def test_a_second_flight_takes_over(viewer, qtbot):
    flight = Flight()
    flight.go(viewer, GOAL)
    other = View((0.0, 0.0), (0.0, -5.0, 8.0), 0.5)

    flight.go(viewer, other)
    qtbot.waitUntil(lambda: not flight.is_flying)

    assert viewer.scene.camera.center == other.center


def test_a_viewer_that_is_gone_ends_it(qtbot):
    flight = Flight()
    flight.go(ViewerModel(), GOAL)

    qtbot.waitUntil(lambda: not flight.is_flying)


def test_a_zoom_that_is_kept_is_not_that_of_a_flight_under_way(viewer, qtbot):
    flight = Flight()
    flight.go(viewer, GOAL)
    kept = View((0.0, 0.0), (0.0, 10.0, 20.0), viewer.scene.camera.zoom)

    flight.go(viewer, kept)
    qtbot.waitUntil(lambda: not flight.is_flying)

    assert viewer.scene.camera.center == kept.center
    assert viewer.scene.camera.zoom == GOAL.zoom
