"""The counted rows of a comparison, each with its outcome, kinds and cleft."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.roles import Kind
from napari_synapse_debug.evaluate.intervals import Interval, clustered_interval
from napari_synapse_debug.evaluate.results import KindRate


@dataclass(frozen=True)
class Tally:
    """Rows that are ``tp``, ``fp`` or ``fn``.

    Parameters
    ----------
    outcome : (N,) str
        ``tp``, ``fp`` or ``fn``.
    unit : (N,) str
        What is right or wrong together: the true cleft, for a false row its candidate.
    true_kind, predicted_kind : (N,) str
        Kinds of both sides; empty where the row has no such side.
    """

    outcome: NDArray[np.object_]
    unit: NDArray[np.object_]
    true_kind: NDArray[np.object_]
    predicted_kind: NDArray[np.object_]

    def count(self, outcome: str) -> int:
        """Number of rows with ``outcome``."""
        return int((self.outcome == outcome).sum())

    def share_interval(self, among: tuple[str, ...]) -> Interval | None:
        """95 % interval of the share of ``tp`` among the rows with these outcomes."""
        rows = np.isin(self.outcome.astype(str), among)
        return clustered_interval(self.outcome[rows] == "tp", self.unit[rows])

    def recall_by_kind(self) -> tuple[KindRate, ...]:
        """Recall of each true kind, by name."""
        return self._by_kind(self.true_kind, "fn")

    def precision_by_kind(self) -> tuple[KindRate, ...]:
        """Precision of each predicted kind, by name."""
        return self._by_kind(self.predicted_kind, "fp")

    def kind_is_right(self) -> tuple[NDArray[np.bool_], NDArray[np.object_]]:
        """For matches whose kinds are both known: whether they agree, and their units."""
        known = self.outcome == "tp"
        for kinds in (self.true_kind, self.predicted_kind):
            known &= ~np.isin(kinds.astype(str), ["", Kind.UNKNOWN])
        right = self.true_kind[known] == self.predicted_kind[known]
        return np.asarray(right, dtype=bool), self.unit[known]

    def _by_kind(self, kinds: NDArray[np.object_], wrong: str) -> tuple[KindRate, ...]:
        rows = np.isin(self.outcome.astype(str), ["tp", wrong])
        rates = []
        for kind in sorted(set(kinds[rows])):
            of_kind = rows & (kinds == kind)
            rate = float((self.outcome[of_kind] == "tp").mean())
            rates.append(KindRate(kind=str(kind), rate=rate, n=int(of_kind.sum())))
        return tuple(rates)


def tally(matches: pd.DataFrame, truth: pd.DataFrame, prediction: pd.DataFrame) -> Tally:
    """The counted rows of ``matches`` (``records.MATCHES``) of these two tables."""
    counted = matches[matches["outcome"].isin(["tp", "fp", "fn"])]
    true_row, predicted_row = counted["truth_row"], counted["prediction_row"]
    cleft = _cleft_names(truth, "synapse")
    candidate = _cleft_names(prediction, "candidate")
    of_truth = _pick(cleft, true_row)
    unit = np.where(of_truth == "", "p" + _pick(candidate, predicted_row), "t" + of_truth)
    return Tally(
        outcome=counted["outcome"].to_numpy(object),
        unit=unit.astype(object),
        true_kind=_pick(_by_row(truth, "kind"), true_row),
        predicted_kind=_pick(_by_row(prediction, "kind"), predicted_row),
    )


def _cleft_names(table: pd.DataFrame, column: str) -> pd.Series[str]:
    """The cleft of each row by name; a row without one is a cleft of its own."""
    ids = table[column].astype("Int64")
    own = "row " + table["row"].astype(str)
    names = ids.astype(object).astype(str).where(ids.notna(), own)
    return pd.Series(names.to_numpy(object), index=table["row"].to_numpy(np.int64))


def _by_row(table: pd.DataFrame, column: str) -> pd.Series[str]:
    return pd.Series(table[column].to_numpy(object), index=table["row"].to_numpy(np.int64))


def _pick(values: pd.Series[str], rows: pd.Series[int]) -> NDArray[np.object_]:
    """Values of ``rows``; empty where there is no row."""
    out = np.full(len(rows), "", dtype=object)
    known = rows.notna().to_numpy()
    named = rows[known].to_numpy(np.int64)  # not by floats, which round large numbers
    out[known] = values.reindex(named).fillna("").to_numpy(object)
    return out
