"""The state that a journal leads to: who holds what for what, and all that was edited."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import pandas as pd

from napari_synapse_debug.domain.records import ENDS, conform, empty, point_columns
from napari_synapse_debug.domain.verdicts import (
    TRUTH_EDITS,
    VERDICTS,
    Action,
    ActionKind,
    Assignment,
    FindingRef,
)
from napari_synapse_debug.review.history import standing

_OF_WORD = ("author", "verdict", "comment", "time", "is_settlement")
_OF_SUBJECT = tuple(name for name in VERDICTS if name in FindingRef.model_fields)
_SAID = (ActionKind.VERDICT, ActionKind.COMMENT, ActionKind.SETTLE)


@dataclass(frozen=True)
class ReviewState:
    """What stands after all actions of a journal.

    Parameters
    ----------
    verdicts : DataFrame
        ``domain.verdicts.VERDICTS``.
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
    time: str = ""


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
    said = [word for word in words.values() if word.verdict or word.comment]
    return ReviewState(_tabulate(said), frozenset(seen), tuple(edits), tuple(assignments))


def _hear(
    words: dict[tuple[str, str, str, bool], _Word], action: Action, subject: FindingRef
) -> None:
    """Put the action's verdict or comment in the place of the author's earlier one."""
    is_settlement = action.kind is ActionKind.SETTLE
    place = (subject.key, subject.stage, action.author, is_settlement)
    word = words.get(place, _Word(subject, action.author, is_settlement))
    if action.kind is ActionKind.COMMENT:
        words[place] = replace(word, subject=subject, comment=action.value, time=action.time)
    else:
        words[place] = replace(word, subject=subject, verdict=action.value, time=action.time)


def _tabulate(words: list[_Word]) -> pd.DataFrame:
    if not words:
        return empty(VERDICTS)
    columns: dict[str, list[object]] = {name: [] for name in VERDICTS}
    for word in words:
        for name in _OF_SUBJECT:
            columns[name].append(getattr(word.subject, name))
        for name in _OF_WORD:
            columns[name].append(getattr(word, name))
    for end in ENDS:
        points_nm = zip(*(getattr(word.subject, f"{end}_nm") for word in words), strict=True)
        columns |= dict(zip(point_columns(end), map(list, points_nm), strict=True))
    columns["error"] = [word.subject.error.value for word in words]
    return conform(pd.DataFrame(columns), VERDICTS, "verdicts")
