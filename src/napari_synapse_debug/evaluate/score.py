"""The score of a set of 3-point synapses."""

from __future__ import annotations

import numpy as np
import pandas as pd

from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.params import EvaluateParams
from napari_synapse_debug.evaluate.admission import Rule
from napari_synapse_debug.evaluate.connectome import count_edges, count_splits_and_merges
from napari_synapse_debug.evaluate.curve import precision_recall_curve
from napari_synapse_debug.evaluate.identity import Identities
from napari_synapse_debug.evaluate.intervals import Interval, clustered_interval, f1_interval
from napari_synapse_debug.evaluate.matching import build_sides
from napari_synapse_debug.evaluate.published import LARGEST_MATRIX, is_sparse_solution
from napari_synapse_debug.evaluate.rates import rates_of
from napari_synapse_debug.evaluate.results import EdgeCount, Evaluation
from napari_synapse_debug.evaluate.sides import Side
from napari_synapse_debug.evaluate.units import Tally, tally


def score(
    matches: pd.DataFrame,
    truth: pd.DataFrame,
    prediction: pd.DataFrame,
    identities: Identities,
    params: EvaluateParams,
    grid: Grid,
    box: Box,
) -> Evaluation:
    """The numbers of a matching, with everything they depend on.

    Parameters
    ----------
    matches : DataFrame
        From ``match_synapses`` with the same other arguments.
    truth, prediction : DataFrame
        As ``records.TRUTH`` and ``records.PREDICTION``.
    identities : Identities
        From ``judge_ids``.
    params, grid, box
        As given to ``match_synapses``.
    """
    is_sparse = params.scope == "sparse"
    sides = build_sides(truth, prediction, identities, params, grid, box)
    rows = tally(matches, truth, prediction)
    rates = rates_of(rows.count("tp"), rows.count("fp"), rows.count("fn"), is_sparse=is_sparse)
    kind_right, kind_units = rows.kind_is_right()
    direction, direction_interval = _direction(matches, rows)
    splits, merges = count_splits_and_merges(matches, truth, prediction)
    scores = prediction.set_index("row")["score"].reindex(sides[1].row).to_numpy(np.float64)
    rule = Rule.of(params, identities.judge)
    notes = (*identities.notes, *_notes(params, sides, rule, (len(truth), len(prediction)), rows))
    return Evaluation(
        **recipe(params, identities.judge, box, notes),
        **counts(matches, rows),
        autapses_truth=int(identities.truth_is_autapse.sum()),
        autapses_prediction=int(identities.prediction_is_autapse.sum()),
        precision=rates.precision,
        recall=rates.recall,
        f1=rates.f1,
        **intervals(rows, is_sparse=is_sparse),
        recall_by_kind=rows.recall_by_kind(),
        precision_by_kind=() if is_sparse else rows.precision_by_kind(),
        kind_accuracy=float(kind_right.mean()) if len(kind_right) else None,
        kind_accuracy_interval=clustered_interval(kind_right, kind_units),
        direction_accuracy=direction,
        direction_accuracy_interval=direction_interval,
        curve=precision_recall_curve(
            *sides, scores, rule, is_sparse=is_sparse, fills_matrix=params.rule != "three_point"
        ),
        edges=_edges(sides, matches, params, identities, is_sparse=is_sparse),
        splits=splits,
        merges=merges,
    )


def _notes(
    params: EvaluateParams,
    sides: tuple[Side, Side],
    rule: Rule,
    n_rows: tuple[int, int],
    rows: Tally,
) -> list[str]:
    """What a reader must know about the numbers of a published rule."""
    notes = []
    if params.rule == "cremi" and rows.count("tp") == 0 and len(rows.outcome):
        notes.append("Nothing matches: CREMI's own code divides by zero here; F1 is given as 0.")
    if is_sparse_solution(*sides, rule):
        notes.append(
            f"More than {LARGEST_MATRIX} rows: the optimum is CREMI's, but where several cost the "
            "same another one may have been found."
        )
    if params.rule == "synful":
        out = [n - len(side) for n, side in zip(n_rows, sides, strict=True)]
        notes.append(
            f"Left out before matching (autapses, background, low score, redundant): {out[0]} of "
            f"{n_rows[0]} true and {out[1]} of {n_rows[1]} predicted rows."
        )
    return notes


def recipe(
    params: EvaluateParams, judge: str, box: Box, notes: tuple[str, ...] = ()
) -> dict[str, object]:
    """The fields of an ``Evaluation`` that say how its numbers came about."""
    return {
        "rule": params.rule,
        "judge": judge,
        "scope": params.scope_told,
        "params": params,
        "box": str(box),
        "notes": notes,
    }


def counts(matches: pd.DataFrame, rows: Tally) -> dict[str, int]:
    """The fields of an ``Evaluation`` that count rows."""
    tp, fp, fn = (rows.count(outcome) for outcome in ("tp", "fp", "fn"))
    outcomes = matches["outcome"].value_counts()
    return {
        "n_truth": tp + fn,
        "n_prediction": tp + fp,
        "tp": tp,
        "fp": fp,
        "fn": fn,
        "ignored": int(outcomes.get("ignored", 0)),
        "unjudged": int(outcomes.get("unjudged", 0)),
    }


def intervals(rows: Tally, *, is_sparse: bool) -> dict[str, Interval | None]:
    """The fields of an ``Evaluation`` that hold 95 % intervals of precision, recall and F1."""
    recall = rows.share_interval(("tp", "fn"))
    if is_sparse:
        return {"recall_interval": recall}
    return {
        "precision_interval": rows.share_interval(("tp", "fp")),
        "recall_interval": recall,
        "f1_interval": f1_interval(rows.share_interval(("tp", "fp", "fn"))),
    }


def _direction(matches: pd.DataFrame, rows: Tally) -> tuple[float | None, Interval | None]:
    """Share of the right direction among truths found as an unordered pair."""
    counted = matches["outcome"].isin(["tp", "fp", "fn"]).to_numpy(bool)
    is_match = matches["truth_row"].notna() & matches["prediction_row"].notna()
    is_taken = matches["refused_row"].isin(matches.loc[is_match, "prediction_row"])
    is_reversed = (matches["outcome"] == "fn") & (matches["refusals"] == "reversed")
    swapped = (is_reversed & ~is_taken).to_numpy(bool)
    chosen = (rows.outcome == "tp") | swapped[counted]
    right = Tally(
        rows.outcome[chosen], rows.unit[chosen], rows.true_kind[chosen], rows.predicted_kind[chosen]
    )
    n = len(right.outcome)
    return (right.count("tp") / n if n else None), right.share_interval(("tp", "fn"))


def _edges(
    sides: tuple[Side, Side],
    matches: pd.DataFrame,
    params: EvaluateParams,
    identities: Identities,
    *,
    is_sparse: bool,
) -> tuple[EdgeCount, ...]:
    """Edges at each threshold; none without ids, and no false ones under a sparse truth."""
    if identities.judge == "none":
        return ()
    false_rows = matches.loc[matches["outcome"] == "fp", "prediction_row"].to_numpy(np.int64)
    is_false = np.isin(sides[1].row, false_rows)
    edges = count_edges(*sides, is_false, matches, params.edge_at)
    return tuple(edge.model_copy(update={"fp": None}) for edge in edges) if is_sparse else edges
