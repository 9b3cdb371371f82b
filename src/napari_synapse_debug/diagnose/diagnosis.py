"""The diagnosis: every error of a run, traced to the stage that lost it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from napari_synapse_debug.diagnose.case import Case, false_case, missed_case
from napari_synapse_debug.diagnose.evidence import Evidence, Tools
from napari_synapse_debug.diagnose.findings import Finding, Proof, tabulate
from napari_synapse_debug.diagnose.proof import prove
from napari_synapse_debug.diagnose.survey import Survey, survey_run
from napari_synapse_debug.diagnose.trace import trace
from napari_synapse_debug.domain.errors import StepCancelledError
from napari_synapse_debug.domain.events import Event, StepContext
from napari_synapse_debug.domain.params import DiagnoseParams
from napari_synapse_debug.domain.roles import Kind
from napari_synapse_debug.domain.stages import ErrorKind

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
    cases = list(_cases(survey))
    found: list[Finding] = []
    misses: dict[int, Finding] = {}
    for done, case in enumerate(cases):
        if context.should_stop():
            raise StepCancelledError(
                "The diagnosis was stopped", found=f"{done} of {len(cases)} errors traced"
            )
        context.report(Event(STEP, f"Tracing {case.error} synapses", done, len(cases)))
        finding = _find(case, misses, fault=done + 1)
        if case.error is ErrorKind.MISSED:
            misses[int(survey.truth.row[case.truth_at])] = finding
        found.append(finding)
    context.report(Event(STEP, f"{len(cases)} errors traced", len(cases), len(cases)))
    return tabulate(found)


def _cases(survey: Survey) -> Iterator[Case]:
    """All errors, each with the crop around it; by row within their sort."""
    matches = survey.evidence.matches
    outcome = matches["outcome"]
    for row in np.sort(matches.loc[outcome == "fn", "truth_row"].to_numpy(np.int64)):
        yield missed_case(survey, survey.truth.at(row))
    for row in np.sort(matches.loc[outcome == "tp", "truth_row"].to_numpy(np.int64)):
        if _is_mistyped(survey, int(row)):
            yield missed_case(survey, survey.truth.at(row), ErrorKind.MISTYPED)
    for row in np.sort(matches.loc[outcome == "fp", "prediction_row"].to_numpy(np.int64)):
        yield false_case(survey, survey.prediction.at(row))


def _is_mistyped(survey: Survey, row: int) -> bool:
    """Whether a match has another kind; an unknown kind says nothing."""
    true = survey.truth.kind[survey.truth.at(row)]
    predicted = survey.prediction.kind[survey.prediction.at(survey.matched_prediction[row])]
    return Kind.UNKNOWN not in (true, predicted) and true != predicted


def _find(case: Case, misses: dict[int, Finding], fault: int) -> Finding:
    """The finding of a case; a twin has the fault, stage, cause and proof of its miss."""
    readings = trace(case)
    miss = _other_half(case, misses)
    if miss is not None:
        return replace(miss, case=case, trace=readings)
    proves = case.survey.params.counterfactuals
    finding = Finding.of(case, readings, prove(case, readings) if proves else Proof())
    return replace(finding, fault=fault)


def _other_half(case: Case, misses: dict[int, Finding]) -> Finding | None:
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
    is_its_cleft = case.zone == case.survey.cleft_key[miss.case.truth_at]
    names_its_partners = set(str(match["refusals"]).split(",")) <= _PARTNERS_AGREE
    return miss if is_its_cleft or names_its_partners else None
