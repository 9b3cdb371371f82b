"""A click on a synapse in the canvas finds its error, in 2D and in 3D."""

from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_synapse_debug.ui.finding_table import FindingTable
from napari_synapse_debug.ui.picking import Picker, finding_of
from napari_synapse_debug.ui.session import Session
from napari_synapse_debug.ui.synapse_layers import show_near
from napari_synapse_debug.ui.viewer_adapter import ViewerAdapter


@pytest.fixture
def picked():
    return []


@pytest.fixture
def window(results, picked):
    viewer, session = ViewerModel(), Session()
    adapter = ViewerAdapter(viewer, session)
    session.set_results(results)
    return viewer, session, Picker(adapter, session, picked.append)


def mouse(viewer, place_nm, kind="mouse_press", pos=(200, 150)):
    solid = viewer.dims.ndisplay == 3
    # in 3D a ray along z through the place, from far in front of it
    start = np.array(place_nm) - ((5000.0, 0.0, 0.0) if solid else 0.0)
    return SimpleNamespace(
        type=kind,
        button=1,
        modifiers=(),
        pos=np.array(pos),
        position=tuple(start),
        view_direction=np.array([1.0, 0.0, 0.0]) if solid else None,
        dims_displayed=list(viewer.dims.displayed),
    )


def place_of(session, finding, end="cleft"):
    row = session.table.row(finding)
    return row[[f"{end}_{axis}_nm" for axis in "zyx"]].to_numpy(float)


@pytest.mark.parametrize("ndisplay", [2, 3])
@pytest.mark.parametrize("finding", [101, 103])
def test_each_point_of_an_error_is_it(window, ndisplay, finding):
    viewer, session, picker = window
    viewer.dims.ndisplay = ndisplay
    for name in ("truth", "prediction"):
        # rows 3 and 13 are at the same place: look at one side alone
        viewer.layers[name].visible = name == ("truth" if finding == 101 else "prediction")

    for end in ("pre", "cleft", "post"):
        place = place_of(session, finding, end)
        viewer.dims.point = place
        assert picker.finding_under(mouse(viewer, place)) == finding


def test_what_is_hidden_in_3d_is_not_picked(window):
    viewer, session, picker = window
    viewer.dims.ndisplay = 3
    viewer.layers["prediction"].visible = False
    layer = viewer.layers["truth"]
    place = place_of(session, 101)
    assert picker.finding_under(mouse(viewer, place)) == 101

    show_near(layer, place + 5000.0, session.results.grid)

    assert picker.finding_under(mouse(viewer, place)) is None


def test_a_hidden_point_in_front_does_not_take_the_click_of_one_that_shows(window):
    viewer, session, picker = window
    viewer.dims.ndisplay = 3
    viewer.layers["prediction"].visible = False
    layer, grid = viewer.layers["truth"], session.results.grid
    place = place_of(session, 101)
    behind = int(np.argmin(np.linalg.norm(grid.to_nm(layer.data) - place, axis=1)))
    front = (behind + 3) % len(layer.data)
    moved = layer.data.copy()
    moved[front] = grid.to_fraction([place - (3000.0, 0.0, 0.0)])[0]
    layer.data = moved
    show_near(layer, place, grid)
    assert layer.face_color[[front, behind], 3].tolist() == [0.0, 1.0]

    beside, beyond = (place + np.array([0.0, nm, 0.0]) for nm in (10.0, 200.0))
    assert picker.finding_under(mouse(viewer, beside)) == 101
    assert picker.finding_under(mouse(viewer, beyond)) is None


def test_nothing_is_where_no_point_is(window):
    viewer, session, picker = window
    place = place_of(session, 101) + np.array([0.0, 60.0, 0.0])
    viewer.dims.point = place

    assert picker.finding_under(mouse(viewer, place)) is None


def move(running, event, path):
    """Send the press on its way over ``path`` (pixels) to its release."""
    next(running)
    for pos in path:
        event.type, event.pos = "mouse_move", np.array(pos)
        if next(running, "ended") == "ended":
            return
    event.type = "mouse_release"
    next(running, None)


@pytest.mark.parametrize(
    ("path", "is_click"),
    [
        ((), True),
        (((201, 150),), True),
        (((201, 150), (203, 154), (200, 150)), True),  # 5 px away at most
        (((204, 154),), False),
        (((202, 150), (240, 150), (200, 150)), False),  # it came back, but was a drag
    ],
)
def test_a_click_selects_and_a_drag_does_not(window, picked, path, is_click):
    viewer, session, picker = window
    place = place_of(session, 104)
    viewer.dims.point = place
    event = mouse(viewer, place)

    move(picker._pressed(viewer, event), event, path)

    assert picked == ([104] if is_click else [])


def test_a_row_without_error_is_none(findings):
    table = FindingTable(findings)
    assert finding_of(table, "truth_row", 3) == 101
    assert finding_of(table, "prediction_row", 12) == 106

    assert finding_of(table, "truth_row", 99) is None
