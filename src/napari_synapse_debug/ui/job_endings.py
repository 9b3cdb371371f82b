"""How a job goes and how it ended, for the window: progress, what it made, or its error."""

from __future__ import annotations

import traceback
from typing import Any

from napari_synapse_debug.domain.errors import SynapseDebugError
from napari_synapse_debug.domain.events import Event
from napari_synapse_debug.ui.session import JobState


def running(event: Event, seconds: float, before: JobState) -> JobState:
    """The state of a step that tells ``event``, ``seconds`` after it began; and ``before`` that."""
    done_before, seconds_before = before.done_before, before.seconds_before
    is_first = event.step != before.step or not before.total  # that tells how far it is
    if is_first or event.done < before.done:
        done_before, seconds_before = event.done, seconds
    return JobState(
        "running",
        event.step,
        event.message,
        event.done,
        event.total,
        seconds,
        event.values,
        done_before=done_before,
        seconds_before=seconds_before,
    )


def failed(step: str, error: Exception, where: str = "") -> JobState:
    """The state of a step that ended with ``error``; what is not ours is told with its type.

    ``where`` names the run, if it is not the one that is open.
    """
    return JobState("failed", step, error_text(error) + where, details=error_details(error))


def error_text(error: Exception) -> str:
    """What ``error`` says; of what is not ours also its type."""
    is_ours = isinstance(error, SynapseDebugError)
    return str(error) if is_ours else f"{type(error).__name__}: {error}"


def error_details(error: Exception) -> str:
    """Type, message and traceback of ``error``, of the process in which it was raised."""
    remote = getattr(error, "remote_traceback", None)
    return remote or "".join(traceback.format_exception(error))


def outcome_text(summary: Any) -> str:
    """What a run made, one line a step, and which steps were up to date."""
    lines = [f"{step.name}: {step.made} ({step.seconds:.0f} s)" for step in summary.steps]
    if summary.skipped:
        lines.append("up to date: " + ", ".join(summary.skipped))
    return "\n".join(lines)
