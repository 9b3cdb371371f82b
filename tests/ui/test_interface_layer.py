"""Where the partners of an error touch, and which contacts show."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel

from napari_synapse_debug.domain.records import CONTACTS, conform, with_points
from napari_synapse_debug.ui.background import Background
from napari_synapse_debug.ui.contact_filter import ContactFilter
from napari_synapse_debug.ui.interface_layer import InterfaceLayer, partner_interface
from napari_synapse_debug.ui.names import LayerName
from napari_synapse_debug.ui.session import Session
from napari_synapse_debug.ui.viewer_adapter import ViewerAdapter

pytestmark = pytest.mark.ui


@pytest.fixture
def window(results, qtbot):
    """A viewer with the small run, whose interfaces are followed."""
    viewer, session, background = ViewerModel(), Session(), Background()
    adapter = ViewerAdapter(viewer, session)
    interface = InterfaceLayer(session, adapter, background)
    session.set_results(results)
    yield viewer, session, adapter, interface
    background.close()


def row_of(results, finding):
    return results.findings.set_index("finding", drop=False).loc[finding]


def test_both_sides_of_the_interface_are_drawn_and_nothing_else(results):
    drawn, grid = partner_interface(results, row_of(results, 101))  # 7 and 23 meet at x = 30
    assert grid == results.grid  # 700 nm reach beyond the small volume
    assert drawn[:, :, 29:31].all()
    assert not drawn[:, :, :29].any()
    assert not drawn[:, :, 31:].any()


def test_partners_that_do_not_touch_have_no_interface(results):
    drawn, _ = partner_interface(results, row_of(results, 102))  # no voxel is of segment 24
    assert not drawn.any()


def test_the_layer_follows_the_selection_and_lies_under_the_points(window, qtbot):
    viewer, session, adapter, interface = window
    session.select(101)
    qtbot.waitUntil(lambda: interface.shown == 101)
    layer = adapter.layer(LayerName.INTERFACE)
    assert layer.data[3, 5, 30] == 1
    names = [layer.name for layer in viewer.layers]
    assert names.index("interface") < names.index("truth")
    assert not layer.visible  # a stage at which contacts are not in question
    session.select(104)  # no contact
    qtbot.waitUntil(lambda: interface.shown == 104)
    assert layer.visible
    assert not layer.data.any()
    assert adapter.layer(LayerName.INTERFACE) is layer
    session.set_results(None)
    assert adapter.layer(LayerName.INTERFACE) is None


def test_an_interface_that_was_deleted_comes_back_with_the_next_error(window, qtbot):
    viewer, session, adapter, interface = window
    session.select(104)
    qtbot.waitUntil(lambda: interface.shown == 104)
    viewer.layers.remove("interface")
    assert adapter.layer(LayerName.INTERFACE) is None

    session.select(101)
    qtbot.waitUntil(lambda: interface.shown == 101)

    assert viewer.layers["interface"].data[3, 5, 30] == 1
    assert adapter.layer(LayerName.INTERFACE) is viewer.layers["interface"]


def test_in_3d_the_interface_is_no_wall(window, qtbot):
    viewer, session, adapter, interface = window
    session.select(104)
    qtbot.waitUntil(lambda: interface.shown == 104)
    viewer.dims.ndisplay = 3
    assert not adapter.layer(LayerName.INTERFACE).visible


def contacts_of(grid, areas):
    count = len(areas)
    table = pd.DataFrame(0, index=range(count), columns=list(CONTACTS)).assign(area_nm2=areas)
    for name in ("centroid", "point"):
        table = with_points(table, name, grid.to_nm([(1, 2, 3 + k) for k in range(count)]))
    return conform(table, CONTACTS)


def test_the_slider_shows_contacts_from_its_area_on(results, grid, qtbot):
    areas = [10.0, 20.0, 30.0, 40.0]
    full = dataclasses.replace(results, contacts=contacts_of(grid, areas))
    viewer, session = ViewerModel(), Session()
    adapter = ViewerAdapter(viewer, session)
    session.set_results(full)
    layer = adapter.layer(LayerName.CONTACTS)
    assert not layer.visible
    adapter.show_contacts_from(25.0)
    assert layer.shown.tolist() == [False, False, True, True]
    assert layer.visible
    adapter.show_contacts_from(0.0)
    assert layer.shown.all()


def test_the_slider_tells_how_many_show(qtbot):
    widget = ContactFilter()
    qtbot.addWidget(widget)
    assert widget.isHidden()
    widget.show_areas([400.0, 100.0, 200.0, 300.0])
    assert not widget.isHidden()
    assert widget.told.text() == "0 nm²: 4 of 4 contacts show"
    with qtbot.waitSignal(widget.area_changed) as told:
        widget.slider.setValue(widget.slider.maximum())
    assert 300 < told.args[0] <= 400
    assert widget.told.text().endswith("1 of 4 contacts show")
    assert np.all(np.diff(widget._stops) >= 0)
    widget.show_areas([])
    assert widget.isHidden()
