"""A toy run of seven findings, and a journal that is written by hand.

::

    finding  error     truth row  stage         cause            cleft (z, y, x nm)   pre → post
    1        missed    11         classifier    weak_signal      (40, 80, 100)        1 → 2
    2        missed    12         segmentation  neurons_merged   (40, 80, 500)        2 → 3
    3        mistyped  13         assignment    wrong_kind       (40, 80, 900)        3 → 4
    4        false     –          classifier    false_signal     (80, 160, 100)       4 → 5
    5        false     –          ground_truth  gt_probably_…    (80, 160, 500)       5 → 6
    6        missed    14         assignment    reversed         (40, 80, 1300)       6 → 7
    7        missed    15         ground_truth  gt_duplicate     (40, 80, 1700)       7 → 8

Pre lies 48 nm before and post 48 nm behind the cleft, in y.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from napari_synapse_debug.domain.records import FINDINGS, TRUTH, conform, empty, with_points
from napari_synapse_debug.domain.verdicts import Action, ActionKind, refer_to

BEGIN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ROWS = [
    ("missed", 11, "classifier", "weak_signal", (40, 80, 100)),
    ("missed", 12, "segmentation", "neurons_merged", (40, 80, 500)),
    ("mistyped", 13, "assignment", "wrong_kind", (40, 80, 900)),
    ("false", None, "classifier", "false_signal", (80, 160, 100)),
    ("false", None, "ground_truth", "gt_probably_missing", (80, 160, 500)),
    ("missed", 14, "assignment", "reversed", (40, 80, 1300)),
    ("missed", 15, "ground_truth", "gt_duplicate", (40, 80, 1700)),
]


def with_ends(table: pd.DataFrame, cleft_nm: Any) -> pd.DataFrame:
    cleft = np.asarray(cleft_nm, dtype=float).reshape(-1, 3)
    for end, dy in (("pre", -48.0), ("cleft", 0.0), ("post", 48.0)):
        table = with_points(table, end, cleft + np.array([0, dy, 0]))
    return table


def make_findings(rows: list[tuple[Any, ...]], first: int = 1) -> pd.DataFrame:
    count = len(rows)
    filled = empty(FINDINGS).reindex(range(count))
    texts = {name: "" for name, dtype in FINDINGS.items() if dtype == "str"}
    numbers = np.arange(first, first + count)
    table = filled.assign(**texts).assign(
        finding=numbers,
        fault=numbers,
        error=[row[0] for row in rows],
        truth_row=pd.array([pd.NA if r[1] is None else r[1] for r in rows], dtype="Int64"),
        prediction_row=pd.array(
            [100 + k if r[0] != "missed" else pd.NA for k, r in enumerate(rows, 1)], dtype="Int64"
        ),
        stage=[row[2] for row in rows],
        cause=[row[3] for row in rows],
        kind="shaft",
        pre_segment=numbers,
        post_segment=numbers + 1,
    )
    return conform(with_ends(table, [row[4] for row in rows]), FINDINGS)


class Journal:
    """Actions with times one second apart; ``say`` and ``do`` append and give the action."""

    def __init__(self, findings: pd.DataFrame) -> None:
        self.findings = findings.set_index("finding", drop=False)
        self.actions: list[Action] = []

    def say(
        self,
        finding: int,
        value: str,
        author: str = "anna",
        kind: ActionKind = ActionKind.VERDICT,
        run: str = "main",
        predicted_kind: str = "",
    ) -> Action:
        subject = refer_to(self.findings.loc[finding], run, predicted_kind)
        return self.do(kind, value, author=author, subject=subject)

    def do(
        self,
        kind: ActionKind,
        value: str = "",
        author: str = "anna",
        session: str = "one",
        **rest: Any,
    ) -> Action:
        number = len(self.actions)
        time = (BEGIN + timedelta(seconds=number)).isoformat(timespec="microseconds")
        action = Action(f"{number:032x}", time, author, session, kind, value, **rest)
        self.actions.append(action)
        return action


@pytest.fixture
def findings() -> pd.DataFrame:
    return make_findings(ROWS)


@pytest.fixture
def make() -> Callable[..., pd.DataFrame]:
    return make_findings


@pytest.fixture
def rows() -> list[tuple[Any, ...]]:
    return list(ROWS)


@pytest.fixture
def journal(findings: pd.DataFrame) -> Journal:
    return Journal(findings)


@pytest.fixture
def journal_of() -> Callable[[pd.DataFrame], Journal]:
    return Journal


@pytest.fixture
def truth() -> pd.DataFrame:
    """Rows 10 (right) and 11 to 15, as the findings have them."""
    clefts = [(120, 200, 100)] + [row[4] for row in ROWS if row[1] is not None]
    table = pd.DataFrame(
        {
            "row": np.arange(10, 16),
            "pre_segment": np.arange(20, 26),
            "post_segment": np.arange(30, 36),
            "kind": "shaft",
            "synapse": pd.array([1, 2, 3, 4, 5, 6], dtype="Int64"),
            "ignore": False,
        }
    )
    return conform(with_ends(table, clefts), TRUTH).assign(
        cleft_is_midpoint=True, note=list("abcdef")
    )
