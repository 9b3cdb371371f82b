"""Predict here: events of one that was ended change nothing."""

from pathlib import Path
from types import SimpleNamespace

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


BLOCK = Event("predict", "block 1 of 2", 1, 2, box_values(BOX))


class HeldJob:
    """A job that tells what it is asked to tell."""

    def __init__(self, box, focus, on_event, on_done):
        self.box, self.tell, self.end, self.is_cancelled = box, on_event, on_done, False

    def cancel(self):
        self.is_cancelled = True

    def result(self):
        return SimpleNamespace(box=self.box)


class Window:
    """Predict here in a viewer, with what was asked of it and what it told."""

    def __init__(self):
        self.session, self.viewer = Session(), ViewerModel()
        self.session.set_project(Path("a"))
        self.jobs, self.opened, self.told, self.running = [], [], [], []
        adapter = ViewerAdapter(self.viewer, self.session)
        self.preview = Preview(self.session, adapter, self._submit, self._open)
        self.preview.message_changed.connect(self.told.append)
        self.preview.running_changed.connect(self.running.append)

    def _submit(self, *arguments):
        self.jobs.append(HeldJob(*arguments))
        return self.jobs[-1]

    def _open(self, *where):
        self.opened.append((len(self.jobs), *where))
        return MemoryVolume(np.zeros((1, *GRID.shape), np.uint8), GRID, ("cleft",))


@pytest.fixture
def window(qapp):
    return Window()


def test_a_block_of_the_one_before_shows_nothing(window, qtbot):
    window.preview.start(BOX, (0, 0, 0))
    window.preview.start(BOX, (0, 0, 0))
    first, second = window.jobs
    assert first.is_cancelled

    first.tell(BLOCK)
    qtbot.wait(20)
    assert window.opened == []
    assert len(window.viewer.layers) == 0
    second.tell(BLOCK)
    qtbot.waitUntil(lambda: len(window.viewer.layers) == 1)
    assert window.opened == [(2, Path("a"), "main")]


@pytest.mark.parametrize("elsewhere", [(Path("b"), "main"), (Path("a"), "second")])
def test_it_ends_when_another_run_is_opened(window, qtbot, elsewhere):
    window.preview.start(BOX, (0, 0, 0))
    (job,) = window.jobs
    job.tell(BLOCK)
    qtbot.waitUntil(lambda: len(window.viewer.layers) == 1)
    window.session.set_project(Path("a"))  # as when a box was added
    assert len(window.viewer.layers) == 1
    assert not job.is_cancelled

    window.session.set_project(*elsewhere)

    assert job.is_cancelled
    assert window.running == [True, False]
    assert len(window.viewer.layers) == 0
    assert window.told[-1] == ""
    job.tell(BLOCK)
    job.end(job)
    qtbot.wait(20)
    assert len(window.viewer.layers) == 0
    assert window.told[-1] == ""
