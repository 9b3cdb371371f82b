"""Findings: the errors of a run as a table, one row each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from napari_synapse_debug.diagnose.advice import FIX, NO_FIX, suspect_truth
from napari_synapse_debug.diagnose.case import Case
from napari_synapse_debug.diagnose.contact import contacts_in_zone
from napari_synapse_debug.diagnose.trace import Trace
from napari_synapse_debug.domain.records import ENDS, FINDINGS, conform, empty, point_columns
from napari_synapse_debug.domain.stages import UNEXPLAINED, Cause, ErrorKind, Stage


@dataclass(frozen=True)
class Proof:
    """What the counterfactuals of an error showed.

    Parameters
    ----------
    confirmed : bool or None
        Whether the error goes with the fix set, and comes back without the named stage; None:
        not tested.
    fix_set : tuple of Stage
        Stages that together must be right for the error to be gone.
    side_effects : int or None
        Errors that appear when they are.
    """

    confirmed: bool | None = None
    fix_set: tuple[Stage, ...] = ()
    side_effects: int | None = None


@dataclass(frozen=True)
class Finding:
    """One error with its trace, and the stage and cause it is put down to."""

    case: Case
    trace: Trace
    proof: Proof
    fault: int
    stage: Stage | None
    cause: Cause | None

    @classmethod
    def of(cls, case: Case, trace: Trace, proof: Proof) -> Finding:
        """The finding of a trace: the first failing stage, of the fix set if there is one."""
        stage = trace.first_cause(frozenset(proof.fix_set) if proof.fix_set else None)
        cause = None if stage is None else trace.readings[stage].cause
        return cls(case, trace, proof, 0, stage, cause)

    @property
    def verdict(self) -> tuple[Stage | None, Cause | None]:
        """Stage and cause."""
        return self.stage, self.cause

    def sentence(self) -> str:
        """Why, in one sentence."""
        if self.stage is None:
            return "No rule explains this error."
        reading = self.trace.readings[self.stage]
        if reading.cause is self.cause:
            return reading.sentence
        return f"The other half of a missed synapse ({self.cause})."


def tabulate(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows of ``row_of`` as ``records.FINDINGS``, numbered from 1 in the order given."""
    if not rows:
        return empty(FINDINGS)
    numbered = [{"finding": k, **row} for k, row in enumerate(rows, start=1)]
    return conform(pd.DataFrame(numbered)[list(FINDINGS)], FINDINGS, "findings")


def row_of(finding: Finding) -> dict[str, Any]:
    """The row of a finding, without its number."""
    case, proof = finding.case, finding.proof
    confirmed = pd.NA if proof.confirmed is None else proof.confirmed
    cause = UNEXPLAINED if finding.cause is None else finding.cause.value
    return {
        "error": case.error.value,
        "fault": finding.fault,
        "stage": UNEXPLAINED if finding.stage is None else finding.stage.value,
        "cause": cause,
        "confirmed": confirmed,
        **_rows(case),
        **_place(case),
        "suspect_truth": suspect_truth(case, finding.cause),
        "summary": finding.sentence(),
        "fix": FIX.get(cause, NO_FIX),
        **_stages(finding.trace),
        **_objects(case),
        "side_effects": pd.NA if proof.side_effects is None else proof.side_effects,
        "fix_set": ",".join(stage.value for stage in proof.fix_set),
    }


def _rows(case: Case) -> dict[str, Any]:
    survey, match = case.survey, case.match()
    truth = pd.NA if case.truth is None else int(survey.truth.row[case.truth])
    prediction = pd.NA if case.prediction is None else int(survey.prediction.row[case.prediction])
    score = np.nan
    if case.prediction is not None:
        score = float(survey.evidence.prediction["score"].to_numpy(np.float64)[case.prediction])
    refusal = match["refusal"]
    return {
        "truth_row": truth,
        "prediction_row": prediction,
        "score": score,
        "refusal": refusal if isinstance(refusal, str) else "",
    }


def _place(case: Case) -> dict[str, Any]:
    """Kind, segments in use and points: of the truth, or of the prediction of a false one."""
    is_false = case.error is ErrorKind.FALSE
    at = case.prediction_at if is_false else case.truth_at
    rows = case.survey.prediction if is_false else case.survey.truth
    pair = (case.predicted_pair if is_false else case.true_pair) or (0, 0)
    ends = {
        column: float(value)
        for end, point in zip(ENDS, rows.ends_nm[at], strict=True)
        for column, value in zip(point_columns(end), point, strict=True)
    }
    return {"kind": rows.kind[at], "pre_segment": pair[0], "post_segment": pair[1], **ends}


def _stages(trace: Trace) -> dict[str, str]:
    readings: Mapping[Stage, Any] = trace.readings
    outcomes = {f"{stage}_outcome": reading.outcome.value for stage, reading in readings.items()}
    evidence = {f"{stage}_evidence": reading.sentence for stage, reading in readings.items()}
    return outcomes | evidence


def _objects(case: Case) -> dict[str, Any]:
    """Peak, threshold, candidate and contact: of the prediction, or what lies in the zone."""
    evidence = case.survey.evidence
    if case.prediction is not None:
        candidate = case.own_candidate
        contact = int(case.survey.contact[case.prediction])
    else:
        candidate = next(iter(case.kept_in_zone or case.candidates_in_zone), 0)
        touching = contacts_in_zone(case, case.true_pair) if case.true_pair else []
        contact = touching[0] if touching else 0
    peak, table = case.peak, case.survey.candidates
    if case.zone == 0 and table is not None and candidate in table.position:
        peak = float(table.peak[table.position[candidate]])
    return {
        "peak": peak,
        "threshold": evidence.threshold,
        "candidate": candidate or pd.NA,
        "contact": contact or pd.NA,
    }
