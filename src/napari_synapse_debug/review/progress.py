"""How far each reviewer has come."""

from __future__ import annotations

import pandas as pd

from napari_synapse_debug.domain.records import Columns, conform, empty
from napari_synapse_debug.review.state import ReviewState

_PROGRESS: Columns = {
    "reviewer": "str",
    "assigned": "int64",
    "reviewed": "int64",
    "assigned_left": "int64",
    "seen": "int64",
    "last": "str",
}


def progress(state: ReviewState) -> pd.DataFrame:
    """One row for each who was assigned findings or judged some, by name.

    Returns
    -------
    DataFrame
        ``reviewer``, ``assigned`` (findings given to them), ``reviewed`` (findings they gave a
        verdict on), ``assigned_left`` (assigned, without a verdict), ``seen`` (looked at),
        ``last`` (time of the latest verdict, empty without one). Empty without anyone.
    """
    verdicts = state.verdicts
    own = verdicts[~verdicts["is_settlement"] & (verdicts["verdict"] != "")]
    assigned: dict[str, set[str]] = {}
    for given in state.assignments:
        assigned.setdefault(given.reviewer, set()).update(given.keys)
    names = sorted({*assigned, *own["author"], *(author for _, author in state.seen)})
    rows = []
    for name in names:
        mine = own[own["author"] == name]
        judged, given_keys = set(mine["key"]), assigned.get(name, set())
        rows.append(
            {
                "reviewer": name,
                "assigned": len(given_keys),
                "reviewed": len(judged),
                "assigned_left": len(given_keys - judged),
                "seen": len({key for key, author in state.seen if author == name} | judged),
                "last": "" if mine.empty else str(mine["time"].max()),
            }
        )
    return conform(pd.DataFrame(rows), _PROGRESS, "progress") if rows else empty(_PROGRESS)
