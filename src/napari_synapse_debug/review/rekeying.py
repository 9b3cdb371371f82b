"""Verdicts found again in another run, or in the same one made anew.

A missed or mistyped synapse is known by its truth row. A false one is where it was::

    then        •───────•          cleft within rekey_nm, the stored pre and post points in the
    now           •───────•        segments that the new finding joins, in the same order

One old place goes to one new finding, nearest first. Where the stage is another one now, the
verdict was about something else: it is stale, and not applied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from napari_synapse_debug.domain.records import points
from napari_synapse_debug.domain.stages import ErrorKind
from napari_synapse_debug.domain.verdicts import finding_keys
from napari_synapse_debug.review.joining import merge_words

REKEY_NM = 100.0
"""How far the cleft of a false synapse may have moved."""

LookUp = Callable[[NDArray[np.float64]], NDArray[np.uint64]]


@dataclass(frozen=True)
class FindingIndex:
    """The findings of a run, ready to be found again.

    Parameters
    ----------
    findings : DataFrame
        ``records.FINDINGS``, with the index 0, 1, …
    at_row : mapping
        Position of the missed or mistyped synapse of each truth row.
    at_key : mapping
        Position of each false one by its key.
    false_at : (N,) int64
        Positions of the false ones.
    clefts : cKDTree
        Their cleft points, in nm.
    """

    findings: pd.DataFrame
    at_row: Mapping[int, int]
    at_key: Mapping[str, int]
    false_at: NDArray[np.int64]
    clefts: cKDTree

    @classmethod
    def of(cls, findings: pd.DataFrame) -> FindingIndex:
        """The index of ``findings`` (``records.FINDINGS``)."""
        table = findings.reset_index(drop=True)
        is_false = (table["error"] == ErrorKind.FALSE).to_numpy()
        true_at, false_at = np.flatnonzero(~is_false), np.flatnonzero(is_false)
        rows = table["truth_row"].iloc[true_at].tolist()
        keys = finding_keys(table.iloc[false_at]).tolist()
        return cls(
            table,
            dict(zip(map(int, rows), true_at.tolist(), strict=True)),
            dict(zip(keys, false_at.tolist(), strict=True)),
            false_at,
            cKDTree(points(table.iloc[false_at], "cleft")),
        )


def once_per_point(look_up: LookUp) -> LookUp:
    """``look_up``, but that each point is asked for once and its segment remembered."""
    known: dict[tuple[float, ...], int] = {}

    def ask(points_nm: NDArray[np.float64]) -> NDArray[np.uint64]:
        asked = [tuple(point) for point in points_nm.tolist()]
        new = [point for point in dict.fromkeys(asked) if point not in known]
        if new:
            known.update(zip(new, look_up(np.array(new)).tolist(), strict=True))
        return np.array([known[point] for point in asked], np.uint64)

    return ask


def find_again(
    verdicts: pd.DataFrame,
    index: FindingIndex,
    look_up: LookUp | None = None,
    rekey_nm: float = REKEY_NM,
) -> pd.DataFrame:
    """The verdicts that belong to findings of a run, with the columns ``now_finding, is_stale``.

    Parameters
    ----------
    verdicts : DataFrame
        ``ReviewState.verdicts``.
    index : FindingIndex
        The findings of the run that is open.
    look_up : function, optional
        Segments ((N,) uint64) under points ((N, 3) float64, zyx, nm) in the segmentation of the
        run that is open. Without it the partners of moved false synapses are not compared.
    rekey_nm : float
        Farthest that the cleft of a false synapse may have moved, included.

    Returns
    -------
    DataFrame
        ``domain.verdicts.VERDICTS``, ``verdict_time`` and the two columns, at most one row for
        each finding, author and ``is_settlement``: the latest verdict and comment on its present
        stage, from whatever run, or else those on another one, which ``is_stale``. What was taken
        back, and verdicts on nothing that is still there, are left out. Empty in, empty out.
    """
    is_false = (verdicts["error"] == ErrorKind.FALSE).to_numpy()
    now = np.full(len(verdicts), -1, np.int64)
    rows = verdicts.loc[~is_false, "truth_row"].tolist()
    now[~is_false] = [index.at_row.get(int(row), -1) for row in rows]
    now[is_false] = _by_place(verdicts[is_false], index, look_up, rekey_nm)
    found = verdicts[now >= 0]
    at = index.findings.iloc[now[now >= 0]]
    is_stale = (found["stage"].to_numpy(object) != at["stage"].to_numpy(object)) | (
        found["error"].to_numpy(object) != at["error"].to_numpy(object)
    )
    table = found.assign(now_finding=at["finding"].to_numpy(np.int64), is_stale=is_stale)
    table = merge_words(table, ("now_finding", "author", "is_settlement", "is_stale"))
    table = table[(table["verdict"] != "") | (table["comment"] != "")]
    table = table.drop(columns=["comment_time"])
    ordered = table.sort_values(["is_stale", "time"], ascending=[False, True], kind="stable")
    last = ordered.drop_duplicates(["now_finding", "author", "is_settlement"], keep="last")
    return last.sort_values(["now_finding", "time"], kind="stable").reset_index(drop=True)


def _by_place(
    verdicts: pd.DataFrame, index: FindingIndex, look_up: LookUp | None, rekey_nm: float
) -> NDArray[np.int64]:
    """Position of the finding of each false verdict; -1 for those gone."""
    now = np.full(len(verdicts), -1, np.int64)
    # one-to-one within a run: two runs may well speak of the same place
    for _, rows in verdicts.groupby("run", sort=True).indices.items():
        here = verdicts.iloc[rows]
        paired = _pair_places(here.drop_duplicates("key"), index, look_up, rekey_nm)
        now[rows] = [paired.get(key, -1) for key in here["key"]]
    return now


def _pair_places(
    places: pd.DataFrame, index: FindingIndex, look_up: LookUp | None, rekey_nm: float
) -> dict[str, int]:
    """Position of the finding of each place by key: unmoved first, then nearest.

    One-to-one, but for places with one number: they are one finding of a run that was made anew.
    """
    paired = {key: index.at_key[key] for key in places["key"] if key in index.at_key}
    number = dict(zip(places["key"].tolist(), places["finding"].tolist(), strict=True))
    taken = {at: number[key] for key, at in paired.items()}
    moved = places[~places["key"].isin(paired.keys())]
    for _, key, at in _near(moved, index, look_up, rekey_nm):
        if key not in paired and taken.setdefault(at, number[key]) == number[key]:
            paired[key] = at
    return paired


def _near(
    places: pd.DataFrame, index: FindingIndex, look_up: LookUp | None, rekey_nm: float
) -> list[tuple[float, str, int]]:
    """Distance, key and finding of all pairs that may belong together, nearest first."""
    if places.empty:
        return []
    cleft_nm = points(places, "cleft")
    near = index.clefts.query_ball_point(cleft_nm, rekey_nm)
    pairs = np.array([(old, new) for old, news in enumerate(near) for new in news], np.int64)
    old, new = pairs.reshape(-1, 2).T
    at = index.false_at[new]
    if look_up is not None and len(old):
        kept = np.ones(len(old), dtype=bool)
        for end in ("pre", "post"):
            then = look_up(points(places, end)[old])
            kept &= (then == index.findings[f"{end}_segment"].to_numpy(np.uint64)[at]) & (then != 0)
        old, new, at = old[kept], new[kept], at[kept]
    distance = np.linalg.norm(cleft_nm[old] - index.clefts.data[new], axis=1)
    keys = places["key"].to_numpy(object)[old]
    return sorted(zip(distance.tolist(), keys.tolist(), at.tolist(), strict=True))
