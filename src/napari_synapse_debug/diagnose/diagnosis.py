"""The diagnosis: every error of a run, traced to the stage that lost it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from napari_synapse_debug.diagnose.case import Case, false_case, missed_case
from napari_synapse_debug.diagnose.evidence import Evidence, Tools
from napari_synapse_debug.diagnose.findings import Finding, Proof, row_of, tabulate
from napari_synapse_debug.diagnose.proof import prove
from napari_synapse_debug.diagnose.reruns import Reruns
from napari_synapse_debug.diagnose.survey import Survey, survey_run
from napari_synapse_debug.diagnose.trace import trace
from napari_synapse_debug.domain.errors import StepCancelledError
from napari_synapse_debug.domain.events import Event, StepContext
from napari_synapse_debug.domain.params import DiagnoseParams
from napari_synapse_debug.domain.roles import Kind
from napari_synapse_debug.domain.stages import Cause, ErrorKind, Stage

STEP = "diagnose"

_PARTNERS_AGREE = {"reversed", "too_far_cleft", "too_far_pre", "too_far_post", "outside_box"}


def diagnose(
    evidence: Evidence, params: DiagnoseParams, tools: Tools, context: StepContext
) -> pd.DataFrame:
    """The findings of a run (see ``diagnose_survey``)."""
    return diagnose_survey(survey_run(evidence, params, tools), context)


def diagnose_survey(survey: Survey, context: StepContext) -> pd.DataFrame:
    """The findings of a run, as ``records.FINDINGS``: missed, then mistyped, then false ones.

    Each error is traced through the stages in the order the data passes them; its stage is the
    first that fails with a cause. With ``stages`` among the tools and the parameter
    ``counterfactuals`` that claim is tested: the failing stages are replaced by oracles around
    the error and the rest is run again. A false prediction refused against a missed truth of
    the same cleft is its twin: both share ``fault``, stage and cause.

    Parameters
    ----------
    survey : Survey
        The run, from ``survey_run``: tables and volumes (what is missing makes its stage
        ``untested``), parameters and functions of other rooms.
    context : StepContext
        Is told of progress, and asked whether to stop before each error.

    Returns
    -------
    DataFrame
        Without errors a well-formed table without rows.

    Raises
    ------
    StepCancelledError
        A stop was asked for.
    """
    errors = list(_errors(survey))
    stages = survey.tools.stages
    reruns = Reruns(stages) if survey.params.counterfactuals and stages is not None else None
    rows: list[dict[str, Any]] = []
    misses: dict[int, Miss] = {}
    for done, (kind, at) in enumerate(errors):
        if context.should_stop():
            raise StepCancelledError(
                "The diagnosis was stopped", found=f"{done} of {len(errors)} errors traced"
            )
        context.report(Event(STEP, f"Tracing {kind} synapses", done, len(errors)))
        case = false_case(survey, at) if kind is ErrorKind.FALSE else missed_case(survey, at, kind)
        finding = _find(case, misses, done + 1, reruns)
        if kind is ErrorKind.MISSED:
            misses[case.truth_row] = Miss(at, finding.proof, finding.fault, finding.verdict)
        rows.append(row_of(finding))  # at once, as a case holds the volumes around it
    context.report(Event(STEP, f"{len(errors)} errors traced", len(errors), len(errors)))
    return tabulate(rows)


def _errors(survey: Survey) -> Iterator[tuple[ErrorKind, int]]:
    """All errors, with the position of the row; by row within their sort."""
    matches = survey.evidence.matches
    outcome = matches["outcome"]
    for row in np.sort(matches.loc[outcome == "fn", "truth_row"].to_numpy(np.int64)):
        yield ErrorKind.MISSED, survey.truth.at(row)
    for row in np.sort(matches.loc[outcome == "tp", "truth_row"].to_numpy(np.int64)):
        if _is_mistyped(survey, int(row)):
            yield ErrorKind.MISTYPED, survey.truth.at(row)
    for row in np.sort(matches.loc[outcome == "fp", "prediction_row"].to_numpy(np.int64)):
        yield ErrorKind.FALSE, survey.prediction.at(row)


def _is_mistyped(survey: Survey, row: int) -> bool:
    """Whether a match has another kind; an unknown kind says nothing."""
    true = survey.truth.kind[survey.truth.at(row)]
    predicted = survey.prediction.kind[survey.prediction.at(survey.matched_prediction[row])]
    return Kind.UNKNOWN not in (true, predicted) and true != predicted


@dataclass(frozen=True)
class Miss:
    """What a twin takes over from its miss: place of the truth row, proof, fault, and verdict."""

    truth_at: int
    proof: Proof
    fault: int
    verdict: tuple[Stage | None, Cause | None]


def _find(case: Case, misses: Mapping[int, Miss], fault: int, reruns: Reruns | None) -> Finding:
    """The finding of a case; a twin has the fault, stage, cause and proof of its miss."""
    readings = trace(case)
    miss = _other_half(case, misses)
    if miss is not None:
        return Finding(case, readings, miss.proof, miss.fault, *miss.verdict)
    proves = case.survey.params.counterfactuals
    finding = Finding.of(case, readings, prove(case, readings, reruns) if proves else Proof())
    return replace(finding, fault=fault)


def _other_half(case: Case, misses: Mapping[int, Miss]) -> Miss | None:
    """The miss that a false prediction was refused against, if it is the same fault.

    A prediction that was only compared with the miss because nothing else was near, at another
    cleft and between other neurons, is an error of its own.
    """
    if case.error is not ErrorKind.FALSE:
        return None
    match = case.match()
    if pd.isna(match["refused_row"]):
        return None
    miss = misses.get(int(match["refused_row"]))
    if miss is None:
        return None
    is_its_cleft = case.zone != 0 and case.zone == case.survey.cleft_key[miss.truth_at]
    names_its_partners = set(str(match["refusals"]).split(",")) <= _PARTNERS_AGREE
    return miss if is_its_cleft or names_its_partners else None
