"""Verdicts found again in another run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_synapse_debug.domain.verdicts import ActionKind
from napari_synapse_debug.review import FindingIndex, find_again, once_per_point, replay


def found(journal: Any, findings: Any, look_up: Any = None) -> list[tuple[int, str, bool]]:
    index = FindingIndex.of(findings)
    table = find_again(replay(journal.actions).verdicts, index, look_up)
    return list(zip(table["now_finding"], table["verdict"], table["is_stale"], strict=True))


def test_in_the_same_run_every_verdict_is_where_it_was(journal: Any, findings: Any) -> None:
    for number in findings["finding"]:
        journal.say(number, "unsure")
    shuffled = findings.sample(frac=1.0, random_state=3)
    assert found(journal, shuffled) == [(n, "unsure", False) for n in range(1, 8)]


def test_without_verdicts_or_findings_nothing_is_found(journal: Any, findings: Any) -> None:
    assert found(journal, findings) == []
    journal.say(1, "unsure")
    journal.say(4, "unsure")
    assert len(found(journal, findings)) == 2
    assert found(journal, findings[:0]) == []


def test_a_miss_is_known_by_its_truth_row(journal: Any, make: Any) -> None:
    journal.say(1, "model_error")
    moved = make([("missed", 11, "classifier", "no_signal", (400, 800, 3000))], first=31)
    assert found(journal, moved) == [(31, "model_error", False)]


@pytest.mark.parametrize(
    "now",
    [
        ("missed", 11, "segmentation", "partner_split", (40, 80, 100)),
        ("mistyped", 11, "classifier", "wrong_class", (40, 80, 100)),
    ],
)
def test_on_another_stage_or_as_another_error_it_is_stale(
    journal: Any, make: Any, now: tuple[Any, ...]
) -> None:
    journal.say(1, "model_error")
    assert found(journal, make([now])) == [(1, "model_error", True)]


def test_a_fresh_verdict_hides_the_authors_stale_one(
    journal: Any, journal_of: Any, make: Any
) -> None:
    journal.say(1, "model_error")
    table = make([("missed", 11, "segmentation", "partner_split", (40, 80, 100))])
    second = journal_of(table)
    second.actions = journal.actions
    second.say(1, "segmentation_error", run="second")
    assert found(second, table) == [(1, "segmentation_error", False)]


@pytest.mark.parametrize(("dx", "is_found"), [(100.0, True), (100.5, False)])
def test_a_false_one_may_have_moved_a_little(
    journal: Any, make: Any, dx: float, is_found: bool
) -> None:
    journal.say(4, "model_error")
    moved = make([("false", None, "classifier", "false_signal", (80, 160, 100 + dx))])
    assert found(journal, moved) == ([(1, "model_error", False)] if is_found else [])


def test_the_partners_are_looked_up_in_the_new_segmentation(journal: Any, make: Any) -> None:
    journal.say(4, "model_error")  # pre at y 112, post at y 208
    moved = make([("false", None, "classifier", "false_signal", (80, 168, 100))])  # 1 → 2 now

    def look_up(points: Any) -> Any:
        return np.where(points[:, 1] < 160, 1, 2).astype(np.uint64)

    assert found(journal, moved, look_up) == [(1, "model_error", False)]
    assert found(journal, moved, lambda points: look_up(points)[::-1] * 0) == []
    swapped = moved.assign(pre_segment=np.uint64(2), post_segment=np.uint64(1))
    assert found(journal, swapped, look_up) == []


def test_background_is_no_pair(journal: Any, make: Any) -> None:
    journal.say(4, "model_error")
    moved = make([("false", None, "classifier", "false_signal", (80, 168, 100))])
    nowhere = moved.assign(pre_segment=np.uint64(0), post_segment=np.uint64(0))
    assert found(journal, nowhere) != []
    assert found(journal, nowhere, lambda points: np.zeros(len(points), np.uint64)) == []


def test_each_old_place_goes_to_one_new_one_the_nearest_first(journal_of: Any, make: Any) -> None:
    """Old at x 0 and 60; new at 50 and 80: 60 → 50 (10 nm) first, so 0 is left with 80."""

    def false_at(*xs: float) -> Any:
        return make([("false", None, "classifier", "false_signal", (80, 160, x)) for x in xs])

    journal = journal_of(false_at(0, 60))
    journal.say(1, "unsure")
    journal.say(2, "model_error")
    assert found(journal, false_at(50, 80, 500)) == [
        (1, "model_error", False),
        (2, "unsure", False),
    ]
    assert found(journal, false_at(50)) == [(1, "model_error", False)]


def test_two_reviewers_of_one_place_stay_together(journal: Any, make: Any) -> None:
    journal.say(4, "model_error")
    journal.say(4, "unsure", author="ben")
    moved = make([("false", None, "classifier", "false_signal", (80, 160, 130))])
    assert found(journal, moved) == [(1, "model_error", False), (1, "unsure", False)]


def moved_run(journal: Any, journal_of: Any, make: Any, first: int = 1) -> tuple[Any, Any]:
    """A next run, with finding 4 half a nanometre away, and the same journal there."""
    table = make([("false", None, "classifier", "false_signal", (80, 160, 100.5))], first=first)
    second = journal_of(table)
    second.actions = journal.actions
    return second, table


def words(journal: Any, findings: Any) -> list[tuple[str, str]]:
    table = find_again(replay(journal.actions).verdicts, FindingIndex.of(findings))
    return list(zip(table["verdict"], table["comment"], strict=True))


@pytest.mark.parametrize(("first", "run"), [(1, "second"), (4, "main")])
def test_a_comment_where_it_has_moved_leaves_the_verdict(
    journal: Any, journal_of: Any, make: Any, findings: Any, first: int, run: str
) -> None:
    """In the next run, and in the same one made anew."""
    journal.say(4, "model_error")
    second, moved = moved_run(journal, journal_of, make, first)
    second.say(first, "blurred", kind=ActionKind.COMMENT, run=run)
    assert words(second, moved) == words(second, findings) == [("model_error", "blurred")]


def test_what_is_taken_back_in_the_next_run_is_gone_in_both(
    journal: Any, journal_of: Any, make: Any, findings: Any
) -> None:
    journal.say(4, "model_error")
    journal.say(4, "blurred", kind=ActionKind.COMMENT)
    second, moved = moved_run(journal, journal_of, make)
    taken = second.say(1, "", run="second")
    assert words(second, moved) == words(second, findings) == [("", "blurred")]
    second.say(1, "", kind=ActionKind.COMMENT, run="second")
    assert words(second, moved) == words(second, findings) == []
    second.do(ActionKind.UNDO, target=taken.uid)
    assert words(second, moved) == words(second, findings) == [("model_error", "")]


def test_the_verdict_given_last_holds_whatever_is_commented_later(
    journal: Any, journal_of: Any, make: Any, findings: Any
) -> None:
    journal.say(4, "unsure")
    second, moved = moved_run(journal, journal_of, make)
    second.say(1, "model_error", run="second")
    journal.say(4, "blurred", kind=ActionKind.COMMENT)
    assert words(second, moved) == words(second, findings) == [("model_error", "blurred")]


def test_each_point_is_looked_up_once() -> None:
    asked: list[list[list[float]]] = []

    def look_up(points_nm: Any) -> Any:
        asked.append(points_nm.tolist())
        return np.array([int(x) for _, _, x in points_nm], np.uint64)

    once = once_per_point(look_up)
    a, b, c = (0.0, 0.0, 7.0), (0.0, 0.0, 2**40), (1.0, 0.0, 7.0)
    assert once(np.array([a, b, a])).tolist() == [7, 2**40, 7]
    assert once(np.array([b, c])).tolist() == [2**40, 7]
    assert once(np.empty((0, 3))).dtype == np.uint64
    assert asked == [[list(a), list(b)], [list(c)]]
