"""Verdicts of people on findings, their edits of the truth, and the journal that keeps both.

A journal is a set of actions that only grows. What a person sees is computed from it, so that
nothing is ever overwritten and two journals are merged by their union.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

import numpy as np
import pandas as pd

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import TripleNm
from napari_synapse_debug.domain.params import Params
from napari_synapse_debug.domain.records import AXES, ENDS, Columns, point_columns
from napari_synapse_debug.domain.roles import Kind
from napari_synapse_debug.domain.stages import ErrorKind


class Verdict(StrEnum):
    """What a person holds a finding for."""

    MODEL_ERROR = "model_error"
    SEGMENTATION_ERROR = "segmentation_error"
    GROUND_TRUTH_ERROR = "ground_truth_error"
    AMBIGUOUS = "ambiguous"
    UNSURE = "unsure"


class ActionKind(StrEnum):
    """What a person did; ``UNDO`` and ``REDO`` name the action that they are about."""

    VERDICT = "verdict"
    COMMENT = "comment"
    SEEN = "seen"
    SETTLE = "settle"
    MOVE_POINT = "move_point"
    ADD_SYNAPSE = "add_synapse"
    DELETE_SYNAPSE = "delete_synapse"
    CHANGE_KIND = "change_kind"
    ASSIGN = "assign"
    UNDO = "undo"
    REDO = "redo"


class FindingRef(Params):
    """What a verdict was given on: enough to find it again in another run.

    ``key`` names the finding wherever it occurs (``finding_keys``); ``finding`` is its number in
    ``run``. Segments are those of the segmentation in use then; points are zyx in nm.
    ``predicted_kind`` is that of the prediction, and empty for a missed synapse.
    """

    key: str
    run: str
    finding: int
    error: ErrorKind
    stage: str
    cause: str
    truth_row: int | None = None
    prediction_row: int | None = None
    kind: str = Kind.UNKNOWN.value
    predicted_kind: str = ""
    pre_segment: int = 0
    post_segment: int = 0
    pre_nm: TripleNm
    cleft_nm: TripleNm
    post_nm: TripleNm


class MovePoint(Params):
    """A truth row's point ``end`` (pre, cleft or post) is at ``point_nm`` (zyx) instead."""

    row: int
    end: Literal["pre", "cleft", "post"]
    point_nm: TripleNm


class AddSynapse(Params):
    """A synapse that the truth lacks; ``synapse`` is the cleft that it shares, if it does."""

    pre_nm: TripleNm
    cleft_nm: TripleNm
    post_nm: TripleNm
    kind: Kind = Kind.UNKNOWN
    synapse: int | None = None


class DeleteSynapse(Params):
    """A truth row that is none."""

    row: int


class ChangeKind(Params):
    """A truth row is of another kind."""

    row: int
    kind: Kind


TruthEdit = MovePoint | AddSynapse | DeleteSynapse | ChangeKind

TRUTH_EDITS: Mapping[ActionKind, type[TruthEdit]] = {
    ActionKind.MOVE_POINT: MovePoint,
    ActionKind.ADD_SYNAPSE: AddSynapse,
    ActionKind.DELETE_SYNAPSE: DeleteSynapse,
    ActionKind.CHANGE_KIND: ChangeKind,
}
"""The actions that change the corrected truth by hand, and what they hold."""


class Assignment(Params):
    """Findings, by key, that a reviewer was given."""

    reviewer: str
    run: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Action:
    """One entry of the journal.

    Parameters
    ----------
    uid : str
        Unique everywhere, 32 hexadecimal digits; a merged journal holds each once.
    time : str
        UTC, ISO 8601 with microseconds. Rises strictly within a file, so that it also orders.
    author, session : str
        Who, and the window or program in which it was done; undo stays within both.
    kind : ActionKind
        What was done.
    value : str
        A verdict (empty: taken back), a comment, or the edit as JSON.
    subject : FindingRef, optional
        The finding, where there is one.
    target : str
        The ``uid`` that an undo or redo is about.
    """

    uid: str
    time: str
    author: str
    session: str
    kind: ActionKind
    value: str = ""
    subject: FindingRef | None = None
    target: str = ""


