"""What people did to the listed errors: verdicts, comments, looks, and what a comparison says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.review import Standing, settle

DISPUTED = "disputed"
"""Stands where reviewers differ, until it is settled."""


def _nothing() -> NDArray[Any]:
    return np.empty(0, dtype=object)


@dataclass(frozen=True)
class Marks:
    """One value for each finding, in the order of their table; arrays are never changed.

    Parameters
    ----------
    verdict : (N,) object
        The verdict that holds, ``disputed``, or empty.
    comment : (N,) object
        All comments; empty without one.
    said : (N,) object
        Who said what, and whether it was about another stage.
    seen : (N,) bool
        Whether this person looked at it.
    change : (N,) object
        What became of it since the run that is compared with; empty without one.
    is_reviewed : (N,) bool, optional
        Whether there is a verdict that holds; computed where it is not given.
    own_comment : (N,) object, optional
        This person's comment alone; empty where it is not given.
    is_settled : (N,) bool, optional
        Whether a dispute was settled; nowhere where it is not given.
    author : (N,) object, optional
        Who gave the verdict that holds; empty without one, and where it is not given.
    time : (N,) object, optional
        When a verdict was given last (ISO 8601, UTC); empty without one, and where it is not given.
    """

    verdict: NDArray[Any] = field(default_factory=_nothing)
    comment: NDArray[Any] = field(default_factory=_nothing)
    said: NDArray[Any] = field(default_factory=_nothing)
    seen: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, np.bool_))
    change: NDArray[Any] = field(default_factory=_nothing)
    is_reviewed: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, np.bool_))
    own_comment: NDArray[Any] = field(default_factory=_nothing)
    is_settled: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, np.bool_))
    author: NDArray[Any] = field(default_factory=_nothing)
    time: NDArray[Any] = field(default_factory=_nothing)

    COLUMNS: ClassVar[tuple[str, ...]] = ("verdict", "comment", "said", "seen", "change")

    def __post_init__(self) -> None:
        if len(self.is_reviewed) != len(self.verdict):
            object.__setattr__(self, "is_reviewed", _holds(self.verdict))
        for name in ("own_comment", "author", "time"):
            if len(getattr(self, name)) != len(self.verdict):
                object.__setattr__(self, name, np.full(len(self.verdict), "", dtype=object))
        if len(self.is_settled) != len(self.verdict):
            object.__setattr__(self, "is_settled", np.zeros(len(self.verdict), np.bool_))

    def __len__(self) -> int:
        return len(self.verdict)

    @classmethod
    def none(cls, count: int) -> Marks:
        """Marks of ``count`` findings of which nobody said anything."""
        words = np.full(count, "", dtype=object)
        return cls(words, words, words, np.zeros(count, np.bool_), words)

    def column(self, name: str) -> NDArray[Any]:
        """One of ``COLUMNS``."""
        return np.asarray(getattr(self, name))

    def telling(self, at: int) -> str:
        """Who held the finding at place ``at`` for what, and when that was said last."""
        said, time = str(self.said[at]), str(self.time[at])
        return f"{said}\n{time[:16].replace('T', ' ')} UTC" if time else said

    def having(self, at: int, **values: Any) -> Marks:
        """The marks with other ``values`` for the finding at place ``at``."""
        if "verdict" in values:
            values["is_reviewed"] = bool(_holds(np.array([values["verdict"]], dtype=object))[0])
        changed = {}
        for name, value in values.items():
            column = self.column(name).copy()
            column[at] = value
            changed[name] = column
        return replace(self, **changed)


def _holds(verdict: NDArray[Any]) -> NDArray[np.bool_]:
    return np.asarray((verdict != "") & (verdict != DISPUTED), dtype=np.bool_)


def marks_of(
    verdicts: pd.DataFrame,
    position: Mapping[int, int],
    seen: NDArray[np.bool_],
    before: Marks,
    person: str,
) -> Marks:
    """The marks that ``verdicts`` lead to.

    Parameters
    ----------
    verdicts : DataFrame
        ``review.find_again``: who holds the findings of the run for what.
    position : mapping
        Place of each finding in the table, by its number.
    seen : (N,) bool
        Which findings were looked at.
    before : Marks
        Keeps what does not come from people (``change``).
    person : str
        Whose comments are ``own_comment``.
    """
    names = ("verdict", "comment", "own_comment", "author", "time")
    columns = {name: np.full(len(seen), "", dtype=object) for name in names}
    is_settled = np.zeros(len(seen), np.bool_)
    said = np.full(len(seen), "", dtype=object)
    stale = verdicts[verdicts["is_stale"]]
    for finding, author, verdict, stage in zip(
        *(stale[name].tolist() for name in ("now_finding", "author", "verdict", "stage")),
        strict=True,
    ):
        said[position[finding]] = f"{author}: {verdict}, when the stage was {stage}"
    fresh = verdicts[~verdicts["is_stale"]]
    settled = settle(fresh.assign(time=fresh["verdict_time"]), by=("now_finding",))
    read = ("now_finding", "verdict", "author", "standing", "said", "time")
    for finding, verdict, author, standing, words, time in zip(
        *(settled[name].tolist() for name in read), strict=True
    ):
        at = position[finding]
        columns["author"][at], columns["time"][at] = author, time
        columns["verdict"][at] = DISPUTED if standing == Standing.DISPUTED else verdict
        is_settled[at] = standing == Standing.SETTLED
        said[at] = words
    told = fresh[fresh["comment"] != ""]
    for finding, author, comment in zip(
        *(told[name].tolist() for name in ("now_finding", "author", "comment")), strict=True
    ):
        at = position[finding]
        columns["comment"][at] = " | ".join(filter(None, (columns["comment"][at], comment)))
        if author == person:
            columns["own_comment"][at] = comment
    return Marks(**columns, said=said, seen=seen, change=before.change, is_settled=is_settled)
