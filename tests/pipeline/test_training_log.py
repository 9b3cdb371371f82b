"""What TensorBoard finds after a training, read with its own record format."""

from __future__ import annotations

import struct
from pathlib import Path

from tensorboardX.proto.event_pb2 import Event as Logged

from napari_synapse_debug.domain.events import Event, QuietContext
from napari_synapse_debug.pipeline.training_log import LoggedContext


def scalars(folder: Path) -> list[tuple[str, int, float]]:
    """Tag, step and value of all scalars in the log files of ``folder``."""
    found = []
    for path in sorted(folder.iterdir()):
        content, place = path.read_bytes(), 0
        while place < len(content):
            (length,) = struct.unpack_from("<Q", content, place)
            logged = Logged.FromString(content[place + 12 : place + 12 + length])
            found += [(v.tag, logged.step, v.simple_value) for v in logged.summary.value]
            place += 12 + length + 4
    return found


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
