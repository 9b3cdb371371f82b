from __future__ import annotations

import pytest

from napari_synapse_debug.domain.errors import InputError, StepCancelledError
from napari_synapse_debug.domain.events import Event, StepContext
from napari_synapse_debug.jobs import run_inline


def squares(count: int, context: StepContext) -> list[int]:
    found = []
    for block, result in context.map_blocks(lambda n: n * n, range(count)):
        context.report(Event("toy", done=block + 1, total=count))
        found.append(result)
    return found


def test_a_step_runs_in_line_and_tells_its_events_in_order() -> None:
    events: list[Event] = []
    assert run_inline(squares, 4, on_event=events.append) == [0, 1, 4, 9]
    assert [event.done for event in events] == [1, 2, 3, 4]
    assert run_inline(squares, 0) == []


def test_a_stop_comes_between_blocks() -> None:
    events: list[Event] = []
    with pytest.raises(StepCancelledError):
        run_inline(squares, 100, on_event=events.append, should_stop=lambda: len(events) == 7)
    assert len(events) == 7


def test_errors_of_the_step_pass_unchanged() -> None:
    def fail(context: StepContext) -> None:
        raise InputError("no", fix="yes")

    with pytest.raises(InputError, match=r"no\. To fix it: yes"):
        run_inline(fail)
