"""Two runs against the same truth: what the second mends, and what it breaks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import KDTree

from napari_synapse_debug.domain.params import CompareParams
from napari_synapse_debug.domain.records import point_columns, points
from napari_synapse_debug.evaluate.admission import number_pairs
from napari_synapse_debug.evaluate.optimum import Edges, match_best

CHANGES = ("kept_right", "fixed", "broken", "kept_wrong", "kept_false", "vanished", "new")
"""What can become of a truth (the first four) and of a false prediction."""


@dataclass(frozen=True)
class RunSide:
    """One of the two runs.

    Parameters
    ----------
    matches : DataFrame
        ``records.MATCHES``, of the same truth, rule and parameters for both runs.
    prediction : DataFrame
        ``records.PREDICTION``.
    ids : (number of predictions, 2) uint64
        Segments under the points of pre and post, looked up in one segmentation for both runs,
        as ids of two segmentations cannot be compared; 0 is none.
    findings : DataFrame, optional
        ``records.FINDINGS``, for the stages.
    """

    matches: pd.DataFrame
    prediction: pd.DataFrame
    ids: NDArray[np.uint64]
    findings: pd.DataFrame | None = None


def compare_rows(
    truth: pd.DataFrame, before: RunSide, after: RunSide, params: CompareParams
) -> pd.DataFrame:
    """One row for each truth that counts and each false prediction of either run.

    Returns
    -------
    DataFrame
        ``change`` (one of ``CHANGES``), ``truth_row``, ``prediction_row_a``,
        ``prediction_row_b``, the point ``cleft`` (of the truth, else of the prediction), ``unit``
        (the cleft, for a false row its candidate), ``stage_a, cause_a, stage_b, cause_b`` (empty
        where a run has no error, or was not diagnosed). Without any row an empty table.
    """
    false = _false_rows(before, after, params)
    table = pd.concat([_true_rows(truth, before, after), false], ignore_index=True)
    for name, side in (("a", before), ("b", after)):
        stages = _stages(table, side, name)
        table[f"stage_{name}"], table[f"cause_{name}"] = stages
    return table


def _true_rows(truth: pd.DataFrame, before: RunSide, after: RunSide) -> pd.DataFrame:
    found = [_outcomes(side.matches) for side in (before, after)]
    both = found[0].merge(found[1], left_index=True, right_index=True, suffixes=("_a", "_b"))
    right_a, right_b = both["outcome_a"].eq("tp"), both["outcome_b"].eq("tp")
    change = np.select(
        [right_a & right_b, ~right_a & right_b, right_a & ~right_b],
        ["kept_right", "fixed", "broken"],
        "kept_wrong",
    )
    rows = truth.set_index("row").loc[both.index]
    synapse = rows["synapse"].astype("Int64")
    own = "row " + rows.index.astype(str).to_series(index=rows.index)
    unit = "t" + synapse.astype(object).astype(str).where(synapse.notna(), own)
    return pd.DataFrame(
        {
            "change": change,
            "truth_row": both.index.to_series().astype("Int64").to_numpy(),
            "prediction_row_a": both["prediction_row_a"].to_numpy(),
            "prediction_row_b": both["prediction_row_b"].to_numpy(),
            **{column: rows[column].to_numpy() for column in point_columns("cleft")},
            "unit": unit.to_numpy(object),
        }
    ).astype({"truth_row": "Int64", "prediction_row_a": "Int64", "prediction_row_b": "Int64"})


def _outcomes(matches: pd.DataFrame) -> pd.DataFrame:
    counted = matches[matches["truth_row"].notna() & matches["outcome"].isin(["tp", "fn"])]
    by_row = counted.set_index(counted["truth_row"].astype(np.int64).rename("row"))
    return by_row[["outcome", "prediction_row"]]


def _false_rows(before: RunSide, after: RunSide, params: CompareParams) -> pd.DataFrame:
    """False rows of either run; those of both that are one place and pair are one row."""
    sides = [_false_of(side) for side in (before, after)]
    (rows_a, ids_a), (rows_b, ids_b) = sides
    pairs = _pair_up(rows_a, ids_a, rows_b, ids_b, params.rekey_nm)
    left = np.setdiff1d(np.arange(len(rows_a)), pairs.truth)
    new = np.setdiff1d(np.arange(len(rows_b)), pairs.prediction)
    shown = pd.concat([rows_a.iloc[pairs.truth], rows_a.iloc[left], rows_b.iloc[new]])
    none = pd.array([pd.NA] * max(len(left), len(new)), dtype="Int64")
    of_a = rows_a["row"].astype("Int64").array
    of_b = rows_b["row"].astype("Int64").array
    candidate = shown["candidate"].astype("Int64")
    owner = np.repeat(["a", "a", "b"], [len(pairs), len(left), len(new)])
    name = (
        candidate.astype(object)
        .astype(str)
        .where(candidate.notna(), "row " + shown["row"].astype(str))
    )
    return pd.DataFrame(
        {
            "change": np.repeat(
                ["kept_false", "vanished", "new"], [len(pairs), len(left), len(new)]
            ),
            "truth_row": pd.array([pd.NA] * len(shown), dtype="Int64"),
            "prediction_row_a": pd.Series(
                [*of_a[pairs.truth], *of_a[left], *none[: len(new)]], dtype="Int64"
            ),
            "prediction_row_b": pd.Series(
                [*of_b[pairs.prediction], *none[: len(left)], *of_b[new]], dtype="Int64"
            ),
            **{column: shown[column].to_numpy() for column in point_columns("cleft")},
            "unit": [f"{side}{cleft}" for side, cleft in zip(owner, name, strict=True)],
        }
    )


def _false_of(side: RunSide) -> tuple[pd.DataFrame, NDArray[np.uint64]]:
    rows = side.matches.loc[side.matches["outcome"] == "fp", "prediction_row"]
    at = np.flatnonzero(side.prediction["row"].isin(rows.astype(np.int64)))
    return side.prediction.iloc[at].reset_index(drop=True), side.ids[at]


def _pair_up(
    rows_a: pd.DataFrame,
    ids_a: NDArray[np.uint64],
    rows_b: pd.DataFrame,
    ids_b: NDArray[np.uint64],
    within_nm: float,
) -> Edges:
    """Rows of both that are one: the same ordered pair, one to one, as near as can be."""
    none = np.zeros(0, dtype=np.int64)
    if len(rows_a) == 0 or len(rows_b) == 0 or within_nm == 0:
        return Edges(none, none, none.astype(np.float64))
    layer = np.split(number_pairs(np.concatenate([ids_a, ids_b])), [len(ids_a)])
    places = [
        np.column_stack([points(rows, "cleft"), 2 * within_nm * of_row])
        for rows, of_row in zip((rows_a, rows_b), layer, strict=True)
    ]
    near = KDTree(places[0]).sparse_distance_matrix(
        KDTree(places[1]), within_nm, output_type="ndarray"
    )
    edges = Edges(near["i"].astype(np.int64), near["j"].astype(np.int64), near["v"])
    return match_best(edges, np.ones(len(rows_a), dtype=bool))


def _stages(table: pd.DataFrame, side: RunSide, name: str) -> tuple[list[str], list[str]]:
    """Stage and cause in the findings of ``side`` for each row that is an error there."""
    empty = [""] * len(table)
    if side.findings is None:
        return empty, empty
    missed = side.findings[side.findings["truth_row"].notna() & (side.findings["error"] != "false")]
    false = side.findings[side.findings["error"] == "false"]
    by_truth = missed.drop_duplicates("truth_row").set_index("truth_row")
    by_prediction = false.drop_duplicates("prediction_row").set_index("prediction_row")
    is_wrong = table["change"].isin(
        ["fixed", "kept_wrong"] if name == "a" else ["broken", "kept_wrong"]
    )
    of_truth = table["truth_row"].where(is_wrong)
    of_false = table[f"prediction_row_{name}"].where(table["truth_row"].isna())
    found = []
    for column in ("stage", "cause"):
        # as objects: looked up in a table without rows, pandas gives missing numbers and no text
        missed_by, false_by = (
            rows.map(by[column]).astype(object)
            for rows, by in ((of_truth, by_truth), (of_false, by_prediction))
        )
        found.append(missed_by.fillna(false_by).fillna("").astype(str).tolist())
    return found[0], found[1]
