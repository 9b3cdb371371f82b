"""The errors as the window lists them: filtered, sorted and counted in numpy, without Qt."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.records import ENDS, point_columns, points
from napari_synapse_debug.domain.stages import UNEXPLAINED, Stage
from napari_synapse_debug.ui.marks import Marks

STAGE_ORDER = (*(str(stage) for stage in Stage), UNEXPLAINED)

NO_VERDICT = "none"
"""In a filter: errors that nobody gave a verdict on."""

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
    kind : str
        Kind of the postsynaptic side.
    verdict : str
        A verdict, ``disputed``, or ``NO_VERDICT`` for those that nobody gave one on.
    change : str
        What became of it since the run that is compared with: ``broken``, ``new``, …
    score : pair of float
        Least and greatest score, both included; with either, errors without a score are left out.
    is_unseen : bool
        Only those that were not looked at.
    view_nm : (2, 3) tuple
        Lowest and highest corner of what is in view, zyx, nm; only clefts in it.
    """

    error: str = ""
    stages: frozenset[str] = frozenset()
    cause: str = ""
    text: str = ""
    kind: str = ""
    verdict: str = ""
    change: str = ""
    score: tuple[float | None, float | None] = (None, None)
    is_unseen: bool = False
    view_nm: tuple[tuple[float, ...], tuple[float, ...]] | None = None

    @property
    def needs_marks(self) -> bool:
        """Whether what people did decides what passes."""
        return bool(self.verdict or self.change or self.is_unseen)

    def toggled(self, stage: str) -> FindingFilter:
        """The filter with ``stage`` taken in, or taken out if it was in."""
        return replace(self, stages=self.stages ^ {stage})


@dataclass(frozen=True)
class _Texts:
    """A column of words: which of the different ``texts`` (small letters) each row has."""

    codes: NDArray[np.intp]
    texts: pd.Series[str]

    @classmethod
    def of(cls, column: pd.Series[Any]) -> _Texts:
        codes, texts = pd.factorize(column.astype("str"))
        return cls(codes, pd.Series(texts, dtype="str").str.lower())

    def mention(self, word: str) -> NDArray[np.bool_]:
        """Which rows have ``word`` somewhere in them: (N,) bool."""
        found = np.array(self.texts.str.contains(word, regex=False), dtype=np.bool_)
        return found[self.codes] if found.any() else np.zeros(len(self.codes), np.bool_)


@dataclass
class _Known:
    """What was computed of a frame once."""

    position: dict[int, int] | None = None
    texts: list[_Texts] | None = None
    search: tuple[str, NDArray[Any], NDArray[np.bool_]] | None = None
    columns: dict[str, NDArray[Any]] = field(default_factory=dict)
    keys: dict[str, NDArray[np.float64]] = field(default_factory=dict)


