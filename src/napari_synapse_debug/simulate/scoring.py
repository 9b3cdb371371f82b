"""How well a diagnosis named planted faults: one row an event."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain import records
from napari_synapse_debug.domain.stages import ErrorKind

NEAR_NM = 300.0
"""A false synapse this near to an event's prediction may be its own."""

SAME_NM = 100.0
"""A false synapse of one pair lies within this of itself in another run."""

SCORES: Mapping[str, str] = {
    "event": "int64",
    "stage": "str",
    "cause": "str",
    "named_stage": "str",
    "named_cause": "str",
    "confirmed": "boolean",
    "had_effect": "bool",
    "stage_is_right": "bool",
    "cause_is_right": "bool",
    "wrongly_confirmed": "bool",
}
"""Columns of ``score_events``; ``named_*`` are empty where the fault made no error."""


def score_events(
    events: pd.DataFrame, findings: pd.DataFrame, before: pd.DataFrame | None = None
) -> pd.DataFrame:
    """What the diagnosis said of each event: columns ``SCORES``, one row an event.

    An event's finding is that of its truth row, or of a row that may be lost instead; that of a
    false synapse the nearest within ``NEAR_NM`` of where the run had its prediction. If there
    are several, the one that names the event's cause counts (a fault may make two errors of
    which each tells a part). Without one the fault had no effect.

    Parameters
    ----------
    events : DataFrame
        Columns ``spoiled_events.RUN_EVENTS``.
    findings : DataFrame
        ``records.FINDINGS`` of the run after planting.
    before : DataFrame, optional
        ``records.FINDINGS`` of the run before: a false synapse that was there already is no
        event's.
    """
    if before is not None:
        findings = findings[~_was_false(findings, before)]
    rows = [_score(event, findings) for _, event in events.iterrows()]
    if not rows:
        return records.empty(SCORES)
    return records.conform(pd.DataFrame(rows), SCORES, "scores of events")


def _was_false(findings: pd.DataFrame, before: pd.DataFrame) -> NDArray[np.bool_]:
    """Which findings (N,) are false synapses that were false in a run before."""
    false = (findings["error"] == ErrorKind.FALSE.value).to_numpy(bool)
    old = before[before["error"] == ErrorKind.FALSE.value]
    pair = ["pre_segment", "post_segment"]
    same = (findings[pair].to_numpy()[:, None] == old[pair].to_numpy()[None]).all(axis=2)
    gaps = records.points(findings, "cleft")[:, None] - records.points(old, "cleft")[None]
    near = np.linalg.norm(gaps, axis=2) <= SAME_NM
    return np.asarray(false & (same & near).any(axis=1))


def _score(event: pd.Series, findings: pd.DataFrame) -> dict[str, object]:
    own = _findings_of(event, findings)
    told = {"event": event["event"], "stage": event["stage"], "cause": event["cause"]}
    if len(own) == 0:
        named: dict[str, object] = {"named_stage": "", "named_cause": "", "confirmed": pd.NA}
    else:
        is_named = (own["cause"] == event["cause"]).to_numpy()
        finding = own.iloc[int(np.argmax(is_named))]
        named = {
            "named_stage": finding["stage"],
            "named_cause": finding["cause"],
            "confirmed": finding["confirmed"],
        }
    is_right = named["named_stage"] == event["stage"]
    is_confirmed = named["confirmed"] is not pd.NA and bool(named["confirmed"])
    return {
        **told,
        **named,
        "had_effect": len(own) > 0,
        "stage_is_right": is_right,
        "cause_is_right": named["named_cause"] == event["cause"],
        "wrongly_confirmed": is_confirmed and not is_right,
    }


def _findings_of(event: pd.Series, findings: pd.DataFrame) -> pd.DataFrame:
    """The findings that an event may have made, the nearest false one last."""
    also = [int(row) for row in str(event["also_rows"] or "").split(",") if row.strip().isdigit()]
    rows = [*also] if pd.isna(event["truth_row"]) else [int(event["truth_row"]), *also]
    of_rows: pd.DataFrame = findings[findings["truth_row"].isin(rows)]
    if str(event["error"]) != ErrorKind.FALSE.value:
        return of_rows
    false = findings[findings["error"] == ErrorKind.FALSE.value]
    gaps = np.linalg.norm(
        records.points(false, "cleft")
        - event[records.point_columns("at")].to_numpy(np.float64)[None],
        axis=1,
    )
    near = false[gaps <= NEAR_NM].iloc[np.argsort(gaps[gaps <= NEAR_NM], kind="stable")]
    both: pd.DataFrame = pd.concat([near, of_rows])
    return both
