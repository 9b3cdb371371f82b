"""Proof: whether an error goes when its stage is made right, and comes back when it is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.diagnose.case import Case
from napari_synapse_debug.diagnose.derived import is_derived
from napari_synapse_debug.diagnose.findings import Proof
from napari_synapse_debug.diagnose.rerun import Oracles, Part, Rerun, can_rerun
from napari_synapse_debug.diagnose.reruns import Reruns
from napari_synapse_debug.diagnose.trace import Trace
from napari_synapse_debug.domain.records import ENDS, points
from napari_synapse_debug.domain.stages import Cause, ErrorKind, Outcome, Stage

SAME_ROW_NM = 100.0
"""A false row made again lies within this of the old one."""

UNMATCHABLE = frozenset(
    {
        Cause.GT_SAME_SEGMENT,
        Cause.GT_POINT_IN_BACKGROUND,
        Cause.GT_POINTS_IMPLAUSIBLE,
        Cause.GT_DUPLICATE,
    }
)
"""Causes of truth rows that nothing can match."""


def prove(case: Case, trace: Trace, reruns: Reruns | None) -> Proof:
    """What happens to an error when its failing stages are replaced by their oracles.

    The failing stages are replaced in order until the error is gone, then each is put back,
    the last first, if it stays gone: what remains is the fix set. Stages that had no input,
    because an earlier one failed, may fail once they have one, so they are tried after those.
    Truth rows that nothing can match are confirmed as they are; whether the truth lacks a
    synapse only a person can tell. What needs a segmentation that was derived from the truth's own
    points is never confirmed. Without ``reruns`` nothing is replaced.
    """
    named = trace.first_cause()
    if named is Stage.GROUND_TRUTH:
        if trace.readings[named].cause in UNMATCHABLE:
            return Proof(confirmed=True, fix_set=(Stage.GROUND_TRUTH,))
        return Proof()
    failing = [stage for stage in trace.stages(Outcome.FAIL) if can_rerun(case, stage)]
    if reruns is None or named is None or not failing:
        return Proof()
    part = reruns.part(case)
    if part is None:
        return Proof()
    derives = is_derived(case.survey.evidence)
    waiting = [
        stage
        for stage in trace.stages(Outcome.UNTESTED)
        if can_rerun(case, stage) and not (derives and stage is Stage.SEGMENTATION)
    ]
    trial = _Trial(case, reruns, part)
    fix = trial.forward(failing, waiting)
    if fix is None:
        is_open = derives and Stage.SEGMENTATION in failing
        return Proof(confirmed=None if is_open else False)
    fix = trial.backward(fix)
    if not fix:
        return Proof()
    proves = trace.first_cause(fix) is not None and not (derives and Stage.SEGMENTATION in fix)
    return Proof(
        confirmed=True if proves else None,
        fix_set=tuple(stage for stage in Stage if stage in fix),
        side_effects=trial.side_effects(fix),
    )


class _Trial:
    """The reruns of one error."""

    def __init__(self, case: Case, reruns: Reruns, part: Part) -> None:
        self._case = case
        self._reruns = reruns
        self._part = part

    def forward(self, failing: list[Stage], waiting: list[Stage]) -> Oracles | None:
        """The first set, stage added to stage, with which the error is gone; None: with none."""
        order = [stage for stage in Stage if stage in failing]
        order += [stage for stage in Stage if stage in waiting]
        for last in range(1, len(order) + 1):
            oracles = frozenset(order[:last])
            if self._is_gone(oracles):
                return oracles
        return None

    def backward(self, oracles: Oracles) -> Oracles:
        """The set without the stages that are not needed."""
        for stage in reversed([stage for stage in Stage if stage in oracles]):
            fewer = oracles - {stage}
            if self._is_gone(fewer):
                oracles = fewer
        return oracles

    def side_effects(self, oracles: Oracles) -> int:
        """How many errors there are with the oracles that were not there before."""
        before = self._case.survey.outcomes
        after = self._run(oracles)
        missed = after.outcomes.missed - before.missed
        false = after.outcomes.false - before.false
        old_nm = self._false_ends_nm(before.false) if false else np.zeros((0, 3, 3))
        is_old = [any(_same_ends(_row(after, row), ends) for ends in old_nm) for row in false]
        return len(missed) + len(false) - sum(is_old)

    def _false_ends_nm(self, rows: frozenset[int]) -> NDArray[np.float64]:
        """The points (N, 3, 3) of predictions of the run."""
        prediction = self._case.survey.prediction
        return np.asarray(prediction.ends_nm[np.isin(prediction.row, list(rows))])

    def _run(self, oracles: Oracles) -> Rerun:
        return self._reruns.run(self._part, oracles)

    def _is_gone(self, oracles: Oracles) -> bool:
        """Whether the error is gone, and no other truth lost its match."""
        after = self._run(oracles)
        lost = self._case.survey.outcomes.found & after.outcomes.missed
        return not lost and self._is_mended(after)

    def _is_mended(self, after: Rerun) -> bool:
        case = self._case
        if case.error is ErrorKind.FALSE:
            return not self._is_still_false(after)
        partner = after.outcomes.partner.get(int(case.survey.truth.row[case.truth_at]))
        if partner is None:
            return False
        if case.error is ErrorKind.MISSED:
            return True
        made = _row(after, partner)["kind"].iloc[0]
        return bool(made == case.survey.truth.kind[case.truth_at])

    def _is_still_false(self, after: Rerun) -> bool:
        """Whether a false row lies where the old one was, between the same neurons."""
        survey, at = self._case.survey, self._case.prediction_at
        false = after.outcomes.false
        if int(survey.prediction.row[at]) in false:
            return True
        made = after.prediction[after.prediction["row"].isin(false & after.new_rows)]
        return _same_ends(made, survey.prediction.ends_nm[at])


def _row(after: Rerun, row: int) -> pd.DataFrame:
    """A prediction of a rerun as a table."""
    table: pd.DataFrame = after.prediction[after.prediction["row"] == row]
    return table


def _same_ends(table: pd.DataFrame, ends_nm: NDArray[np.float64]) -> bool:
    """Whether a row of the table has all three points near those of another row."""
    ends = np.stack([points(table, end) for end in ENDS], axis=1)
    distances = np.linalg.norm(ends - ends_nm, axis=2)
    return bool((distances <= SAME_ROW_NM).all(axis=1).any())
