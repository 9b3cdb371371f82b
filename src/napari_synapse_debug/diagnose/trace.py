"""The trace of an error: what each stage shows, and the first that lost the synapse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from napari_synapse_debug.diagnose.case import Case
from napari_synapse_debug.diagnose.reading import Reading
from napari_synapse_debug.diagnose.rules import RULES, StageRules
from napari_synapse_debug.domain.stages import Outcome, Stage


@dataclass(frozen=True)
class Trace:
    """The readings of all stages, in the order the data passes them."""

    readings: Mapping[Stage, Reading]

    def first_cause(self, among: frozenset[Stage] | None = None) -> Stage | None:
        """The first stage that fails with a cause; of those in ``among``, if given."""
        for stage, reading in self.readings.items():
            if reading.cause is not None and (among is None or stage in among):
                return stage
        return None

    def stages(self, outcome: Outcome) -> list[Stage]:
        """The stages with this outcome, in order."""
        return [stage for stage, reading in self.readings.items() if reading.outcome is outcome]


def trace(case: Case) -> Trace:
    """What each stage shows for an error."""
    return Trace({stage: _read(case, rules) for stage, rules in RULES[case.error].items()})


def _read(case: Case, rules: StageRules) -> Reading:
    """The reading of one stage; its causes are asked unless there was nothing to judge."""
    shown = rules.read(case)
    if shown.outcome is Outcome.UNTESTED and rules.needs_input:
        return shown
    for cause, rule in rules.causes.items():
        sentence = rule(case)
        if sentence is not None:
            return Reading(Outcome.FAIL, sentence, cause)
    return shown
