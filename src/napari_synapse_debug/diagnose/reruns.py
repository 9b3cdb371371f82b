"""Reruns that errors of one place share: a part of the run is read and done again once."""

from __future__ import annotations

from collections import OrderedDict
from typing import TypeVar

from napari_synapse_debug.diagnose.case import Case
from napari_synapse_debug.diagnose.evidence import Stages
from napari_synapse_debug.diagnose.rerun import Oracles, Part, Rerun, rerun, rerun_part
from napari_synapse_debug.domain.grid import Box

K = TypeVar("K")
V = TypeVar("V")

_PARTS = 4
"""Parts whose volumes stay in memory."""

_RERUNS = 256
"""Results that are remembered; each is three small tables."""


class Reruns:
    """Does parts of a run again, and remembers the latest ones.

    The partners of one cleft that are lost for one reason ask for the same part again and
    again, with the same oracles.

    Parameters
    ----------
    stages : Stages
        The stages of the run.
    """

    def __init__(self, stages: Stages) -> None:
        self.stages = stages
        self._parts: OrderedDict[Box, Part] = OrderedDict()
        self._done: OrderedDict[tuple[Box, Oracles], Rerun] = OrderedDict()

    def part(self, case: Case) -> Part | None:
        """The part that is done again for ``case``; None where it would be too large."""
        part = rerun_part(case)
        if part is None:
            return None
        known = self._parts.setdefault(part.core, part)
        _keep_latest(self._parts, part.core, _PARTS)
        return known

    def run(self, part: Part, oracles: Oracles) -> Rerun:
        """``rerun`` of the part, or what it gave before."""
        key = part.core, oracles
        if key not in self._done:
            self._done[key] = rerun(part, self.stages, oracles)
        _keep_latest(self._done, key, _RERUNS)
        return self._done[key]


def _keep_latest(kept: OrderedDict[K, V], key: K, count: int) -> None:
    kept.move_to_end(key)
    while len(kept) > count:
        kept.popitem(last=False)