VERDICTS: Columns = {
    "key": "str",
    "run": "str",
    "finding": "int64",
    "error": "str",
    "stage": "str",
    "cause": "str",
    "truth_row": "Int64",
    "prediction_row": "Int64",
    "kind": "str",
    "predicted_kind": "str",
    "pre_segment": "uint64",
    "post_segment": "uint64",
    **{column: "float64" for end in ENDS for column in point_columns(end)},
    "author": "str",
    "verdict": "str",
    "comment": "str",
    "time": "str",
    "is_settlement": "bool",
}
"""One row for each finding (``key`` and ``stage``) and author: the verdict that stands, or an
empty one with a comment. ``is_settlement`` marks the word that settles a disagreement."""

HARD_PLACES: Columns = {
    **dict.fromkeys(point_columns("place"), "float64"),
    "weight": "float64",
    "error": "str",
    "key": "str",
}
"""Places to sample more often when training again: confirmed errors of the classifier, zyx in
nm, with the relative weight of each."""


def finding_keys(findings: pd.DataFrame) -> pd.Series[str]:
    """The name of each finding wherever it occurs, with the index of ``findings``.

    ``missed:7`` or ``mistyped:7`` by the truth row; ``false:`` and the three points in nm for a
    false one.

    Parameters
    ----------
    findings : DataFrame
        ``records.FINDINGS``; without rows the result is empty.
    """
    columns = [column for end in ENDS for column in point_columns(end)]
    places = findings[columns].to_numpy(np.float64).tolist()
    rows = findings["truth_row"].tolist()
    keys = list(map(_key, findings["error"].tolist(), rows, places))
    return pd.Series(keys, index=findings.index, dtype="str", name="key")


def refer_to(finding: pd.Series[Any], run: str, predicted_kind: str = "") -> FindingRef:
    """What a verdict on ``finding`` (a row of ``records.FINDINGS`` of ``run``) is kept with."""
    ends = {f"{end}_nm": _point(finding, end) for end in ENDS}
    place = [value for point in ends.values() for value in point]
    return FindingRef(
        key=_key(finding["error"], finding["truth_row"], place),
        run=run,
        finding=int(finding["finding"]),
        error=ErrorKind(finding["error"]),
        stage=str(finding["stage"]),
        cause=str(finding["cause"]),
        truth_row=_id(finding["truth_row"]),
        prediction_row=_id(finding["prediction_row"]),
        kind=str(finding["kind"]),
        predicted_kind=predicted_kind,
        pre_segment=int(finding["pre_segment"]),
        post_segment=int(finding["post_segment"]),
        **ends,
    )


def parse_verdict(text: str) -> Verdict:
    """The verdict that ``text`` names; spaces and hyphens count as underscores.

    Raises
    ------
    InputError
        It names none.
    """
    try:
        return Verdict(text.strip().lower().replace(" ", "_").replace("-", "_"))
    except ValueError:
        raise InputError(
            "The verdict is not known",
            found=repr(text),
            expected="one of " + ", ".join(Verdict),
            fix="correct the word",
        ) from None


def _key(error: str, truth_row: Any, place: list[float]) -> str:
    if error != ErrorKind.FALSE:
        return f"{error}:{truth_row}"
    texts = [f"{round(value, 1) + 0.0:.1f}" for value in place]  # + 0.0: no negative zero
    return f"{error}:" + ";".join(",".join(texts[k : k + 3]) for k in range(0, 9, 3))


def _id(value: Any) -> int | None:
    return None if pd.isna(value) else int(value)


def _point(finding: pd.Series[Any], end: str) -> TripleNm:
    z, y, x = (float(finding[f"{end}_{axis}_nm"]) for axis in AXES)
    return z, y, x
