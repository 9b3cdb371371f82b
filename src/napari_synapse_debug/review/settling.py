"""What the reviewers hold a finding for together: agreed, disputed, or settled."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import pandas as pd

from napari_synapse_debug.domain.records import Columns, conform, empty


class Standing(StrEnum):
    """How a finding stands among its reviewers."""

    AGREED = "agreed"
    DISPUTED = "disputed"
    SETTLED = "settled"


_SETTLED: Columns = {
    "verdict": "str",
    "author": "str",
    "standing": "str",
    "n_reviewers": "int64",
    "said": "str",
    "comment": "str",
    "time": "str",
}


def settle(verdicts: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """One row for each finding that has a verdict: the one that holds, and how it came about.

    Parameters
    ----------
    verdicts : DataFrame
        ``domain.verdicts.VERDICTS``, or what ``find_again`` gives without its stale rows.
    by : sequence of str
        The columns that tell findings apart: ``key, stage`` or ``now_finding``.

    Returns
    -------
    DataFrame
        The columns ``by``, then ``verdict`` (empty where disputed), ``author`` (who gave the one
        that holds: ``anna; ben``, or who settled it), ``standing`` (agreed: all
        reviewers say the same, also a single one; disputed; settled: by a later word on the
        dispute), ``n_reviewers``, ``said`` (``anna: unsure; ben: model_error``), ``comment``
        (all of them) and ``time`` (of the latest). Empty in, empty out.
    """
    heard = verdicts.loc[verdicts["verdict"] != "", [*by, *_READ]]
    groups: dict[tuple[Any, ...], list[_Word]] = {}
    for values in heard.itertuples(index=False, name=None):
        groups.setdefault(values[: len(by)], []).append(_Word(*values[len(by) :]))
    columns = {**{name: str(verdicts[name].dtype) for name in by}, **_SETTLED}
    if not groups:
        return empty(columns)
    rows = [{**dict(zip(by, key, strict=True)), **_settled(groups[key])} for key in sorted(groups)]
    return conform(pd.DataFrame(rows), columns, "settled verdicts")


def count_holding(settled: pd.DataFrame) -> int:
    """How many rows of ``settle`` have a verdict that holds: those that are not disputed."""
    return int((settled["verdict"] != "").sum())


class _Word(NamedTuple):
    author: str
    verdict: str
    comment: str
    time: str
    is_settlement: bool


_READ = _Word._fields


def _settled(words: list[_Word]) -> dict[str, Any]:
    own = sorted((word for word in words if not word.is_settlement), key=lambda w: w.author)
    ruled = [word for word in words if word.is_settlement]
    if ruled:
        latest = max(ruled, key=lambda w: w.time)
        verdict, authors, standing = latest.verdict, [latest.author], Standing.SETTLED
    elif len({word.verdict for word in own}) == 1:
        authors = [word.author for word in own]
        verdict, standing = own[0].verdict, Standing.AGREED
    else:
        verdict, authors, standing = "", [], Standing.DISPUTED
    return {
        "verdict": verdict,
        "author": "; ".join(authors),
        "standing": standing.value,
        "n_reviewers": len({word.author for word in own}),
        "said": "; ".join(f"{word.author}: {word.verdict}" for word in own),
        "comment": " | ".join(word.comment for word in words if word.comment),
        "time": max(word.time for word in words),
    }