@dataclass(frozen=True)
class FindingTable:
    """The findings of one run, and what people said of them.

    Parameters
    ----------
    frame : DataFrame
        Columns of ``domain.records.FINDINGS``; never changed here.
    marks : Marks, optional
        Verdicts and the like, in the order of the frame; default none.
    """

    frame: pd.DataFrame
    marks: Marks = field(default_factory=Marks)
    _known: _Known | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if len(self.marks) != len(self.frame):
            object.__setattr__(self, "marks", Marks.none(len(self.frame)))
        if self._known is None:
            object.__setattr__(self, "_known", _Known())

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def known(self) -> _Known:
        """What is computed once for the frame."""
        if self._known is None:
            raise RuntimeError("The table was not initialised.")
        return self._known

    def with_marks(self, marks: Marks) -> FindingTable:
        """The same findings with other ``marks``; nothing is computed anew."""
        return replace(self, marks=marks)

    def row(self, finding: int) -> pd.Series[Any]:
        """All values of ``finding``.

        Raises
        ------
        KeyError
            There is no such finding.
        """
        return self.frame.iloc[self.position(finding)]

    def position(self, finding: int) -> int:
        """Place of ``finding`` in the frame."""
        if self.known.position is None:
            ids = self.frame["finding"].tolist()
            self.known.position = {int(k): i for i, k in enumerate(ids)}
        return self.known.position[finding]

    def ids(self, rows: NDArray[np.intp]) -> NDArray[np.int64]:
        """Finding ids of ``rows`` ((N,) places in the frame)."""
        return self.column("finding")[rows].astype(np.int64)

    def column(self, name: str) -> NDArray[Any]:
        """The values of one column of the frame or of the marks, (N,)."""
        if name in Marks.COLUMNS:
            return self.marks.column(name)
        columns = self.known.columns
        if name not in columns:
            columns[name] = self.frame[name].to_numpy()
        return columns[name]

    @property
    def cleft_nm(self) -> NDArray[np.float64]:
        """Where each error is: (N, 3) float64, zyx, nm."""
        columns = self.known.columns
        if "cleft" not in columns:
            columns["cleft"] = points(self.frame, "cleft")
        return columns["cleft"]

    def sort_key(self, name: str) -> NDArray[np.float64]:
        """Numbers that sort as column ``name`` should: stages in their order, words by alphabet."""
        if name in Marks.COLUMNS:
            return _key_of_words(self.marks.column(name))
        keys = self.known.keys
        if name not in keys:
            keys[name] = _sort_key(self.frame, name)
        return keys[name]

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
        for name in ("error", "cause", "kind", "change"):
            wanted = getattr(chosen, name)
            if wanted:
                keep &= self.column(name) == wanted
        if chosen.stages:
            keep &= self.frame["stage"].isin(chosen.stages).to_numpy(np.bool_)
        if chosen.verdict:
            keep &= self.marks.verdict == chosen.verdict.removeprefix(NO_VERDICT)
        if chosen.is_unseen:
            keep &= ~self.marks.seen
        keep &= self._scores_within(*chosen.score)
        if chosen.view_nm is not None:
            low, high = chosen.view_nm
            keep &= ((self.cleft_nm >= low) & (self.cleft_nm <= high)).all(axis=1)
        return keep & self._mentions_all(chosen.text) if chosen.text.strip() else keep

    def _scores_within(self, least: float | None, most: float | None) -> NDArray[np.bool_]:
        keep = np.ones(len(self), dtype=np.bool_)
        score = self.column("score")
        if least is not None:
            keep &= score >= least
        if most is not None:
            keep &= score <= most
        return keep

    def _mentions_all(self, text: str) -> NDArray[np.bool_]:
        """Which findings have every word of ``text``; the latest answer is kept."""
        known = self.known.search
        if known is None or known[0] != text or known[1] is not self.marks.comment:
            found = np.ones(len(self), dtype=np.bool_)
            for word in text.lower().replace("_", " ").split():
                found &= self._mentions(word)
            known = self.known.search = (text, self.marks.comment, found)
        return known[2]

    def _mentions(self, word: str) -> NDArray[np.bool_]:
        """Which findings have ``word`` in a text or comment, or as the id of a partner."""
        found = np.zeros(len(self), dtype=np.bool_)
        for texts in self._texts:
            found |= texts.mention(word)
        for at in np.flatnonzero(self.marks.comment != ""):
            found[at] |= word in self.marks.comment[at].lower()
        if word.isdecimal():
            for name in PARTNERS:
                found |= (self.frame[name] == int(word)).to_numpy(np.bool_)
        return found

    @property
    def _texts(self) -> list[_Texts]:
        """The columns that are searched; few texts differ, so that each is read once."""
        if self.known.texts is None:
            self.known.texts = [_Texts.of(self.frame[name]) for name in SEARCHED]
        return self.known.texts

    def stage_counts(self, chosen: FindingFilter | None = None) -> dict[str, int]:
        """Errors of each stage, in their order, under all of ``chosen`` but its stages."""
        keep = self.passes(replace(chosen or FindingFilter(), stages=frozenset()))
        counts = self.frame["stage"][keep].value_counts()
        return {stage: int(counts.get(stage, 0)) for stage in STAGE_ORDER}

    def values(self, name: str) -> list[str]:
        """The values that occur in the column ``name`` of the frame, by alphabet."""
        return sorted(self.frame[name].unique())


def finding_points_nm(row: pd.Series[Any]) -> NDArray[np.float64]:
    """Pre, cleft and post of a finding: (3, 3) float64, zyx, nm.

    A point that is not known lies at the cleft, an unknown cleft amid the others.
    """
    names = [column for end in ENDS for column in point_columns(end)]
    ends = np.array([row[name] for name in names], np.float64).reshape(3, 3)
    known = np.asarray(np.isfinite(ends).all(axis=1))
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


def _key_of_words(words: NDArray[Any]) -> NDArray[np.float64]:
    """Words by alphabet, the empty one last; of booleans false first."""
    if words.dtype == np.bool_:
        return words.astype(np.float64)
    codes, names = pd.factorize(words, sort=True)
    return np.where(np.asarray(names == "")[codes], np.nan, codes).astype(np.float64)
