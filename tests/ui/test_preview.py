"""Predict here: events of one that was ended change nothing."""

import numpy as np
import pytest
from napari.components import ViewerModel
from tests.ui.conftest import GRID, MemoryVolume

from napari_synapse_debug.domain.events import Event, box_values
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.ui.preview import Preview
from napari_synapse_debug.ui.session import Session
from napari_synapse_debug.ui.viewer_adapter import ViewerAdapter

pytestmark = pytest.mark.ui

BOX = Box((0, 0, 0), (8, 40, 30))


class HeldJob:
    """A job that tells what it is asked to tell."""

    def __init__(self, box, focus, on_event, on_done):
        self.tell, self.is_cancelled = on_event, False

    def cancel(self):
        self.is_cancelled = True


def test_a_block_of_the_one_before_shows_nothing(qtbot):
    jobs, opened = [], []

    def submit(*arguments):
        jobs.append(HeldJob(*arguments))
        return jobs[-1]

    def open_preview():
        opened.append(len(jobs))
        return MemoryVolume(np.zeros((1, *GRID.shape), np.uint8), GRID, ("cleft",))

    viewer = ViewerModel()
    preview = Preview(ViewerAdapter(viewer, Session()), submit, open_preview)
    block = Event("predict", "block 1 of 2", 1, 2, box_values(BOX))
    preview.start(BOX, (0, 0, 0))
    preview.start(BOX, (0, 0, 0))
    assert jobs[0].is_cancelled

    jobs[0].tell(block)
    qtbot.wait(20)
    assert opened == []
    assert len(viewer.layers) == 0
    jobs[1].tell(block)
    qtbot.waitUntil(lambda: len(viewer.layers) == 1)
    assert opened == [2]
