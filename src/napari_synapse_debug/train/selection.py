"""When to validate, and which of the validated weights to keep."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from napari_synapse_debug.networks import BestWeights

SCORE = "validation_score"
SCORE_ERROR = "validation_error"
"""Names, among the values that a validation gives, of the score by which weights are chosen and
of its standard error."""

_SECONDS = 15.0
_PART = 0.05
_LARGEST_SHARE = 0.1


class ValidationClock:
    """Says when to validate: each 20th of the training, but not within 15 s.

    A validation waits for as long as all of them would take more than a tenth of the time.

    Parameters
    ----------
    seconds, progress : float
        Where the training begins, or goes on: time spent, and part that is over.
    stored : mapping
        The ``state`` of the clock of a training that goes on; empty for a new one.
    """

    def __init__(self, seconds: float, progress: float, stored: Mapping[str, float]) -> None:
        self._start = stored.get("start", seconds)
        self._last = stored.get("last", seconds)
        self._progress = min(stored.get("progress", progress), progress)  # it may be longer now
        self._spent = stored.get("spent", 0.0)
        self._cost = stored.get("cost", 0.0)
        self._pending = stored.get("pending")

    @property
    def pending(self) -> float | None:
        """Part of the training that was over when a validation began that did not end."""
        return self._pending

    @property
    def state(self) -> dict[str, float]:
        """All that the clock knows, to go on with."""
        known = {
            "start": self._start,
            "last": self._last,
            "progress": self._progress,
            "spent": self._spent,
            "cost": self._cost,
        }
        return known if self._pending is None else {**known, "pending": self._pending}

    def is_due(self, seconds: float, progress: float) -> bool:
        """Whether to validate now."""
        is_time = seconds - self._last >= _SECONDS and progress - self._progress >= _PART
        allowed = _LARGEST_SHARE * (seconds - self._start)
        return is_time and self._spent + self._cost <= allowed

    def begin(self, progress: float) -> None:
        """A validation begins."""
        self._pending = progress

    def note(self, before: float, after: float, progress: float) -> None:
        """A validation lasted from the second ``before`` to ``after``."""
        self._last, self._progress, self._pending = after, progress, None
        self._cost = after - before
        self._spent += self._cost


def choose_best(
    best: BestWeights | None,
    weights: Mapping[str, Tensor],
    step: int,
    progress: float,
    values: Mapping[str, float],
) -> BestWeights:
    """The weights to keep: the new ones, unless earlier ones were better beyond doubt.

    With a falling learning rate later weights are better on average, and a validation with few
    clefts is noisy: the best of many noisy scores is often a lucky one. So earlier weights stay
    only where the new score is more than one standard error below the highest one so far.

    Parameters
    ----------
    best : BestWeights or None
        Those kept so far.
    weights : mapping
        The new ones.
    step : int
        Optimiser steps done.
    progress : float
        Part of the training that is over, 0 to 1.
    values : mapping
        What the validation gave, with ``SCORE`` and ``SCORE_ERROR``.
    """
    score = values[SCORE]
    if best is None:
        return BestWeights(weights, step, score, score, progress)
    is_peak = score > best.peak
    peak = score if is_peak else best.peak
    peak_progress = progress if is_peak else best.peak_progress
    if score >= best.peak - values.get(SCORE_ERROR, 0.0):
        return BestWeights(weights, step, score, peak, peak_progress)
    return BestWeights(best.weights, best.step, best.score, peak, peak_progress)
