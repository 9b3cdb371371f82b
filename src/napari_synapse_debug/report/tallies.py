"""The errors counted: by stage, by cause, by kind of synapse."""

from __future__ import annotations

from typing import Any

import pandas as pd

from napari_synapse_debug.domain.stages import UNEXPLAINED, ErrorKind, Stage

STAGES = (*Stage, UNEXPLAINED)
MISSED, FALSE = "missed", "false"


def count_by_stage(findings: pd.DataFrame) -> list[dict[str, str | int]]:
    """One row for each stage that lost something, in order: ``stage, missed, false, mistyped``."""
    counts = pd.crosstab(findings["stage"], findings["error"])
    counts = counts.reindex(columns=[str(kind) for kind in ErrorKind], fill_value=0)
    return [
        {"stage": str(stage), **{kind: int(counts.loc[stage, kind]) for kind in counts.columns}}
        for stage in STAGES
        if stage in counts.index
    ]


def count_by_cause(findings: pd.DataFrame) -> list[dict[str, Any]]:
    """One row for each cause that fired, by stage and then the most frequent first.

    Returns
    -------
    list of dict
        ``stage, cause, missed, false, mistyped, total``; ``faults`` counts a missed synapse and
        the false one that was refused against it once; ``confirmed`` those that were proven,
        None where no proof was tried.
    """
    rows = []
    for (stage, cause), part in findings.groupby(["stage", "cause"]):
        kinds = part["error"].value_counts()
        rows.append(
            {
                "stage": str(stage),
                "cause": str(cause),
                **{str(kind): int(kinds.get(kind, 0)) for kind in ErrorKind},
                "total": len(part),
                "faults": int(part["fault"].nunique()),
                "confirmed": _confirmed(part),
            }
        )
    order = {str(stage): place for place, stage in enumerate(STAGES)}
    return sorted(rows, key=lambda row: (order[row["stage"]], -row["total"], row["cause"]))


def confuse_kinds(
    matches: pd.DataFrame, truth: pd.DataFrame, prediction: pd.DataFrame
) -> pd.DataFrame:
    """How many synapses of each true kind were predicted as which kind.

    Parameters
    ----------
    matches : DataFrame
        ``records.MATCHES``; rows that are ignored or not judged count nowhere.
    truth, prediction : DataFrame
        ``records.TRUTH`` and ``records.PREDICTION``.

    Returns
    -------
    DataFrame
        int64, a row a true kind and last ``false``, a column a predicted kind and last
        ``missed``; without rows and columns where there is neither truth nor prediction.
    """
    true = _kinds(matches["truth_row"], truth)
    predicted = _kinds(matches["prediction_row"], prediction)
    outcome = matches["outcome"]
    pairs = pd.DataFrame(
        {
            "true": true.where(outcome != "fp", FALSE),
            "predicted": predicted.where(outcome != "fn", MISSED),
        }
    )[outcome.isin(("tp", "fn", "fp"))]
    table = pd.crosstab(pairs["true"], pairs["predicted"])
    rows = [name for name in sorted(table.index) if name != FALSE]
    columns = [name for name in sorted(table.columns) if name != MISSED]
    if not len(table):
        return pd.DataFrame(dtype="int64")
    return table.reindex(index=[*rows, FALSE], columns=[*columns, MISSED], fill_value=0)


def _confirmed(findings: pd.DataFrame) -> int | None:
    tried = findings["confirmed"].dropna()
    return int(tried.sum()) if len(tried) else None


def _kinds(rows: pd.Series, table: pd.DataFrame) -> pd.Series:
    kinds = table.set_index("row")["kind"]
    return rows.map(kinds).astype(object)
