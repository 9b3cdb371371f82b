"""What TensorBoard finds after a training, read with its own record format."""

from __future__ import annotations

import struct
import threading
from pathlib import Path

import pytest
from tensorboardX.proto.event_pb2 import Event as Logged
from tensorboardX.proto.event_pb2 import SessionLog

from napari_synapse_debug.domain.events import Event, QuietContext
from napari_synapse_debug.pipeline.training_log import LoggedContext


def entries(folder: Path) -> list[Logged]:
    """All entries in the log files of ``folder``."""
    found = []
    for path in sorted(folder.iterdir()):
        content, place = path.read_bytes(), 0
        while place < len(content):
            (length,) = struct.unpack_from("<Q", content, place)
            found.append(Logged.FromString(content[place + 12 : place + 12 + length]))
            place += 12 + length + 4
    return found


def scalars(folder: Path) -> list[tuple[str, int, float]]:
    """Tag, step and value of all scalars in the log files of ``folder``."""
    return [
        (value.tag, entry.step, value.simple_value)
        for entry in entries(folder)
        for value in entry.summary.value
    ]


def test_figures_are_logged_by_step_and_handed_on(tmp_path: Path) -> None:
    events: list[Event] = []
    with LoggedContext(QuietContext(events.append), tmp_path / "logs", 0) as context:
        context.report(Event("train", "preparing"))
        context.report(Event("train", "on", 1, 2, {"step": 7.0, "loss": 0.5, "f1 cleft": 0.25}))
        assert context.should_stop() is False
        assert list(context.map_blocks(abs, [-4, 2])) == [(-4, 4), (2, 2)]
    assert [event.message for event in events] == ["preparing", "on"]
    found = scalars(tmp_path / "logs")
    assert ("loss", 7, 0.5) in found
    assert ("f1/cleft", 7, 0.25) in found
    assert len(found) == 3


def test_a_training_that_goes_on_hides_what_was_logged_after_its_step(tmp_path: Path) -> None:
    with LoggedContext(QuietContext(), tmp_path, 5) as context:
        context.report(Event("train", "on", 1, 2, {"step": 6.0}))
    starts = [e.step for e in entries(tmp_path) if e.session_log.status == SessionLog.START]
    assert starts == [5]


def test_a_full_disk_ends_the_log_and_not_the_training(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="limits of Unix")
    told: list[str] = []
    before = threading.active_count()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with LoggedContext(QuietContext(lambda event: told.append(event.message)), tmp_path, 0) as log:
        assert threading.active_count() == before, "a thread that fails would never be seen"
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
        try:
            for step in range(1000):
                log.report(Event("train", "on", 0, 1000, {"step": float(step), "loss": 0.5}))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert told.count("on") == 1000
    said = [message for message in told if message != "on"]
    assert len(said) == 1
    assert said[0].startswith("the log for TensorBoard ends here, the training goes on: ")
    assert told[-1] == "on"
