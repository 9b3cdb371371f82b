"""Sections of the selected error: read beside the window, never those of another error."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from napari_synapse_debug.domain.errors import DataError
from napari_synapse_debug.ui.background import Background
from napari_synapse_debug.ui.section_views import SectionViews, error_pictures

pytestmark = pytest.mark.ui


class SlowVolume:
    """A volume that is read only once its gate is open."""

    def __init__(self, array, error=None):
        self.array, self.error, self.gate = array, error, threading.Event()
        self.shape, self.dtype = array.shape, array.dtype

    def __getitem__(self, index):
        assert self.gate.wait(10)
        if self.error is not None:
            raise self.error
        return self.array[index]


@pytest.fixture
def views(qtbot):
    background = Background()
    made = SectionViews(background)
    qtbot.addWidget(made)
    made.show()
    yield made
    background.close()


def shown(view):
    return view.image.sizeInBytes() and view.image.width() > 1


def slowed(results, error=None):
    """The same results with a slow volume, and that volume."""
    raw = results.volumes["raw"]
    volume = SlowVolume(np.asarray(raw.array), error)
    volumes = {**results.volumes, "raw": replace(raw, array=volume)}
    return replace(results, volumes=volumes), volume


def test_the_window_does_not_wait_for_the_volumes(views, results, qtbot):
    results, volume = slowed(results)
    row = results.findings.iloc[0]

    views.show_finding(results, row)

    picture = views.pictures["xy"]
    assert views.isVisible()
    assert not shown(picture)
    volume.gate.set()
    qtbot.waitUntil(lambda: shown(picture))
    expected, _ = error_pictures(results, row)["xy"]
    assert picture.image.pixelColor(100, 100).red() == expected[100, 100, 0]


def test_pictures_of_the_error_before_go_where_the_next_ones_are_late(views, results, qtbot):
    picture = views.pictures["xz"]
    views.show_finding(results, results.findings.iloc[0])
    qtbot.waitUntil(lambda: shown(picture))
    results, volume = slowed(results)

    views.show_finding(results, results.findings.iloc[1])

    assert shown(picture), "no blinking"
    qtbot.waitUntil(lambda: not shown(picture))
    volume.gate.set()
    qtbot.waitUntil(lambda: shown(picture))


def test_volumes_that_cannot_be_read_are_told(views, results, qtbot):
    results, volume = slowed(results, DataError("The file is gone"))
    volume.gate.set()

    views.show_finding(results, results.findings.iloc[0])

    qtbot.waitUntil(lambda: "The file is gone" in views.pictures["yz"].toolTip())
    assert not shown(views.pictures["yz"])
