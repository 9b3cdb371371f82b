"""The context that a step is given, by whoever runs it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from napari_synapse_debug.domain.errors import StepCancelledError
from napari_synapse_debug.domain.events import Event, In, Out

Result = TypeVar("Result")


@dataclass(frozen=True)
class CallbackContext:
    """A ``StepContext`` that hands events to one function and asks another whether to stop.

    Blocks run in line, in the process of the step; a context that spreads them over workers
    differs in ``map_blocks`` alone.
    """

    on_event: Callable[[Event], Any]
    is_stopped: Callable[[], bool]

    def report(self, event: Event) -> None:
        """Hand the event on."""
        self.on_event(event)

    def should_stop(self) -> bool:
        """Whether a stop was asked for."""
        return self.is_stopped()

    def map_blocks(
        self, function: Callable[[In], Out], blocks: Iterable[In]
    ) -> Iterator[tuple[In, Out]]:
        """Apply ``function`` to one block after the other, and yield ``(block, result)``.

        Raises
        ------
        StepCancelledError
            A stop was asked for; the blocks yielded before are done.
        """
        for block in blocks:
            if self.should_stop():
                raise StepCancelledError("The step was stopped", fix="run it again to go on")
            yield block, function(block)


def run_inline(
    function: Callable[..., Result],
    *args: Any,
    on_event: Callable[[Event], Any] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Result:
    """What ``function(*args, context=…)`` gives, run in this process, for scripts and tests.

    Parameters
    ----------
    function : callable
        A step; its errors pass unchanged.
    *args
        Its arguments.
    on_event : callable, optional
        Called with each ``Event``, in order, in this thread.
    should_stop : callable, optional
        Asked between blocks; by default the step is never stopped.
    """
    context = CallbackContext(on_event or _ignore, should_stop or _never)
    return function(*args, context=context)


def _ignore(event: Event) -> None:
    """Tell nobody."""


def _never() -> bool:
    return False
