"""Stage assignment: which partners and which direction a candidate was given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from napari_synapse_debug.diagnose.case import Case
from napari_synapse_debug.diagnose.contact import contact_area
from napari_synapse_debug.diagnose.reading import Reading, failed, known_pair, passed, untested
from napari_synapse_debug.diagnose.scene import Pair

FATES = (
    "placed",
    "duplicate",
    "below_score",
    "autapse",
    "not_with_pre",
    "not_best_pair",
    "below_share",
    "below_overlap",
    "candidate_too_small",
)
"""What can become of a candidate-contact pair, from the one that came farthest."""


def read_rows(case: Case) -> Reading:
    """Whether the candidate in the zone was given the true partners."""
    pair = case.true_pair
    if case.scene.labels is not None and not case.kept_in_zone:
        return untested("No candidate was kept in the zone.")
    if case.scene.labels is None and len(case.rows_in_zone) == 0:
        return untested("No row was placed at this cleft, and there are no candidates to look at.")
    if not known_pair(pair) or pair is None:
        return untested("Pre and post do not lie in two segments.")
    if case.scene.faces is not None and not contact_area(case, pair):
        return untested("The true partners' segments do not touch in the zone.")
    if right_rows(case):
        return passed(f"Segment {pair[0]} was taken as pre of {pair[1]}, as in the truth.")
    return failed(f"No row {pair[0]} → {pair[1]} was placed at this cleft.")


def read_predicted_row(case: Case) -> Reading:
    """Whether the false prediction names the true partners of its zone."""
    if case.zone == 0:
        return untested("The candidate lies in no zone.")
    if case.survey.truth.in_use is None or case.predicted_pair is None:
        return untested("No segmentation to look up the true partners in.")
    pre, post = case.predicted_pair
    if case.predicted_pair in _true_pairs(case):
        return passed(f"The row {pre} → {post} names true partners of this cleft.")
    return failed(f"The row {pre} → {post} names no true partners of this cleft.")


def below_overlap(case: Case) -> str | None:
    """Too little of the pair's interface lies in the candidate."""
    fate = pair_fate(case)
    if case.survey.evidence.fates is None or not case.candidates_in_zone or right_rows(case):
        return None
    if fate is None:
        return "The candidate does not reach the interface of the true partners."
    if fate["fate"] == "below_overlap":
        return f"Only {fate['overlap_nm2']:,.0f} nm² of the true interface lie in the candidate."
    if fate["fate"] == "below_share":
        share = fate["overlap_fraction"]
        return f"The true interface is only {share:.0%} of that in the candidate."
    return None


def below_score(case: Case) -> str | None:
    """The right pair was scored too low."""
    fate = pair_fate(case)
    if fate is None or fate["fate"] != "below_score" or right_rows(case):
        return None
    return "The true pair was placed, but its score was below the smallest score."


def dropped(case: Case) -> str | None:
    """A filter for autapses, duplicates or size took the right row away."""
    fate = pair_fate(case)
    if fate is None or right_rows(case):
        return None
    if fate["fate"] not in ("autapse", "duplicate"):
        return None
    return f"The true pair was placed, but dropped as {fate['fate']}."


def reversed_(case: Case) -> str | None:
    """The true partners were found, but with pre and post exchanged."""
    pair = case.true_pair
    if not known_pair(pair) or pair is None or right_rows(case):
        return None
    if not _rows_of(case, (pair[1], pair[0])):
        return None
    return f"Placed as {pair[1]} → {pair[0]}; the truth says {pair[0]} → {pair[1]}."


def wrong_partner(case: Case) -> str | None:
    """The candidate was given other partners."""
    if right_rows(case) or case.true_pair is None:
        return None
    fate = pair_fate(case)
    rows = case.rows_in_zone
    if fate is not None and fate["fate"] not in ("not_best_pair", "not_with_pre"):
        return None
    if len(rows) == 0 and fate is None:
        return None
    ids = case.survey.prediction.in_use
    named = [] if ids is None else [f"{ids[k, 0]} → {ids[k, 1]}" for k in rows]
    instead = " and ".join(named[:2]) or "another pair"
    pre, post = case.true_pair
    return f"The candidate was given {instead} instead of {pre} → {post}."


def false_reversed(case: Case) -> str | None:
    """The false row names true partners of its zone, exchanged."""
    pair = case.predicted_pair
    if pair is None or (pair[1], pair[0]) not in _true_pairs(case) or pair in _true_pairs(case):
        return None
    return f"Placed as {pair[0]} → {pair[1]}; the truth says {pair[1]} → {pair[0]}."


def extra_partner(case: Case) -> str | None:
    """The false row names wrong partners, while another row of the zone is right."""
    if not _is_wrong(case):
        return None
    survey = case.survey
    truths = set(survey.truth.row[case.truths_in_zone].tolist())
    for other in case.rows_in_zone:
        row = int(survey.prediction.row[other])
        if survey.matched_truth.get(row) in truths:
            pre, post = case.predicted_pair or (0, 0)
            return f"The cleft has its right row ({row}); {pre} → {post} is one too many."
    return None


def false_wrong_partner(case: Case) -> str | None:
    """The false row names wrong partners, and no row of the zone is right."""
    if not _is_wrong(case):
        return None
    pre, post = case.predicted_pair or (0, 0)
    true = ", ".join(f"{a} → {b}" for a, b in sorted(_true_pairs(case))[:3])
    return f"The row says {pre} → {post}; the truth has {true} at this cleft."


def wrong_kind(case: Case) -> str | None:
    """The match has another kind, though its class is the strongest in the zone."""
    survey = case.survey
    true = survey.truth.kind[case.truth_at]
    predicted = survey.prediction.kind[case.prediction_at]
    return f"Predicted as {predicted}; the truth says {true}."


def right_rows(case: Case) -> list[int]:
    """Positions of the predictions of the zone that name the true partners."""
    return [] if case.true_pair is None else _rows_of(case, case.true_pair)


def pair_fate(case: Case) -> pd.Series[Any] | None:
    """Of the pairs of the zone's candidates with the true partners the one that came farthest."""
    table, pair = case.survey.evidence.fates, case.true_pair
    if table is None or pair is None:
        return None
    chosen = table[
        table["candidate"].isin(list(case.candidates_in_zone))
        & (table["segment_a"] == min(pair))
        & (table["segment_b"] == max(pair))
    ]
    if len(chosen) == 0:
        return None
    order = chosen["fate"].map(FATES.index).to_numpy(np.int64)
    farthest = int(np.lexsort((-chosen["overlap_nm2"].to_numpy(np.float64), order))[0])
    found: pd.Series[Any] = chosen.iloc[farthest]
    return found


def _rows_of(case: Case, pair: Pair) -> list[int]:
    ids = case.survey.prediction.in_use
    if ids is None:
        return []
    wanted = np.asarray(pair, dtype=np.uint64)
    return [int(k) for k in case.rows_in_zone if (ids[k] == wanted).all()]


def _true_pairs(case: Case) -> set[Pair]:
    """Segments in use of the true rows of the zone."""
    ids = case.survey.truth.in_use
    if ids is None:
        return set()
    return {(int(ids[k, 0]), int(ids[k, 1])) for k in case.truths_in_zone}


def _is_wrong(case: Case) -> bool:
    """Whether the false row names no true partners of its zone."""
    return (
        case.zone != 0 and bool(_true_pairs(case)) and case.predicted_pair not in _true_pairs(case)
    )
