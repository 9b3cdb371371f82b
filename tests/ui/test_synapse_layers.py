from __future__ import annotations

import numpy as np

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.ui.synapse_layers import finding_layer, place_names

GRID = Grid((20, 100, 100), (40.0, 8.0, 4.0))


def turned(layer, post):
    """The layer with pre at (5, 50, 50), post elsewhere, and its names placed."""
    layer.data[:] = [(5, 50, 50), (5, 50, 50), post]
    place_names(layer, GRID)
    return layer.text.anchor, tuple(layer.text.translation)


def test_names_do_not_lie_on_the_way_from_pre_to_post():
    """In nm: ten voxels down are 80, fifteen to the right 60."""
    layer = finding_layer(GRID)
    above, beside = ("center", (0, -9, 0)), ("lower_left", (0, 0, 9))
    assert (layer.text.anchor, tuple(layer.text.translation)) == above
    assert turned(layer, (5, 60, 65)) == beside
    assert turned(layer, (5, 40, 35)) == beside
    assert turned(layer, (9, 52, 20)) == above
    assert turned(layer, (9, 52, 80)) == above
    assert np.array_equal(layer.features["label"], ["pre", "", "post"])
