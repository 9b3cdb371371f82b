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
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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
    Verdict,
)
from napari_synapse_debug.review.joining import SAME_PLACE_NM, merge_words, place_keys
from napari_synapse_debug.review.settling import settle
from napari_synapse_debug.review.state import ReviewState

LookUp = Callable[[NDArray[np.float64]], NDArray[np.uint64]]

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
    ruled = _ruled_out(state)
    by_hand = _edited_rows(state.edits)
    table = _mend(table, ruled[ruled["error"] != ErrorKind.FALSE], by_hand)
    table = _accept(table, ruled[ruled["error"] == ErrorKind.FALSE])
    for action in state.edits:
        table = _edit(table, action)
    return conform(_with_segments(table, look_up), TRUTH, "corrected truth")


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


def _edited_rows(edits: Iterable[Action]) -> set[int]:
    """Rows that were mended by hand, and so are not removed by a verdict."""
    read = (TRUTH_EDITS[action.kind].model_validate_json(action.value) for action in edits)
    return {edit.row for edit in read if isinstance(edit, MovePoint | ChangeKind)}


def _mend(table: pd.DataFrame, ruled: pd.DataFrame, by_hand: set[int]) -> pd.DataFrame:
    for _, word in ruled.iterrows():
        row = int(word["truth_row"])
        if row in by_hand:
            continue
        if word["cause"] == Cause.REVERSED:
            table = _swap(table, row)
        elif word["error"] == ErrorKind.MISTYPED and word["predicted_kind"]:
            table = _change(table, row, "kind", kind=str(word["predicted_kind"]))
        else:
            table = table[table["row"] != row]
    return table


def _accept(table: pd.DataFrame, ruled: pd.DataFrame) -> pd.DataFrame:
    """The table with a row for each finding that was accepted; partners of one cleft are two."""
    for _, word in ruled.sort_values(["time", "key"], kind="stable").iterrows():
        if word["cause"] == Cause.REVERSED and _is_swapped_to(table, word):
            continue
        ends = {end: word[point_columns(end)].to_numpy(np.float64) for end in ENDS}
        row = _new(new_row(str(word["key"])), ends, str(word["kind"]), None, "accepted")
        table = _append(table, row)
    return table


def _is_swapped_to(table: pd.DataFrame, word: pd.Series[Any]) -> bool:
    """Whether a row was swapped where ``word`` is, and leads the same way now."""
    swapped = table[table["correction"] == "swapped"]
    pre, cleft, post = (word[point_columns(end)].to_numpy(np.float64) for end in ENDS)
    near = np.linalg.norm(points(swapped, "cleft") - cleft, axis=1) <= SAME_PLACE_NM
    way = (points(swapped, "post") - points(swapped, "pre")) @ (post - pre)
    return bool((near & (way > 0)).any())


def _edit(table: pd.DataFrame, action: Action) -> pd.DataFrame:
    """The table after one edit by hand; edits of rows that are gone change nothing."""
    edit = TRUTH_EDITS[action.kind].model_validate_json(action.value)
    if isinstance(edit, AddSynapse):
        ends = {end: np.asarray(getattr(edit, f"{end}_nm")) for end in ENDS}
        row = _new(new_row(action.uid), ends, edit.kind.value, edit.synapse, "added")
        return _append(table, row)
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


def _new(
    row: int,
    ends: dict[str, NDArray[np.float64]],
    kind: str,
    synapse: int | None,
    correction: str,
) -> pd.DataFrame:
    one = pd.DataFrame(
        {
            "row": [row],
            "pre_segment": [0],
            "post_segment": [0],
            "kind": [kind],
            "synapse": pd.array([pd.NA if synapse is None else synapse], dtype="Int64"),
            "ignore": [False],
        }
    )
    for end in ENDS:
        one = with_points(one, end, ends[end])
    return conform(one, TRUTH).assign(correction=correction)


def _append(table: pd.DataFrame, more: pd.DataFrame) -> pd.DataFrame:
    if more.empty:
        return table
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
