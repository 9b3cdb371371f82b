"""Errors and kinds, counted by hand."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from napari_synapse_debug.domain.records import FINDINGS, MATCHES, PREDICTION, TRUTH, empty
from napari_synapse_debug.report import confuse_kinds, count_by_cause, count_by_stage

ERRORS = [
    ("missed", "contact", "no_contact"),
    ("missed", "classifier", "weak_signal"),
    ("false", "classifier", "false_signal"),
    ("missed", "classifier", "weak_signal"),
    ("mistyped", "assignment", "wrong_kind"),
    ("false", "unexplained", "unexplained"),
    ("missed", "classifier", "no_signal"),
]


def test_errors_are_counted_by_stage_in_the_order_of_the_data(
    findings_of: Callable[..., pd.DataFrame],
) -> None:
    assert count_by_stage(findings_of(*ERRORS)) == [
        {"stage": "classifier", "missed": 3, "false": 1, "mistyped": 0},
        {"stage": "contact", "missed": 1, "false": 0, "mistyped": 0},
        {"stage": "assignment", "missed": 0, "false": 0, "mistyped": 1},
        {"stage": "unexplained", "missed": 0, "false": 1, "mistyped": 0},
    ]
    assert count_by_stage(empty(FINDINGS)) == []


def test_a_miss_and_its_twin_are_one_fault(findings_of: Callable[..., pd.DataFrame]) -> None:
    findings = findings_of(
        ("missed", "assignment", "reversed"),
        ("false", "assignment", "reversed"),
        ("missed", "assignment", "reversed"),
        ("missed", "classifier", "no_signal"),
    )
    findings["fault"] = [1, 1, 2, 3]
    findings["confirmed"] = pd.array([True, None, False, True], dtype="boolean")
    counts = {"missed": 1, "false": 0, "mistyped": 0, "total": 1, "faults": 1, "confirmed": 1}
    assert count_by_cause(findings) == [
        {"stage": "classifier", "cause": "no_signal", **counts},
        {
            "stage": "assignment",
            "cause": "reversed",
            **{"missed": 2, "false": 1, "mistyped": 0, "total": 3, "faults": 2, "confirmed": 1},
        },
    ]
    assert count_by_cause(empty(FINDINGS)) == []
    findings["confirmed"] = pd.array([None] * 4, dtype="boolean")
    assert [row["confirmed"] for row in count_by_cause(findings)] == [None, None]


def test_the_most_frequent_cause_of_a_stage_comes_first(
    findings_of: Callable[..., pd.DataFrame],
) -> None:
    rows = count_by_cause(findings_of(*ERRORS))
    assert [row["cause"] for row in rows] == [
        "weak_signal",
        "false_signal",
        "no_signal",
        "no_contact",
        "wrong_kind",
        "unexplained",
    ]
    assert sum(row["total"] for row in rows) == len(ERRORS)


def test_kinds_are_confused_missed_and_false() -> None:
    truth = pd.DataFrame({"row": [10, 11, 12, 13, 14], "kind": ["shaft"] * 2 + ["soma"] * 3})
    found = pd.DataFrame({"row": [0, 1, 2, 3], "kind": ["shaft", "soma", "soma", "shaft"]})
    rows = [
        (10, 0, "tp"),
        (11, 1, "tp"),
        (12, 2, "tp"),
        (13, None, "fn"),
        (None, 3, "fp"),
        (14, None, "ignored"),
    ]
    matches = pd.DataFrame(rows, columns=["truth_row", "prediction_row", "outcome"])
    matches = matches.astype({"truth_row": "Int64", "prediction_row": "Int64"})
    table = confuse_kinds(matches, truth, found)
    assert list(table.index) == ["shaft", "soma", "false"]
    assert list(table.columns) == ["shaft", "soma", "missed"]
    assert table.to_numpy().tolist() == [[1, 1, 0], [0, 1, 1], [1, 0, 0]]


def test_nothing_on_either_side_is_an_empty_table() -> None:
    assert confuse_kinds(empty(MATCHES), empty(TRUTH), empty(PREDICTION)).shape == (0, 0)
