"""What rows are counted as, whatever their numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from napari_synapse_debug.evaluate.units import tally

LARGE = 2**60


def test_rows_with_large_numbers_are_those_with_small_ones() -> None:
    def made(first: int) -> tuple[list[str], list[str], list[str]]:
        rows = np.arange(first, first + 3)
        truth = pd.DataFrame(
            {"row": rows, "synapse": pd.array([1, 1, 2], "Int64"), "kind": ["a", "b", "c"]}
        )
        prediction = pd.DataFrame(
            {"row": rows, "candidate": pd.array([7, 8, 9], "Int64"), "kind": ["a", "b", "x"]}
        )
        matches = pd.DataFrame(
            {
                "outcome": ["tp", "fn", "fp", "ignored"],
                "truth_row": pd.array([rows[0], rows[2], pd.NA, rows[1]], "Int64"),
                "prediction_row": pd.array([rows[1], pd.NA, rows[2], pd.NA], "Int64"),
            }
        )
        found = tally(matches, truth, prediction)
        columns = (found.unit, found.true_kind, found.predicted_kind)
        unit, true_kind, predicted_kind = (column.tolist() for column in columns)
        return unit, true_kind, predicted_kind

    assert made(LARGE) == made(1) == (["t1", "t2", "p9"], ["a", "c", ""], ["b", "", "x"])
