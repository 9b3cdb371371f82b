"""Matches: which prediction belongs to which truth, and why the others were refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.params import EvaluateParams
from napari_synapse_debug.domain.records import MATCHES, conform
from napari_synapse_debug.evaluate.admission import (
    REFUSALS,
    Rule,
    admissible_pairs,
    failed_tests,
    leg_distances,
    pairs_within,
)
from napari_synapse_debug.evaluate.identity import Identities
from napari_synapse_debug.evaluate.optimum import Edges, Indices, match_best
from napari_synapse_debug.evaluate.published import match_as_published
from napari_synapse_debug.evaluate.sides import Mask, Region, Scope, Side, build_side
from napari_synapse_debug.evaluate.synful import left_out_rows

ROW_RULES = ("three_point", "cremi", "synful")
"""The rules that compare rows; the others compare clefts."""

Columns = dict[str, NDArray[Any]]

_NO_ROW = np.iinfo(np.int64).min
"""Stands for a row that is not there until the table is made."""


def match_synapses(
    truth: pd.DataFrame,
    prediction: pd.DataFrame,
    identities: Identities,
    params: EvaluateParams,
    grid: Grid,
    box: Box,
) -> pd.DataFrame:
    """The matches of rows by the rule ``three_point``, ``cremi`` or ``synful``, as ``MATCHES``.

    Under ``three_point`` a pair may match if it is the same ordered pair of neurons by the judge
    and its clefts are at most ``tolerance_nm`` apart (judge ``none``: if all three points are).
    Of all one-to-one matchings the one with most counted matches is taken, then most matches,
    then least cost, then by place. ``cremi`` and ``synful`` compare pre and post and take the
    least cost, see ``published``.

    Parameters
    ----------
    truth, prediction : DataFrame
        As ``records.TRUTH`` and ``records.PREDICTION``; points in nm.
    identities : Identities
        From ``judge_ids`` on the same two tables and parameters.
    params : EvaluateParams
        Rule, tolerance, margin, border and scope.
    grid, box : Grid, Box
        The box that is evaluated, in voxels of ``grid``.

    Returns
    -------
    DataFrame
        One row for each truth and each unmatched prediction that takes part (autapses and rows
        beyond the margin do not): ``tp``, ``fn``, ``fp``; ``ignored`` counts nowhere, by its
        flag, its place or the scope; ``unjudged`` is an unmatched prediction under a sparse truth,
        or of a kind or neuron outside the scope.
        Distances are those to the row matched or, without a match, to the one refused.

    Raises
    ------
    InputError
        Another rule, a point that is not finite, or row ids that repeat.
    """
    if params.rule not in ROW_RULES:
        raise InputError(
            "These rows cannot be matched by this rule",
            found=f"rule {params.rule!r}",
            expected=", ".join(ROW_RULES),
            fix="use match_clefts for rule cleft, and match_overlap for rule overlap",
        )
    sides = build_sides(truth, prediction, identities, params, grid, box)
    rule, is_sparse = Rule.of(params, identities.judge), params.scope == "sparse"
    if params.rule == "three_point":
        return match_sides(*sides, rule, is_sparse=is_sparse)
    return tell_matches(*sides, match_as_published(*sides, rule), rule, is_sparse=is_sparse)


def build_sides(
    truth: pd.DataFrame,
    prediction: pd.DataFrame,
    identities: Identities,
    params: EvaluateParams,
    grid: Grid,
    box: Box,
) -> tuple[Side, Side]:
    """Both tables as the matching sees them."""
    region = Region.of(params, grid, box)
    left_out = [identities.truth_is_autapse, identities.prediction_is_autapse]
    if params.rule == "synful":
        left_out = [
            left_out_rows(truth, identities.truth, params, is_predicted=False),
            left_out_rows(prediction, identities.prediction, params, is_predicted=True),
        ]
    scope = Scope.of(params)
    return (
        build_side(truth, identities.truth, left_out[0], region, scope),
        build_side(prediction, identities.prediction, left_out[1], region, scope),
    )


def match_sides(truth: Side, prediction: Side, rule: Rule, *, is_sparse: bool) -> pd.DataFrame:
    """The table of the best matches of two sides, as ``records.MATCHES``."""
    matched = match_best(admissible_pairs(truth, prediction, rule), truth.is_counted)
    return tell_matches(truth, prediction, matched, rule, is_sparse=is_sparse)


def tell_matches(
    truth: Side, prediction: Side, matched: Edges, rule: Rule, *, is_sparse: bool
) -> pd.DataFrame:
    """The table (``records.MATCHES``) of the pairs ``matched``, with why the rest was refused."""
    partner = np.full(len(truth), -1, dtype=np.int64)
    partner[matched.truth] = matched.prediction
    left_t = np.flatnonzero(truth.takes_part & (partner < 0))
    left_p = np.flatnonzero(prediction.takes_part & ~_mask(matched.prediction, len(prediction)))
    unmatched = np.where(
        prediction.is_counted[left_p], "unjudged" if is_sparse else "fp", "ignored"
    )
    parts = [
        _matched(truth, prediction, matched)
        | {"outcome": np.where(truth.is_counted[matched.truth], "tp", "ignored")},
        _refused(truth, prediction, left_t, rule, "truth")
        | {"outcome": np.where(truth.is_counted[left_t], "fn", "ignored")},
        _refused(prediction, truth, left_p, rule, "prediction")
        | {"outcome": np.where(prediction.is_in_scope[left_p], unmatched, "unjudged")},
    ]
    columns: dict[str, Any] = {
        name: np.concatenate([part[name] for part in parts]) for name in parts[0]
    }
    for name in ("truth_row", "prediction_row", "refused_row"):
        columns[name] = pd.arrays.IntegerArray(columns[name], columns[name] == _NO_ROW)
    for name in ("refusal", "refusals", "outcome"):
        columns[name] = columns[name].astype(object)
    return conform(pd.DataFrame(columns), MATCHES, "matches")


def _mask(indices: Indices, size: int) -> Mask:
    mask = np.zeros(size, dtype=bool)
    mask[indices] = True
    return mask


def _matched(truth: Side, prediction: Side, matched: Edges) -> Columns:
    legs = leg_distances(truth, prediction, matched.truth, matched.prediction)
    rows = truth.row[matched.truth], prediction.row[matched.prediction]
    return _columns(rows, matched.cost_nm, legs)


def _refused(own: Side, other: Side, left: Indices, rule: Rule, name: str) -> Columns:
    """Unmatched rows of ``own``, each held against the row of ``other`` that fails least.

    Held against all rows within two tolerances, the one with fewest failed tests is chosen,
    then the nearest, then by place.
    """
    o, q = pairs_within(
        own, other, _mask(left, len(own)), np.ones(len(other), bool), rule, factor=2.0
    )
    failed = failed_tests(own, other, o, q, rule)
    legs = leg_distances(own, other, o, q)
    n_failed = failed[:, :-1].sum(axis=1)  # a duplicate fails none: the other one was taken
    order = np.lexsort((q, legs[:, rule.anchor], n_failed, o))
    _, first = np.unique(o[order], return_index=True)
    best = order[first]
    at = np.searchsorted(left, o[best])
    reasons = np.full(len(left), "", dtype=object)
    headline = np.full(len(left), "", dtype=object)
    against = np.full(len(left), _NO_ROW, dtype=np.int64)
    distances = np.full((len(left), 3), np.nan)
    distances[at] = legs[best]
    against[at] = other.row[q[best]]
    patterns, which = np.unique(failed[best], axis=0, return_inverse=True)
    for number, tests in enumerate(patterns):
        names = [REFUSALS[k] for k in np.flatnonzero(tests)]
        of_pattern = at[which.ravel() == number]
        headline[of_pattern], reasons[of_pattern] = names[0], ",".join(names)
    none = np.full(len(left), _NO_ROW, dtype=np.int64)
    rows = (own.row[left], none) if name == "truth" else (none, own.row[left])
    columns = _columns(rows, np.full(len(left), np.nan), distances)
    return columns | {"refusal": headline, "refusals": reasons, "refused_row": against}


def _columns(
    rows: tuple[NDArray[np.int64], NDArray[np.int64]],
    cost_nm: NDArray[np.float64],
    legs_nm: NDArray[np.float64],
) -> Columns:
    """The columns of ``MATCHES`` but for the outcome, of rows that were refused by none."""
    text = np.full(len(cost_nm), "", dtype=object)
    return {
        "truth_row": rows[0],
        "prediction_row": rows[1],
        "cost_nm": cost_nm,
        "pre_nm": legs_nm[:, 0],
        "cleft_nm": legs_nm[:, 1],
        "post_nm": legs_nm[:, 2],
        "refusal": text,
        "refusals": text,
        "refused_row": np.full(len(cost_nm), _NO_ROW, dtype=np.int64),
    }
