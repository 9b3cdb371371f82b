"""The figures of a training as TensorBoard reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType

from tensorboardX import SummaryWriter

from napari_synapse_debug.domain.events import Event, In, Out, StepContext
from napari_synapse_debug.io import guard_storage

LOGS = "logs"


class LoggedContext:
    """A context that hands all on to another one, and writes the figures of events to a folder.

    A context manager; the files are complete when it is left.

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
        self._folder = folder
        with guard_storage(folder):
            self._writer = SummaryWriter(str(folder), purge_step=first_step or None)

    def __enter__(self) -> LoggedContext:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with guard_storage(self._folder):
            self._writer.close()

    def report(self, event: Event) -> None:
        """Log the figures of ``event``, named ``f1/CLASS`` for ``f1 CLASS``, and hand it on."""
        step = event.values.get("step")
        if step is not None:
            for name, value in event.values.items():
                self._writer.add_scalar(name.replace(" ", "/", 1), value, int(step))
        self._context.report(event)

    def should_stop(self) -> bool:
        """Whether the user asked to stop."""
        return self._context.should_stop()

    def map_blocks(
        self, function: Callable[[In], Out], blocks: Iterable[In]
    ) -> Iterator[tuple[In, Out]]:
        """As the context below does it."""
        return self._context.map_blocks(function, blocks)
