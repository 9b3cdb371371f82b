"""What a stage shows for one error, before it is known whether that is its cause."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from napari_synapse_debug.diagnose.case import Case
from napari_synapse_debug.diagnose.scene import Pair
from napari_synapse_debug.domain.stages import Cause, Outcome

Rule = Callable[[Case], str | None]
"""Says in a sentence that its cause is there, or None."""


@dataclass(frozen=True)
class Reading:
    """The outcome of a stage, one sentence of evidence, and the cause that fired if one did."""

    outcome: Outcome
    sentence: str
    cause: Cause | None = None


def passed(sentence: str) -> Reading:
    """The stage did its work."""
    return Reading(Outcome.PASS, sentence)


def failed(sentence: str) -> Reading:
    """The stage did not, though none of its causes may be there."""
    return Reading(Outcome.FAIL, sentence)


def untested(sentence: str) -> Reading:
    """The stage cannot be judged: data are missing, or nothing came in."""
    return Reading(Outcome.UNTESTED, sentence)


def known_pair(pair: Pair | None) -> bool:
    """Whether both ends lie in segments, and in different ones."""
    return pair is not None and 0 not in pair and pair[0] != pair[1]


def voxels(number: int) -> str:
    """``1 voxel`` or ``1,200 voxels``."""
    return f"{number:,} voxel" + ("" if number == 1 else "s")
