"""What stands after a journal's actions."""

from __future__ import annotations

from typing import Any

from napari_synapse_debug.domain.verdicts import ActionKind, Assignment
from napari_synapse_debug.review import progress, replay
from napari_synapse_debug.review.state import WORDS


def said(state: Any) -> list[tuple[str, str, str]]:
    table = state.verdicts
    return sorted(zip(table["key"], table["author"], table["verdict"], strict=True))


def test_an_empty_journal_gives_an_empty_well_formed_table() -> None:
    state = replay([])
    assert list(state.verdicts.columns) == list(WORDS)
    assert {k: str(v) for k, v in state.verdicts.dtypes.items()} == dict(WORDS)
    assert (state.seen, state.edits, state.assignments) == (frozenset(), (), ())
    assert progress(state).empty


def test_the_last_verdict_of_each_author_stands(journal: Any) -> None:
    journal.say(1, "unsure")
    journal.say(1, "ambiguous", author="ben")
    assert said(replay(journal.actions)) == [
        ("missed:11", "anna", "unsure"),
        ("missed:11", "ben", "ambiguous"),
    ]
    journal.say(1, "model_error")
    state = replay(journal.actions)
    assert said(state) == [
        ("missed:11", "anna", "model_error"),
        ("missed:11", "ben", "ambiguous"),
    ]
    assert {k: str(v) for k, v in state.verdicts.dtypes.items()} == dict(WORDS)


def test_undo_brings_back_the_verdict_before(journal: Any) -> None:
    journal.say(1, "unsure")
    later = journal.say(1, "model_error")
    journal.do(ActionKind.UNDO, target=later.uid)
    assert said(replay(journal.actions)) == [("missed:11", "anna", "unsure")]


def test_an_empty_verdict_takes_back_and_a_comment_stays(journal: Any) -> None:
    journal.say(4, "unsure")
    journal.say(4, "dark here", kind=ActionKind.COMMENT)
    journal.say(4, "")
    table = replay(journal.actions).verdicts
    assert table[["verdict", "comment"]].to_numpy().tolist() == [["", "dark here"]]
    journal.say(4, "", kind=ActionKind.COMMENT)
    table = replay(journal.actions).verdicts
    assert table[["verdict", "comment"]].to_numpy().tolist() == [["", ""]]
    assert (table["time"] == table["comment_time"]).all()
    assert (table["verdict_time"] < table["comment_time"]).all()


def test_a_false_finding_is_named_by_its_points(journal: Any) -> None:
    journal.say(4, "model_error")
    key = "false:80.0,112.0,100.0;80.0,160.0,100.0;80.0,208.0,100.0"
    assert said(replay(journal.actions)) == [(key, "anna", "model_error")]


def test_verdicts_on_two_stages_are_kept_apart(journal: Any, journal_of: Any, make: Any) -> None:
    journal.say(1, "model_error")
    row = ("missed", 11, "segmentation", "partner_split", (40, 80, 100))
    later = journal_of(make([row]))
    later.actions = journal.actions
    later.say(1, "segmentation_error", run="second")
    table = replay(later.actions).verdicts.sort_values("time")
    assert table[["stage", "verdict"]].to_numpy().tolist() == [
        ["classifier", "model_error"],
        ["segmentation", "segmentation_error"],
    ]


def test_progress_counts_what_was_assigned_judged_and_seen(journal: Any) -> None:
    given = Assignment(reviewer="ben", run="main", keys=("missed:11", "missed:12", "missed:14"))
    journal.do(ActionKind.ASSIGN, given.model_dump_json())
    journal.say(1, "unsure", author="ben")
    journal.say(3, "unsure", author="ben")
    journal.say(2, "", author="ben", kind=ActionKind.SEEN)
    journal.say(2, "", author="cleo", kind=ActionKind.SEEN)
    table = progress(replay(journal.actions)).drop(columns="last")
    assert table.to_numpy().tolist() == [["ben", 3, 2, 2, 3], ["cleo", 0, 0, 0, 1]]
