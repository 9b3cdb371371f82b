"""Detection alone: true clefts against candidates, without partners."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.params import EvaluateParams
from napari_synapse_debug.domain.records import PREDICTION, TRUTH, conform, points
from napari_synapse_debug.evaluate.admission import Rule, admissible_pairs
from napari_synapse_debug.evaluate.curve import precision_recall_curve
from napari_synapse_debug.evaluate.matching import match_sides
from napari_synapse_debug.evaluate.optimum import match_best
from napari_synapse_debug.evaluate.rates import rates_of
from napari_synapse_debug.evaluate.results import Evaluation
from napari_synapse_debug.evaluate.score import counts, intervals, recipe
from napari_synapse_debug.evaluate.sides import Region, Scope, Side, build_side
from napari_synapse_debug.evaluate.units import tally

CHANCE_DRAWS = 100


def true_clefts(truth: pd.DataFrame) -> pd.DataFrame:
    """One row a true cleft, as ``records.TRUTH``; all three points are its centre.

    Rows that share a ``synapse`` id are one cleft, a row without an id is its own. The centre
    is the mean of the cleft points, ``row`` and ``kind`` are those of its first row; it is
    ignored if all of its rows are.
    """
    ids = truth["synapse"].astype("Int64")
    own = "row " + truth["row"].astype(str)
    keys = ids.astype(object).astype(str).where(ids.notna(), own).to_numpy(object)
    grouped = truth.sort_values("row").groupby(pd.Series(keys, index=truth.index), sort=False)
    first = grouped.first()
    centres = grouped[[f"cleft_{axis}_nm" for axis in "zyx"]].mean().to_numpy(np.float64)
    ignore = grouped["ignore"].all().to_numpy(bool)
    table = first.assign(ignore=ignore).reset_index(drop=True)
    table = table.assign(synapse=table["synapse"].astype("Int64"))
    return conform(_at(table, centres), TRUTH, "true clefts")


def kept_candidates(candidates: pd.DataFrame) -> pd.DataFrame:
    """The kept candidates as ``records.PREDICTION``; ``row`` is the candidate, score its peak.

    They are taken whether or not a contact was found there, so that detection is judged apart
    from the segmentation.
    """
    kept = candidates[candidates["is_kept"].to_numpy(bool)].reset_index(drop=True)
    table = pd.DataFrame(
        {
            "row": kept["candidate"],
            "pre_segment": np.zeros(len(kept), dtype=np.uint64),
            "post_segment": np.zeros(len(kept), dtype=np.uint64),
            "kind": kept["kind"],
            "score": kept["peak"],
            "candidate": kept["candidate"],
            "contact": pd.array([pd.NA] * len(kept), dtype="Int64"),
        }
    )
    return conform(_at(table, points(kept, "centroid")), PREDICTION, "candidates")


def match_clefts(
    truth: pd.DataFrame, candidates: pd.DataFrame, params: EvaluateParams, grid: Grid, box: Box
) -> pd.DataFrame:
    """The matches of true clefts and kept candidates within ``tolerance_nm``, as ``MATCHES``.

    ``truth_row`` is the first row of a cleft and ``prediction_row`` the candidate.
    """
    sides = _sides(true_clefts(truth), kept_candidates(candidates), params, grid, box)
    return match_sides(*sides, _rule(params), is_sparse=_is_sparse(params))


def score_clefts(
    matches: pd.DataFrame,
    truth: pd.DataFrame,
    candidates: pd.DataFrame,
    params: EvaluateParams,
    grid: Grid,
    box: Box,
    interface_nm: ArrayLike | None = None,
) -> Evaluation:
    """The numbers of ``match_clefts``; with ``interface_nm`` also what chance would reach.

    Parameters
    ----------
    matches, truth, candidates, params, grid, box
        As given to and got from ``match_clefts``.
    interface_nm : (N, 3) float, zyx, nm, optional
        Places where neurons touch, for example ``point`` of all contacts. ``chance_f1`` is the
        mean F1 of as many of them as there are predictions, drawn at random.
    """
    clefts, found = true_clefts(truth), kept_candidates(candidates)
    sides = _sides(clefts, found, params, grid, box)
    is_sparse = _is_sparse(params)
    rows = tally(matches, clefts, found)
    rates = rates_of(rows.count("tp"), rows.count("fp"), rows.count("fn"), is_sparse=is_sparse)
    scores = found.set_index("row")["score"].reindex(sides[1].row).to_numpy(np.float64)
    chance = None
    if interface_nm is not None and not is_sparse:
        n = rows.count("tp") + rows.count("fp")
        chance = chance_f1(sides[0], _inside(interface_nm, params, grid, box), n, params)
    return Evaluation(
        **recipe(params, "none", box),
        **counts(matches, rows),
        precision=rates.precision,
        recall=rates.recall,
        f1=rates.f1,
        **intervals(rows, is_sparse=is_sparse),
        recall_by_kind=rows.recall_by_kind(),
        precision_by_kind=() if is_sparse else rows.precision_by_kind(),
        curve=precision_recall_curve(*sides, scores, _rule(params), is_sparse=is_sparse),
        chance_f1=chance,
    )


def chance_f1(
    truth: Side, interface_nm: NDArray[np.float64], n: int, params: EvaluateParams
) -> float | None:
    """Mean F1 of ``n`` places drawn from ``interface_nm``, seeded; None if there are too few."""
    if n == 0 or len(interface_nm) < n:
        return None
    rng = np.random.default_rng(params.seed)
    reached = []
    for _ in range(CHANCE_DRAWS):
        drawn = interface_nm[rng.choice(len(interface_nm), size=n, replace=False)]
        drawn = drawn[np.lexsort(drawn.T[::-1])]
        side = Side(
            row=np.arange(n),
            ends_nm=np.repeat(drawn[:, None], 3, axis=1),
            ids=np.zeros((n, 2), dtype=np.uint64),
            takes_part=np.ones(n, dtype=bool),
            is_counted=np.ones(n, dtype=bool),
            position=np.arange(n),
            is_in_scope=np.ones(n, dtype=bool),
        )
        matched = match_best(admissible_pairs(truth, side, _rule(params)), truth.is_counted)
        tp = int(truth.is_counted[matched.truth].sum())
        fn = int(truth.is_counted.sum()) - tp
        reached.append(rates_of(tp, n - len(matched), fn).f1 or 0.0)
    return float(np.mean(reached))


def _rule(params: EvaluateParams) -> Rule:
    return Rule.of(params.model_copy(update={"rule": "cleft"}), "none")


def _inside(
    interface_nm: ArrayLike, params: EvaluateParams, grid: Grid, box: Box
) -> NDArray[np.float64]:
    places = np.asarray(interface_nm, dtype=np.float64).reshape(-1, 3)
    return places[Region.of(params, grid, box).is_core(places)]


def _sides(
    truth: pd.DataFrame, prediction: pd.DataFrame, params: EvaluateParams, grid: Grid, box: Box
) -> tuple[Side, Side]:
    region, scope = Region.of(params, grid, box), Scope(params.complete_kinds, frozenset())
    true, found = (
        build_side(
            table, np.zeros((len(table), 2), np.uint64), np.zeros(len(table), bool), region, scope
        )
        for table in (truth, prediction)
    )
    return true, found


def _is_sparse(params: EvaluateParams) -> bool:
    """Whether unmatched candidates are not judged: they do not tell whose neuron's they are."""
    return params.scope == "sparse" or bool(params.scope_segments)


def _at(table: pd.DataFrame, centres: NDArray[np.float64]) -> pd.DataFrame:
    """The table with all three points at ``centres``."""
    places = {
        f"{end}_{axis}_nm": centres[:, k]
        for end in ("pre", "cleft", "post")
        for k, axis in enumerate("zyx")
    }
    return table.assign(**places)
