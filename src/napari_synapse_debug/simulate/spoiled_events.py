"""The table of what was planted into a run, and the truth with all its changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain import records
from napari_synapse_debug.domain.stages import STAGE_OF_CAUSE, Cause, ErrorKind
from napari_synapse_debug.simulate.found import RunToSpoil
from napari_synapse_debug.simulate.place import Change
from napari_synapse_debug.simulate.planting import EVENTS
from napari_synapse_debug.simulate.run_faults import RUN_FAULTS

RUN_EVENTS: Mapping[str, str] = {
    **EVENTS,
    "also_rows": "str",
    **dict.fromkeys(records.point_columns("at"), "float64"),
    "changed": "str",
}
"""Columns of the events of a run: ``also_rows`` are truth rows that may be lost instead (ids
with commas between), ``at`` is where the run had its prediction."""


@dataclass(frozen=True)
class PlantedEvent:
    """A fault at the synapse of ``truth_row``, and where truth and prediction had it (zyx, nm)."""

    cause: Cause
    change: Change
    truth_row: int | None
    cleft_nm: NDArray[np.float64]
    at_nm: NDArray[np.float64]


def tabulate_events(
    run: RunToSpoil, planted: list[PlantedEvent]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The truth with all changes, and the events (``RUN_EVENTS``), numbered from 1."""
    truth = run.truth.copy()
    fresh = int(truth["row"].max()) + 1 if len(truth) else 1
    rows: list[dict[str, Any]] = []
    for number, event in enumerate(planted, start=1):
        also = list(event.change.also_rows)
        old = truth[truth["row"] == event.truth_row]
        for values in event.change.added:
            new = old.assign(row=fresh, **values)
            truth = pd.concat([truth, new], ignore_index=True)
            also.append(fresh)
            fresh += 1
        for column, value in event.change.row.items():
            truth.loc[truth["row"] == event.truth_row, column] = value
        if event.change.is_dropped:
            truth = truth[truth["row"] != event.truth_row]
        rows.append(_event_row(number, event, also))
    if not rows:
        return run.truth, records.empty(RUN_EVENTS)
    events = records.conform(pd.DataFrame(rows), RUN_EVENTS, "planted events")
    return records.conform(truth.reset_index(drop=True), records.TRUTH, "truth"), events


def _event_row(number: int, event: PlantedEvent, also: list[int]) -> dict[str, Any]:
    fault = RUN_FAULTS.get(event.cause)
    error = ErrorKind.FALSE if event.cause is Cause.FALSE_SIGNAL else ErrorKind.MISSED
    told = {
        Cause.FALSE_SIGNAL: "There is signal where no synapse is.",
        Cause.NOT_PREDICTED: "Nothing was predicted here.",
    }
    is_gone = event.change.is_dropped or event.truth_row is None
    return {
        "event": number,
        "stage": STAGE_OF_CAUSE[event.cause].value,
        "cause": event.cause.value,
        "error": (error if fault is None else fault.error).value,
        "truth_row": pd.NA if is_gone else event.truth_row,
        **dict(zip(records.point_columns("cleft"), event.cleft_nm, strict=True)),
        "description": told[event.cause] if fault is None else fault.description,
        "also_rows": ",".join(map(str, also)),
        **dict(zip(records.point_columns("at"), event.at_nm, strict=True)),
        "changed": "prediction" if fault is None else fault.changed,
    }
