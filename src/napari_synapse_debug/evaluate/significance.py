"""Whether two runs differ by more than chance, counted in clefts and not in rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binomtest

from napari_synapse_debug.domain.params import CompareParams


@dataclass(frozen=True)
class Change:
    """How sure a difference is.

    Parameters
    ----------
    better, worse : int
        Clefts of which more rows, or fewer, are right; or false ones vanished, or new.
    p_value : float
        McNemar's exact test (two-sided): how often chance alone parts them so unevenly.
    """

    better: int
    worse: int
    p_value: float


def truth_change(table: pd.DataFrame) -> Change:
    """McNemar's test on true clefts: of each the rows that are right before and after.

    ``table`` is that of ``compare_rows``.
    """
    return _change(table, "fixed", "broken")


def false_change(table: pd.DataFrame) -> Change:
    """McNemar's test on false predictions, by candidate: vanished against new.

    ``table`` is that of ``compare_rows``. The rows of one candidate come and go together, so that
    they are one case.
    """
    return _change(table, "vanished", "new")


def _change(table: pd.DataFrame, better: str, worse: str) -> Change:
    change = table["change"]
    gain = change.eq(better).astype(int) - change.eq(worse).astype(int)
    of_unit = gain.groupby(table["unit"]).sum()
    return mcnemar(int((of_unit > 0).sum()), int((of_unit < 0).sum()))


def mcnemar(better: int, worse: int) -> Change:
    """McNemar's exact test of two counts (McNemar 1947, Psychometrika 12:153); 1 without any."""
    n = better + worse
    return Change(better, worse, float(binomtest(better, n).pvalue) if n else 1.0)


def f1_difference(
    table: pd.DataFrame, params: CompareParams
) -> tuple[float, tuple[float, float] | None]:
    """F1 after less F1 before, and its 95 % interval; None with fewer than two units.

    The interval is that of a paired bootstrap: whole clefts are drawn, with all of their rows
    in both runs, and false rows with their candidate.
    """
    change = table["change"]
    counts = np.stack(
        [
            change.isin(["kept_right", "broken"]),
            change.isin(["kept_right", "fixed"]),
            change.isin(["fixed", "kept_wrong", "kept_false", "vanished"]),
            change.isin(["broken", "kept_wrong", "kept_false", "new"]),
        ],
        axis=1,
    ).astype(np.int64)
    difference = float(_difference(counts.sum(axis=0)))
    names, unit = np.unique(table["unit"].to_numpy(str), return_inverse=True)
    if len(names) < 2:
        return difference, None
    of_unit = np.zeros((len(names), 4), dtype=np.int64)
    np.add.at(of_unit, unit, counts)
    rng = np.random.default_rng(params.seed)
    drawn = np.asarray(
        [
            of_unit[rng.integers(len(names), size=len(names))].sum(axis=0)
            for _ in range(params.draws)
        ]
    )
    low, high = np.quantile(_difference(drawn.T), [0.025, 0.975])
    return difference, (float(low), float(high))


def _difference(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """F1 after less F1 before, from tp and errors: (4, ...) → (...)."""
    tp_a, tp_b, wrong_a, wrong_b = counts
    before = 2 * tp_a / np.maximum(2 * tp_a + wrong_a, 1)
    after = 2 * tp_b / np.maximum(2 * tp_b + wrong_b, 1)
    return np.asarray(after - before)
