"""The corrected truth: the original rows, and what people's verdicts and edits make of them.

======================  ==========================================================
verdict or edit         corrected truth
======================  ==========================================================
ground_truth_error on
  a false finding       gains a row (``accepted``), unless it is the other half of a swapped one
  ``reversed``          has pre and post of this row changed over (``swapped``)
  a mistyped one        has the predicted kind (``kind``)
  another missed one    lacks the row, unless it was edited by hand (``moved``)
edits by hand           come after, in the order in which they were made
======================  ==========================================================
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.records import (
    ENDS,
    TRUTH,
    conform,
    point_columns,
    points,
    with_points,
)
from napari_synapse_debug.domain.stages import Cause, ErrorKind
from napari_synapse_debug.domain.verdicts import (
    TRUTH_EDITS,
    Action,
    AddSynapse,
    ChangeKind,
    DeleteSynapse,
    MovePoint,
    TruthEdit,
    Verdict,
)
from napari_synapse_debug.review.joining import SAME_PLACE_NM, merge_words, place_keys
from napari_synapse_debug.review.rekeying import LookUp
from napari_synapse_debug.review.settling import settle
from napari_synapse_debug.review.state import ReviewState, replay

_FIRST_NEW_ROW = 10**14
_MIDPOINT = "cleft_is_midpoint"


def new_row(name: str) -> int:
    """The row number of a synapse that people added, from the uid or key of what added it.

    It is the same on every machine and after every merge; 15 digits, which spreadsheets keep.
    """
    digest = hashlib.sha256(name.encode()).hexdigest()
    return _FIRST_NEW_ROW + int(digest[:11], 16)


def correct_truth(
    truth: pd.DataFrame, state: ReviewState, look_up: LookUp | None = None
) -> pd.DataFrame:
    """The corrected truth; ``truth`` itself is left as it is.

    Parameters
    ----------
    truth : DataFrame
        ``records.TRUTH``; further columns are kept.
    state : ReviewState
        Verdicts and edits. A disputed verdict changes nothing until it is settled.
    look_up : function, optional
        Segments ((N,) uint64) under points ((N, 3) float64, zyx, nm) in the ground-truth
        segmentation, for rows that are new or moved; without it they are 0, which is not known.

    Returns
    -------
    DataFrame
        ``records.TRUTH`` with the column ``correction``: what was done to each row (``added``,
        ``accepted``, ``moved``, ``kind``, ``swapped``; empty for rows as they were). Rows of
        synapses that people added are numbered by ``new_row``.
    """
    table = truth.assign(correction="").reset_index(drop=True)
    ruled, edits = _ruled_out(state), _read(state.edits)
    table = _mend(table, _without_edited(ruled, edits))
    accepted = [_new_accepted(word) for word in _accepted(ruled, table)]
    added = [_new_added(row, edit) for row, edit in edits if isinstance(edit, AddSynapse)]
    table = _append(table, accepted + added)
    to_come = {row for row, edit in edits if isinstance(edit, AddSynapse)}
    for row, edit in edits:
        if isinstance(edit, AddSynapse):
            to_come.discard(row)
        elif row not in to_come:  # else it was made before the row, by another clock
            table = _edit(table, edit)
    return conform(_with_segments(table, look_up), TRUTH, "corrected truth")


def corrected_rows(truth: pd.DataFrame, state: ReviewState) -> set[int]:
    """The numbers of the rows that ``correct_truth`` gives, without making its table."""
    ruled, edits = _ruled_out(state), _read(state.edits)
    wrong = _without_edited(ruled, edits)
    spoken_of = truth[truth["row"].isin(wrong["truth_row"])]
    mended = _mend(spoken_of.assign(correction=""), wrong)
    rows = set(truth["row"]) - (set(spoken_of["row"]) - set(mended["row"]))
    rows |= {new_row(str(word["key"])) for word in _accepted(ruled, mended)}
    for row, edit in edits:
        if isinstance(edit, AddSynapse):
            rows.add(row)
        elif isinstance(edit, DeleteSynapse):
            rows.discard(row)
    return rows


def has_row(row: int, truth: pd.DataFrame, actions: Iterable[Action]) -> bool:
    """Whether the corrected truth has ``row`` after ``actions``.

    Of a row of ``truth`` only what was said of it counts, so that a day's verdicts are not all
    replayed before each edit.
    """
    if row in truth["row"].to_numpy():
        actions = [a for a in actions if a.subject is None or a.subject.truth_row == row]
        truth = truth[truth["row"] == row]
    return row in corrected_rows(truth, replay(actions))


def check_row(row: int, truth: pd.DataFrame, state: ReviewState) -> None:
    """Make sure that the corrected truth has ``row``.

    Raises
    ------
    InputError
        It has not.
    """
    rows = corrected_rows(truth, state)
    if row not in rows:
        raise InputError(
            f"The corrected truth has no row {row}",
            found=f"{len(rows)} rows",
            fix="look it up in the column row of `corrected_truth()`",
        )


def _ruled_out(state: ReviewState) -> pd.DataFrame:
    """The latest word on each finding held for an error of the truth: rows of ``VERDICTS``.

    A false synapse is one finding in all runs, and has the points with which it was accepted
    first.
    """
    words = state.verdicts.assign(place=place_keys(state.verdicts))
    own = merge_words(words, ("place", "stage", "author", "is_settlement"))
    settled = settle(own.assign(time=own["verdict_time"]), by=("place", "stage"))
    last = settled[settled["verdict"] != ""].sort_values("time", kind="stable")
    last = last.drop_duplicates("place", keep="last")
    wrong = last[last["verdict"] == Verdict.GROUND_TRUTH_ERROR]
    said = words[words["verdict"] == Verdict.GROUND_TRUTH_ERROR]
    said = said.sort_values(["verdict_time", "key"], kind="stable")
    rows = said.drop_duplicates(["place", "stage"])
    return rows.merge(wrong[["place", "stage"]], on=["place", "stage"], how="inner")


def _read(edits: Iterable[Action]) -> list[tuple[int, TruthEdit]]:
    """The edits by hand in their order, each with the row that it changes or adds."""
    read = [(a.uid, TRUTH_EDITS[a.kind].model_validate_json(a.value)) for a in edits]
    return [
        (new_row(uid) if isinstance(edit, AddSynapse) else edit.row, edit) for uid, edit in read
    ]


def _without_edited(ruled: pd.DataFrame, edits: Iterable[tuple[int, TruthEdit]]) -> pd.DataFrame:
    """The words on rows of the truth, without rows that were mended by hand."""
    by_hand = {row for row, edit in edits if isinstance(edit, MovePoint | ChangeKind)}
    return ruled[(ruled["error"] != ErrorKind.FALSE) & ~ruled["truth_row"].isin(by_hand)]


def _mend(table: pd.DataFrame, ruled: pd.DataFrame) -> pd.DataFrame:
    for _, word in ruled.iterrows():
        row = int(word["truth_row"])
        if word["cause"] == Cause.REVERSED:
            table = _swap(table, row)
        elif word["error"] == ErrorKind.MISTYPED and word["predicted_kind"]:
            table = _change(table, row, "kind", kind=str(word["predicted_kind"]))
        else:
            table = table[table["row"] != row]
    return table


def _accepted(ruled: pd.DataFrame, mended: pd.DataFrame) -> list[pd.Series[Any]]:
    """The words that accept a finding, in order; partners of one cleft are two."""
    words = ruled[ruled["error"] == ErrorKind.FALSE].sort_values(["time", "key"], kind="stable")
    swapped = mended[mended["correction"] == "swapped"]
    return [
        word
        for _, word in words.iterrows()
        if word["cause"] != Cause.REVERSED or not _is_swapped_to(swapped, word)
    ]


def _is_swapped_to(swapped: pd.DataFrame, word: pd.Series[Any]) -> bool:
    """Whether one of the ``swapped`` rows is where ``word`` is, and leads the same way now."""
    pre, cleft, post = (word[point_columns(end)].to_numpy(np.float64) for end in ENDS)
    near = np.linalg.norm(points(swapped, "cleft") - cleft, axis=1) <= SAME_PLACE_NM
    way = (points(swapped, "post") - points(swapped, "pre")) @ (post - pre)
    return bool((near & (way > 0)).any())


def _edit(table: pd.DataFrame, edit: MovePoint | DeleteSynapse | ChangeKind) -> pd.DataFrame:
    """The table after one edit by hand; edits of rows that are gone change nothing."""
    if isinstance(edit, DeleteSynapse):
        return table[table["row"] != edit.row]
    if isinstance(edit, ChangeKind):
        return _change(table, edit.row, "kind", kind=edit.kind.value)
    values: dict[str, Any] = dict(zip(point_columns(edit.end), edit.point_nm, strict=True))
    if edit.end == "cleft" and _MIDPOINT in table:
        values[_MIDPOINT] = False
    return _change(table, edit.row, "moved", **values)


def _change(table: pd.DataFrame, row: int, correction: str, **values: Any) -> pd.DataFrame:
    """The table with ``values`` in ``row``; what people added stays marked as such."""
    here = table["row"] == row
    is_new = table["correction"].isin(("added", "accepted"))
    columns = {name: table[name].mask(here, value) for name, value in values.items()}
    columns["correction"] = table["correction"].mask(here & ~is_new, correction)
    return table.assign(**columns)


def _swap(table: pd.DataFrame, row: int) -> pd.DataFrame:
    here = (table["row"] == row).to_numpy()
    pre, post = points(table, "pre"), points(table, "post")
    swapped = with_points(table, "pre", np.where(here[:, None], post, pre))
    swapped = with_points(swapped, "post", np.where(here[:, None], pre, post))
    return swapped.assign(
        pre_segment=table["pre_segment"].mask(here, table["post_segment"]),
        post_segment=table["post_segment"].mask(here, table["pre_segment"]),
        correction=table["correction"].mask(here, "swapped"),
    )


def _new_accepted(word: pd.Series[Any]) -> dict[str, Any]:
    ends = {end: word[point_columns(end)].tolist() for end in ENDS}
    return _new(new_row(str(word["key"])), ends, str(word["kind"]), None, "accepted")


def _new_added(row: int, edit: AddSynapse) -> dict[str, Any]:
    ends = {end: getattr(edit, f"{end}_nm") for end in ENDS}
    return _new(row, ends, edit.kind.value, edit.synapse, "added")


def _new(
    row: int,
    ends: Mapping[str, Sequence[float]],
    kind: str,
    synapse: int | None,
    correction: str,
) -> dict[str, Any]:
    places = {
        column: float(value)
        for end in ENDS
        for column, value in zip(point_columns(end), ends[end], strict=True)
    }
    segments = {"pre_segment": 0, "post_segment": 0}
    told = {"row": row, "kind": kind, "synapse": synapse, "correction": correction}
    return {**segments, **told, **places, "ignore": False}


def _append(table: pd.DataFrame, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """The table with new ``rows`` below, all in one: each time the whole table is copied."""
    if not rows:
        return table
    more = pd.DataFrame(list(rows))
    more = conform(more.assign(synapse=pd.array(more["synapse"].tolist(), dtype="Int64")), TRUTH)
    if table.empty:
        return more
    if _MIDPOINT in table:
        more = more.assign(**{_MIDPOINT: False})
    lacking = [
        name
        for name in table.columns.difference(more.columns)
        if pd.api.types.is_integer_dtype(table[name]) or pd.api.types.is_bool_dtype(table[name])
    ]  # a missing value would make floats of them, which do not hold every id
    table = table.assign(**{name: pd.array(table[name].to_numpy()) for name in lacking})
    return pd.concat([table, more], ignore_index=True)


def _with_segments(table: pd.DataFrame, look_up: LookUp | None) -> pd.DataFrame:
    """Segments of the rows whose points are new: looked up, or 0."""
    is_new = table["correction"].isin(("added", "accepted", "moved")).to_numpy()
    for end in ("pre", "post"):
        ids = table[f"{end}_segment"].to_numpy(np.uint64).copy()
        ids[is_new] = 0 if look_up is None else look_up(points(table[is_new], end))
        table = table.assign(**{f"{end}_segment": ids})
    return table.reset_index(drop=True)
