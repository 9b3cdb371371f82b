"""What a running step tells, and what it may ask of whoever runs it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from napari_synapse_debug.domain.grid import Box

In = TypeVar("In")
Out = TypeVar("Out")


@dataclass(frozen=True)
class Event:
    """One message of a running step.

    Parameters
    ----------
    step : str
        Name of the step, as on the command line (``train``, ``predict``, …).
    message : str
        One line for the user.
    done, total : int
        Units of work done and to do; ``total`` 0 means not known.
    values : dict
        Figures to draw, for example ``{"loss": 0.31}``.
    """

    step: str
    message: str = ""
    done: int = 0
    total: int = 0
    values: dict[str, float] = field(default_factory=dict)


_BOX_NAMES = ("z0", "y0", "x0", "z1", "y1", "x1")


def box_values(box: Box) -> dict[str, float]:
    """``box`` as figures of an event: ``z0, y0, x0`` inside, ``z1, y1, x1`` not. Voxels."""
    return dict(zip(_BOX_NAMES, map(float, (*box.start, *box.stop)), strict=True))


def box_of(event: Event) -> Box | None:
    """The box that ``event`` tells of, for example a block that is finished; None for none."""
    if not set(_BOX_NAMES) <= set(event.values):
        return None
    z0, y0, x0, z1, y1, x1 = (int(event.values[name]) for name in _BOX_NAMES)
    return Box((z0, y0, x0), (z1, y1, x1))


class StepContext(Protocol):
    """What a step is given by the runner; in tests a few plain functions."""

    def report(self, event: Event) -> None:
        """Tell the user something; never blocks, never fails."""

    def should_stop(self) -> bool:
        """Whether the user asked to stop; a step checks it between blocks."""

    def map_blocks(
        self, function: Callable[[In], Out], blocks: Iterable[In]
    ) -> Iterator[tuple[In, Out]]:
        """Apply ``function`` to each block and yield ``(block, result)`` as they finish.

        Raises
        ------
        StepCancelledError
            A stop was asked for; the blocks yielded before are done.
        """


@dataclass(frozen=True)
class QuietContext:
    """A context that runs blocks in line, tells nobody and is never stopped; for scripts."""

    on_event: Callable[[Event], Any] | None = None

    def report(self, event: Event) -> None:
        """Hand the event to ``on_event``, if there is one."""
        if self.on_event is not None:
            self.on_event(event)

    def should_stop(self) -> bool:
        """Never."""
        return False

    def map_blocks(
        self, function: Callable[[In], Out], blocks: Iterable[In]
    ) -> Iterator[tuple[In, Out]]:
        """Apply ``function`` to one block after the other."""
        for block in blocks:
            yield block, function(block)
