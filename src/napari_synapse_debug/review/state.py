"""The state that a journal leads to: who holds what for what, and all that was edited."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import pandas as pd

from napari_synapse_debug.domain.records import ENDS, Columns, conform, empty, point_columns
from napari_synapse_debug.domain.verdicts import (
    TRUTH_EDITS,
    VERDICTS,
    Action,
    ActionKind,
    Assignment,
    FindingRef,
)
from napari_synapse_debug.review.history import standing

WORDS: Columns = {**VERDICTS, "verdict_time": "str", "comment_time": "str"}
"""``VERDICTS``, and when the verdict and the comment were given or taken back; empty where neither
was done. What was taken back stays as a row, as it may have been given in another run."""

_OF_WORD = (
    "author",
    "verdict",
    "comment",
    "time",
    "is_settlement",
    "verdict_time",
    "comment_time",
)
_OF_SUBJECT = tuple(name for name in VERDICTS if name in FindingRef.model_fields)
_SAID = (ActionKind.VERDICT, ActionKind.COMMENT, ActionKind.SETTLE)


@dataclass(frozen=True)
class ReviewState:
    """What stands after all actions of a journal.

    Parameters
    ----------
    verdicts : DataFrame
        ``WORDS``.
    seen : frozenset of (key, author)
        Who looked at which finding.
    edits : tuple of Action
        Edits of the truth that stand, in order.
    assignments : tuple of Assignment
        Findings that were given to reviewers.
    """

    verdicts: pd.DataFrame
    seen: frozenset[tuple[str, str]]
    edits: tuple[Action, ...]
    assignments: tuple[Assignment, ...]


@dataclass(frozen=True)
class _Word:
    """One author's word on one finding."""

    subject: FindingRef
    author: str
    is_settlement: bool
    verdict: str = ""
    comment: str = ""
    verdict_time: str = ""
    comment_time: str = ""

    @property
    def time(self) -> str:
        """When either was given or taken back last."""
        return max(self.verdict_time, self.comment_time)


def replay(actions: Iterable[Action]) -> ReviewState:
    """The state after ``actions``, in whatever order they are given; none give an empty state."""
    words: dict[tuple[str, str, str, bool], _Word] = {}
    seen: set[tuple[str, str]] = set()
    edits: list[Action] = []
    assignments: list[Assignment] = []
    for action in standing(actions):
        if action.kind in _SAID and action.subject is not None:
            _hear(words, action, action.subject)
        elif action.kind is ActionKind.SEEN and action.subject is not None:
            seen.add((action.subject.key, action.author))
        elif action.kind in TRUTH_EDITS:
            edits.append(action)
        elif action.kind is ActionKind.ASSIGN:
            assignments.append(Assignment.model_validate_json(action.value))
    said = _tabulate(list(words.values()))
    return ReviewState(said, frozenset(seen), tuple(edits), tuple(assignments))


def _hear(
    words: dict[tuple[str, str, str, bool], _Word], action: Action, subject: FindingRef
) -> None:
    """Put the action's verdict or comment in the place of the author's earlier one."""
    is_settlement = action.kind is ActionKind.SETTLE
    place = (subject.key, subject.stage, action.author, is_settlement)
    word = words.get(place, _Word(subject, action.author, is_settlement))
    time, value = action.time, action.value
    if action.kind is ActionKind.COMMENT:
        words[place] = replace(word, subject=subject, comment=value, comment_time=time)
    else:
        words[place] = replace(word, subject=subject, verdict=value, verdict_time=time)


def _tabulate(words: list[_Word]) -> pd.DataFrame:
    if not words:
        return empty(WORDS)
    columns: dict[str, list[object]] = {name: [] for name in WORDS}
    for word in words:
        for name in _OF_SUBJECT:
            columns[name].append(getattr(word.subject, name))
        for name in _OF_WORD:
            columns[name].append(getattr(word, name))
    for end in ENDS:
        points_nm = zip(*(getattr(word.subject, f"{end}_nm") for word in words), strict=True)
        columns |= dict(zip(point_columns(end), map(list, points_nm), strict=True))
    columns["error"] = [word.subject.error.value for word in words]
    return conform(pd.DataFrame(columns), WORDS, "verdicts")
