"""Stage evaluation: right rows that the comparison did not bring together."""

from __future__ import annotations

import numpy as np

from napari_synapse_debug.diagnose.assignment import right_rows
from napari_synapse_debug.diagnose.case import Case
from napari_synapse_debug.diagnose.reading import Reading, failed, untested


def read_match(case: Case) -> Reading:
    """Whether there is a right row that could have been matched."""
    if not _pairs(case):
        return untested("There is no right row to be matched.")
    return failed("A right row is there, but was not matched.")


def beyond_tolerance(case: Case) -> str | None:
    """The right row is farther than the tolerance."""
    pairs = _pairs(case)
    if not pairs or any(_admissible_legs(case, *pair) for pair in pairs):
        return None
    nearest = min(_cleft_nm(case, *pair) for pair in pairs)
    tolerance = case.survey.evidence.evaluate.tolerance_nm
    return f"The right row's cleft is {nearest:.0f} nm away; the tolerance is {tolerance:g} nm."


def outside_box(case: Case) -> str | None:
    """The right row lies beyond the margin of the box, so it did not take part."""
    survey = case.survey
    truths, predictions = survey.took_part
    pairs = [pair for pair in _pairs(case) if _admissible_legs(case, *pair)]
    away = [
        pair
        for pair in pairs
        if int(survey.truth.row[pair[0]]) not in truths
        or int(survey.prediction.row[pair[1]]) not in predictions
    ]
    if not away or len(away) < len(pairs):
        return None
    params = survey.evidence.evaluate
    margin = params.tolerance_nm if params.margin_nm is None else params.margin_nm
    return f"The right row lies more than the margin ({margin:g} nm) outside the box."


def lost_in_matching(case: Case) -> str | None:
    """The right row could match, but was given elsewhere."""
    survey = case.survey
    for truth, prediction in _pairs(case):
        if not _admissible_legs(case, truth, prediction):
            continue
        t, p = int(survey.truth.row[truth]), int(survey.prediction.row[prediction])
        if case.truth is not None and survey.matched_truth.get(p, t) != t:
            other = survey.matched_truth[p]
            return f"Prediction row {p} is right, but was matched to truth row {other}."
        if case.truth is None and survey.matched_prediction.get(t, p) != p:
            other = survey.matched_prediction[t]
            return f"Truth row {t} fits, but was matched to prediction row {other}."
    return None


def _pairs(case: Case) -> list[tuple[int, int]]:
    """Positions of truth and prediction that name the same ordered segments at this cleft."""
    if case.truth is not None:
        return [(case.truth, row) for row in right_rows(case)]
    ids, pair = case.survey.truth.in_use, case.predicted_pair
    if ids is None or pair is None or case.prediction is None:
        return []
    wanted = np.asarray(pair, dtype=np.uint64)
    return [(int(k), case.prediction) for k in case.truths_in_zone if (ids[k] == wanted).all()]


def _cleft_nm(case: Case, truth: int, prediction: int) -> float:
    survey = case.survey
    return float(
        np.linalg.norm(survey.truth.ends_nm[truth, 1] - survey.prediction.ends_nm[prediction, 1])
    )


def _admissible_legs(case: Case, truth: int, prediction: int) -> bool:
    """Whether the points that the judge compares are within the tolerance."""
    survey = case.survey
    legs = np.linalg.norm(
        survey.truth.ends_nm[truth] - survey.prediction.ends_nm[prediction], axis=1
    )
    used = legs if survey.evidence.judge == "none" else legs[1:2]
    return bool((used <= survey.evidence.evaluate.tolerance_nm).all())
