"""Figures of a training as arrays that grow with it."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from math import isfinite, nan

import numpy as np
from numpy.typing import NDArray

Values = Mapping[str, float]

OVERALL = "validation_f1"

MOST_POINTS = 2000
"""So many points of a curve are drawn; a plot is some hundred pixels wide."""


class TrainingFigures:
    """What a training told, by name: ``loss`` and scores.

    A score is ``validation_f1``, ``f1 CLASS`` or ``dice CLASS``.
    """

    def __init__(self) -> None:
        self._minutes: dict[str, array[float]] = {}
        self._values: dict[str, array[float]] = {}
        self._names: set[str] = set()
        self._ends: tuple[Values, Values] | None = None
        self._count = 0

    def read(self, history: Sequence[Values]) -> None:
        """Take ``history``: of one that goes on only what is new is read.

        A mapping has ``minutes`` and any of the figures; those that are no number are left out.
        """
        if not self._goes_on(history):
            self._count = 0
            for kept in (self._minutes, self._values, self._names):
                kept.clear()
        for row in history[self._count :]:
            self._names.update(row)
            self._add(row)
        self._count = len(history)
        self._ends = (history[0], history[-1]) if history else None

    def series(self, name: str) -> NDArray[np.float64]:
        """Minutes and value of each report that has ``name``: (N, 2)."""
        if name not in self._values:
            return np.empty((0, 2))
        return np.column_stack([np.array(self._minutes[name]), np.array(self._values[name])])

    @property
    def score_names(self) -> list[str]:
        """Names of the scores, the overall one first."""
        scores = sorted(name for name in self._names if name.startswith(("f1 ", "dice ")))
        return [*([OVERALL] if OVERALL in self._names else []), *scores]

    @property
    def latest_text(self) -> str:
        """The last figures in one line."""
        parts = [f"loss {self._values['loss'][-1]:.3f}"] if "loss" in self._values else []
        parts += [
            f"{score_label(name)} {self._values[name][-1]:.2f}"
            for name in self.score_names
            if name in self._values
        ]
        return " · ".join(parts)

    def _goes_on(self, history: Sequence[Values]) -> bool:
        if self._ends is None or len(history) < self._count:
            return False
        first, last = self._ends
        return history[0] is first and history[self._count - 1] is last

    def _add(self, row: Values) -> None:
        minutes = row.get("minutes", nan)
        if not isfinite(minutes):
            return
        for name, value in row.items():
            if isfinite(value):
                self._minutes.setdefault(name, array("d")).append(minutes)
                self._values.setdefault(name, array("d")).append(value)


def thinned(points: NDArray[np.float64], most: int = MOST_POINTS) -> NDArray[np.float64]:
    """About ``most`` of the points (N, 2) at most: the least and the greatest of each stretch.

    They keep their order, and the last point stays.
    """
    count = len(points)
    if count <= most:
        return points
    length = -(-2 * count // most)
    starts = np.arange(0, count, length)
    by_value = np.lexsort((points[:, 1], np.arange(count) // length))
    least, greatest = by_value[starts], by_value[np.append(starts[1:], count) - 1]
    return points[np.unique(np.concatenate([least, greatest, [count - 1]]))]


def score_label(name: str) -> str:
    """How the legend calls a score."""
    if name == OVERALL:
        return "F1 of all synapses"
    kind, _, of = name.partition(" ")
    return {"f1": f"F1 {of}", "dice": f"Dice {of}"}.get(kind, name)
