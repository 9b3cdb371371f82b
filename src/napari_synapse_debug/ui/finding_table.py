"""The errors as the window lists them: filtered, sorted and counted in numpy, without Qt."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.records import ENDS, point_columns, points
from napari_synapse_debug.domain.stages import UNEXPLAINED, Stage

STAGE_ORDER = (*(str(stage) for stage in Stage), UNEXPLAINED)

SEARCHED = ("error", "stage", "cause", "kind", "summary", "fix")
PARTNERS = ("pre_segment", "post_segment")


@dataclass(frozen=True)
class FindingFilter:
    """Which errors are listed; an empty part lets everything through.

    Parameters
    ----------
    error : str
        ``missed``, ``false`` or ``mistyped``.
    stages : frozenset of str
        Any of these stages.
    cause : str
        This cause.
    text : str
        Words that all occur in a row, in any column, in any case.
    """

    error: str = ""
    stages: frozenset[str] = frozenset()
    cause: str = ""
    text: str = ""

    def toggled(self, stage: str) -> FindingFilter:
        """The filter with ``stage`` taken in, or taken out if it was in."""
        return replace(self, stages=self.stages ^ {stage})


@dataclass(frozen=True)
class FindingTable:
    """The findings of one run.

    Parameters
    ----------
    frame : DataFrame
        Columns of ``domain.records.FINDINGS``; never changed here.
    """

    frame: pd.DataFrame
    _position: dict[int, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        ids = self.frame["finding"].tolist()
        object.__setattr__(self, "_position", {int(k): i for i, k in enumerate(ids)})

    def __len__(self) -> int:
        return len(self.frame)

    def row(self, finding: int) -> pd.Series[Any]:
        """All values of ``finding``.

        Raises
        ------
        KeyError
            There is no such finding.
        """
        return self.frame.iloc[self._position[finding]]

    def position(self, finding: int) -> int:
        """Place of ``finding`` in the frame."""
        return self._position[finding]

    def ids(self, rows: NDArray[np.intp]) -> NDArray[np.int64]:
        """Finding ids of ``rows`` ((N,) places in the frame)."""
        return self.column("finding")[rows].astype(np.int64)

    def column(self, name: str) -> NDArray[Any]:
        """The values of one column, (N,)."""
        if name not in self._columns:
            self._columns[name] = self.frame[name].to_numpy()
        return self._columns[name]

    @cached_property
    def _columns(self) -> dict[str, NDArray[Any]]:
        return {}

    @cached_property
    def cleft_nm(self) -> NDArray[np.float64]:
        """Where each error is: (N, 3) float64, zyx, nm."""
        return points(self.frame, "cleft")

    @cached_property
    def _sort_keys(self) -> dict[str, NDArray[Any]]:
        return {}

    def sort_key(self, name: str) -> NDArray[Any]:
        """Numbers that sort as column ``name`` should: stages in their order, words by alphabet."""
        if name not in self._sort_keys:
            self._sort_keys[name] = _sort_key(self.frame, name)
        return self._sort_keys[name]

    def listed(
        self, chosen: FindingFilter, sort_by: str = "finding", *, ascending: bool = True
    ) -> NDArray[np.intp]:
        """Places in the frame of the rows that pass ``chosen``, in the order asked for: (N,).

        Ties keep the order of the frame; missing values come last either way.
        """
        rows = np.flatnonzero(self.passes(chosen))
        key = self.sort_key(sort_by)[rows]
        missing = np.isnan(key)
        order = np.lexsort((np.where(missing, 0, key if ascending else -key), missing))
        return rows[order]

    def passes(self, chosen: FindingFilter) -> NDArray[np.bool_]:
        """Which findings pass ``chosen``: (N,) bool."""
        keep = np.ones(len(self), dtype=np.bool_)
        if chosen.error:
            keep &= (self.frame["error"] == chosen.error).to_numpy(np.bool_)
        if chosen.stages:
            keep &= self.frame["stage"].isin(chosen.stages).to_numpy(np.bool_)
        if chosen.cause:
            keep &= (self.frame["cause"] == chosen.cause).to_numpy(np.bool_)
        for word in chosen.text.lower().replace("_", " ").split():
            keep &= self._mentions(word)
        return keep

    def _mentions(self, word: str) -> NDArray[np.bool_]:
        """Which findings have ``word`` in a text, or as the id of a partner."""
        found = np.zeros(len(self), dtype=np.bool_)
        for name in SEARCHED:
            text = self.frame[name].astype("str").str
            found |= text.contains(word, case=False, regex=False).to_numpy(np.bool_)
        if word.isdecimal():
            for name in PARTNERS:
                found |= (self.frame[name] == int(word)).to_numpy(np.bool_)
        return found

    def stage_counts(self, chosen: FindingFilter | None = None) -> dict[str, int]:
        """Errors of each stage, in their order, under all of ``chosen`` but its stages."""
        keep = self.passes(replace(chosen or FindingFilter(), stages=frozenset()))
        counts = self.frame["stage"][keep].value_counts()
        return {stage: int(counts.get(stage, 0)) for stage in STAGE_ORDER}

    def causes(self) -> list[str]:
        """The causes that occur, by alphabet."""
        return sorted(self.frame["cause"].unique())


def finding_points_nm(row: pd.Series[Any]) -> NDArray[np.float64]:
    """Pre, cleft and post of a finding: (3, 3) float64, zyx, nm.

    A point that is not known lies at the cleft, an unknown cleft amid the others.
    """
    names = [column for end in ENDS for column in point_columns(end)]
    ends = row[names].to_numpy(np.float64).reshape(3, 3)
    known = np.isfinite(ends).all(axis=1)
    if known.all() or not known.any():
        return ends
    middle = ends[1] if known[1] else ends[known].mean(axis=0)
    return np.where(known[:, None], ends, middle)


def _sort_key(frame: pd.DataFrame, name: str) -> NDArray[np.float64]:
    column = frame[name]
    if name == "stage":
        place = {stage: i for i, stage in enumerate(STAGE_ORDER)}
        return np.asarray(column.map(place), np.float64)
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return np.asarray(column.to_numpy(np.float64, na_value=np.nan))
    codes, _ = pd.factorize(column, sort=True)
    return np.where(codes < 0, np.nan, codes).astype(np.float64)
