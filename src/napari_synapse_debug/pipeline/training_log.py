"""The figures of a training as TensorBoard reads them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType

from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import Event as Logged
from tensorboardX.proto.event_pb2 import SessionLog
from tensorboardX.summary import scalar

from napari_synapse_debug.domain.events import Event, In, Out, StepContext
from napari_synapse_debug.io import guard_storage

LOGS = "logs"

_VERSION = "brain.Event:2"
_FLUSH_SECONDS = 30.0


class LoggedContext:
    """A context that hands all on to another one, and writes the figures of events to a folder.

    A context manager; the file is complete when it is left. It is written here and not by a
    thread of its own, which a full disk would end unseen while the training waits for it. The
    first failure is told, and nothing more is logged: the training goes on.

    Parameters
    ----------
    context : StepContext
        Who is told, and asked.
    folder : Path
        Of the log; is made if absent.
    first_step : int
        What an earlier training logged from this step on counts no more.
    """

    def __init__(self, context: StepContext, folder: Path, first_step: int) -> None:
        self._context = context
        with guard_storage(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._writer: EventsWriter | None = EventsWriter(str(folder / "events"))
            if first_step:
                begin = SessionLog(status=SessionLog.START)
                self._writer.write_event(Logged(step=first_step, file_version=_VERSION))
                self._writer.write_event(Logged(step=first_step, session_log=begin))
            self._writer.flush()
        self._flushed = time.monotonic()

    def __enter__(self) -> LoggedContext:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._writer is not None:
            self._try(self._writer.close, "train")

    def report(self, event: Event) -> None:
        """Log the figures of ``event``, named ``f1/CLASS`` for ``f1 CLASS``, and hand it on."""
        if self._writer is not None and "step" in event.values:
            self._try(partial(self._log, self._writer, event.values), event.step)
        self._context.report(event)

    def should_stop(self) -> bool:
        """Whether the user asked to stop."""
        return self._context.should_stop()

    def map_blocks(
        self, function: Callable[[In], Out], blocks: Iterable[In]
    ) -> Iterator[tuple[In, Out]]:
        """As the context below does it."""
        return self._context.map_blocks(function, blocks)

    def _log(self, writer: EventsWriter, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            summary = scalar(name.replace(" ", "/", 1), value)
            step, now = int(values["step"]), time.time()
            writer.write_event(Logged(step=step, wall_time=now, summary=summary))
        if time.monotonic() - self._flushed > _FLUSH_SECONDS:
            writer.flush()
            self._flushed = time.monotonic()

    def _try(self, act: Callable[[], object], step: str) -> None:
        """Do ``act`` to the log; where that fails, say so and log no more."""
        try:
            act()
        except OSError as error:
            self._writer = None
            message = f"the log for TensorBoard ends here, the training goes on: {error}"
            self._context.report(Event(step, message))
