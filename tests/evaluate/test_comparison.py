"""Two runs row by row: stages of a run that has errors of one sort only."""

from __future__ import annotations

import numpy as np
import pandas as pd

from napari_synapse_debug.domain.params import CompareParams
from napari_synapse_debug.domain.records import FINDINGS, MATCHES, PREDICTION, TRUTH, conform, empty
from napari_synapse_debug.evaluate.comparison import RunSide, compare_rows


def table(columns, **values):
    """A table of ``columns`` with two rows, 0 where nothing else is given."""
    rows = empty(columns).reindex(range(2))
    zero = {
        name: "" if kind == "str" else 0
        for name, kind in columns.items()
        if kind not in ("Int64", "boolean")
    }
    return conform(rows.assign(**zero).assign(**values), columns)


TRUE = table(TRUTH, row=[1, 2], cleft_x_nm=[100.0, 900.0], ignore=False)
NO_IDS = np.zeros((0, 2), np.uint64)


def run(outcomes, findings):
    matches = table(MATCHES, truth_row=pd.array([1, 2], dtype="Int64"), outcome=outcomes)
    return RunSide(matches, empty(PREDICTION), NO_IDS, findings)


def test_a_run_without_false_rows_tells_the_stages_of_its_misses():
    missed = table(
        FINDINGS,
        truth_row=pd.array([1, 2], dtype="Int64"),
        error="missed",
        stage=["contact", "classifier"],
        cause=["no_contact", "no_signal"],
    )
    rows = compare_rows(
        TRUE, run(["fn", "fn"], missed), run(["tp", "fn"], missed.iloc[1:]), CompareParams()
    )
    assert rows["change"].tolist() == ["fixed", "kept_wrong"]
    assert rows["stage_a"].tolist() == ["contact", "classifier"]
    assert rows["stage_b"].tolist() == ["", "classifier"]
    assert rows["cause_b"].tolist() == ["", "no_signal"]


def test_a_run_that_was_not_diagnosed_tells_none():
    rows = compare_rows(TRUE, run(["fn", "fn"], None), run(["fn", "fn"], None), CompareParams())
    assert rows["stage_a"].tolist() == rows["stage_b"].tolist() == ["", ""]
