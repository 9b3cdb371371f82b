"""The corrected truth, row by row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.records import TRUTH, points, with_points
from napari_synapse_debug.domain.verdicts import (
    ActionKind,
    AddSynapse,
    ChangeKind,
    DeleteSynapse,
    MovePoint,
)
from napari_synapse_debug.review import check_row, correct_truth, corrected_rows, has_row, replay
from napari_synapse_debug.review.correction import new_row

WRONG = "ground_truth_error"


def corrected(journal: Any, truth: Any, look_up: Any = None) -> Any:
    before = truth.copy()
    table = correct_truth(truth, replay(journal.actions), look_up)
    pd.testing.assert_frame_equal(truth, before)
    assert {k: str(table[k].dtype) for k in TRUTH} == dict(TRUTH)
    return table


def move(journal: Any, row: int, end: str, point: tuple[float, float, float]) -> Any:
    value = MovePoint(row=row, end=end, point_nm=point).model_dump_json()
    return journal.do(ActionKind.MOVE_POINT, value)


def test_without_a_word_the_truth_is_as_it_was(journal: Any, truth: Any) -> None:
    journal.say(1, "model_error")
    journal.say(4, "unsure")
    table = corrected(journal, truth)
    assert (table["correction"] == "").all()
    pd.testing.assert_frame_equal(table.drop(columns="correction")[list(truth)], truth)


def test_an_empty_truth_can_be_begun(journal: Any, truth: Any) -> None:
    assert corrected(journal, truth[:0]).empty
    journal.say(4, WRONG)
    assert len(corrected(journal, truth[:0])) == 1


def test_a_missed_row_that_is_wrong_is_removed(journal: Any, truth: Any) -> None:
    journal.say(7, WRONG)
    assert 15 in set(truth["row"])
    assert corrected(journal, truth)["row"].tolist() == [10, 11, 12, 13, 14]


def test_unless_it_was_mended_by_hand(journal: Any, truth: Any) -> None:
    journal.say(7, WRONG)
    move(journal, 15, "cleft", (40.0, 88.0, 1700.0))
    row = corrected(journal, truth).set_index("row").loc[15]
    assert (row["correction"], row["cleft_y_nm"], row["cleft_is_midpoint"]) == ("moved", 88, False)
    assert (row["pre_segment"], row["post_segment"]) == (0, 0)


def test_a_reversed_row_has_its_ends_changed_over(journal: Any, truth: Any) -> None:
    journal.say(6, WRONG)
    row = corrected(journal, truth).set_index("row").loc[14]
    assert (row["pre_y_nm"], row["post_y_nm"]) == (128.0, 32.0)
    assert (row["pre_segment"], row["post_segment"]) == (34, 24)
    assert row["correction"] == "swapped"


def test_a_mistyped_row_takes_the_predicted_kind(journal: Any, truth: Any) -> None:
    journal.say(3, WRONG, predicted_kind="spine_head")
    row = corrected(journal, truth).set_index("row").loc[13]
    assert (row["kind"], row["correction"]) == ("spine_head", "kind")


def test_a_false_one_is_accepted_with_its_segments_looked_up(journal: Any, truth: Any) -> None:
    said = journal.say(5, WRONG)
    table = corrected(journal, truth, lambda nm: nm[:, 1].astype(np.uint64))
    assert len(table) == len(truth) + 1
    row = table.iloc[-1]
    assert row["row"] == new_row(said.subject.key)
    assert points(table, "cleft")[-1].tolist() == [80.0, 160.0, 500.0]
    assert (row["pre_segment"], row["post_segment"], row["kind"]) == (112, 208, "shaft")
    assert (row["correction"], row["cleft_is_midpoint"]) == ("accepted", False)
    assert pd.isna(row["synapse"])
    assert table["pre_segment"].tolist()[:-1] == truth["pre_segment"].tolist()


def test_accepted_in_two_runs_it_is_one_synapse(
    journal: Any, journal_of: Any, make: Any, truth: Any
) -> None:
    journal.say(5, WRONG)
    second = journal_of(
        make(
            [
                ("false", None, "ground_truth", "gt_probably_missing", (80, 160, 560)),
                ("false", None, "ground_truth", "gt_probably_missing", (80, 160, 900)),
            ]
        )
    )
    second.actions = journal.actions
    second.say(1, WRONG, run="second")
    second.say(2, WRONG, run="second")
    clefts = points(corrected(second, truth), "cleft")[len(truth) :]
    assert clefts.tolist() == [[80, 160, 500], [80, 160, 900]]


@pytest.mark.parametrize(
    ("author", "verdict", "stage"),
    [
        ("anna", "model_error", "ground_truth"),
        ("anna", "model_error", "classifier"),
        ("anna", "", "ground_truth"),
        ("ben", "model_error", "ground_truth"),
    ],
)
def test_accepted_in_one_run_and_doubted_in_the_next_it_is_not_added(
    journal: Any, journal_of: Any, make: Any, truth: Any, author: str, verdict: str, stage: str
) -> None:
    said = journal.say(5, WRONG)
    row = ("false", None, stage, "gt_probably_missing", (80, 160, 500.5))
    second = journal_of(make([row]))
    second.actions = journal.actions
    doubt = second.say(1, verdict, author=author, run="second")
    assert len(corrected(second, truth)) == len(truth)
    journal.say(5, "blurred", kind=ActionKind.COMMENT)  # no new verdict
    assert len(corrected(second, truth)) == len(truth)
    second.do(ActionKind.UNDO, author=author, target=doubt.uid)
    assert corrected(second, truth)["row"].tolist()[len(truth) :] == [new_row(said.subject.key)]


def test_accepted_again_in_the_next_run_it_keeps_its_number(
    journal: Any, journal_of: Any, make: Any, truth: Any
) -> None:
    said = journal.say(5, WRONG)
    row = ("false", None, "ground_truth", "gt_probably_missing", (80, 160, 500.5))
    second = journal_of(make([row]))
    second.actions = journal.actions
    for verdict in ("unsure", WRONG):
        second.say(1, verdict, run="second")
    assert corrected(second, truth)["row"].tolist()[len(truth) :] == [new_row(said.subject.key)]


def test_another_partner_of_the_same_cleft_is_another_synapse(
    journal: Any, journal_of: Any, make: Any, truth: Any
) -> None:
    """Accepted 5 → 6 then, doubted 5 → 9 now, 40 nm away."""
    journal.say(5, WRONG)
    row = ("false", None, "ground_truth", "gt_probably_missing", (80, 160, 540))
    second = journal_of(make([row], first=5).assign(post_segment=np.uint64(9)))
    second.actions = journal.actions
    second.say(5, "model_error", run="second")
    assert len(corrected(second, truth)) == len(truth) + 1


def test_two_findings_of_one_run_are_two_however_near(
    journal_of: Any, make: Any, truth: Any
) -> None:
    kind = ("false", None, "ground_truth", "gt_probably_missing")
    journal = journal_of(make([(*kind, (80, 160, 500)), (*kind, (80, 160, 540))]))
    journal.say(1, WRONG)
    journal.say(2, "model_error")
    assert points(corrected(journal, truth), "cleft")[len(truth) :].tolist() == [[80, 160, 500]]


def test_two_partners_of_one_cleft_that_are_accepted_are_two_rows(
    journal_of: Any, make: Any, truth: Any
) -> None:
    kind = ("false", None, "ground_truth", "gt_probably_missing")
    findings = make([(*kind, (80, 160, 500)), (*kind, (80, 160, 540))])
    journal = journal_of(findings.assign(post_segment=np.array([6, 9], np.uint64)))
    journal.say(1, WRONG)
    journal.say(2, WRONG)
    added = points(corrected(journal, truth), "cleft")[len(truth) :]
    assert added.tolist() == [[80, 160, 500], [80, 160, 540]]


@pytest.mark.parametrize(("halves", "count"), [((1, 2), 6), ((2, 1), 6), ((2,), 7)])
def test_both_halves_of_a_reversed_row_are_one_synapse(
    journal_of: Any, make: Any, truth: Any, halves: tuple[int, ...], count: int
) -> None:
    """Row 14 leads the wrong way; what was found 10 nm beside it leads the right one."""
    missed = ("missed", 14, "assignment", "reversed", (40, 80, 1300))
    table = make([missed, ("false", None, "assignment", "reversed", (40, 80, 1310))])
    pre, post = points(table, "pre"), points(table, "post")
    pre[1], post[1] = post[1].copy(), pre[1].copy()
    journal = journal_of(with_points(with_points(table, "pre", pre), "post", post))
    for half in halves:
        journal.say(half, WRONG)
    found = corrected(journal, truth)
    assert len(found) == count
    here = found.set_index("row").loc[14]
    assert here["correction"] == ("swapped" if 1 in halves else "")


def test_a_dispute_changes_nothing_until_it_is_settled(journal: Any, truth: Any) -> None:
    journal.say(7, WRONG)
    journal.say(7, "ambiguous", author="ben")
    assert len(corrected(journal, truth)) == len(truth)
    journal.say(7, WRONG, author="cleo", kind=ActionKind.SETTLE)
    assert len(corrected(journal, truth)) == len(truth) - 1


def test_edits_by_hand_and_their_undo(journal: Any, truth: Any) -> None:
    added = AddSynapse(pre_nm=(0, 8, 10), cleft_nm=(0, 16, 10), post_nm=(0, 24, 10), kind="soma")
    add = journal.do(ActionKind.ADD_SYNAPSE, added.model_dump_json())
    row = new_row(add.uid)
    move(journal, row, "post", (0.0, 32.0, 20.0))
    journal.do(ActionKind.DELETE_SYNAPSE, DeleteSynapse(row=11).model_dump_json())
    change = ChangeKind(row=12, kind="spine_head").model_dump_json()
    changed = journal.do(ActionKind.CHANGE_KIND, change)
    table = corrected(journal, truth).set_index("row")
    assert table.index.tolist() == [10, 12, 13, 14, 15, row]
    assert table.loc[row, ["kind", "correction", "post_x_nm"]].tolist() == ["soma", "added", 20.0]
    assert table.loc[12, "kind"] == "spine_head"
    journal.do(ActionKind.UNDO, target=changed.uid)
    journal.do(ActionKind.UNDO, target=add.uid)
    table = corrected(journal, truth).set_index("row")
    assert table.index.tolist() == [10, 12, 13, 14, 15]
    assert table.loc[12, "kind"] == "shaft"


def test_an_accepted_synapse_can_be_moved(journal: Any, truth: Any) -> None:
    said = journal.say(5, WRONG)
    move(journal, new_row(said.subject.key), "pre", (80.0, 120.0, 500.0))
    last = corrected(journal, truth).iloc[-1]
    assert (last["pre_y_nm"], last["correction"]) == (120.0, "accepted")


def test_new_rows_keep_their_number_and_fit_a_spreadsheet() -> None:
    assert new_row("a") == new_row("a") != new_row("b")
    assert all(len(str(new_row(str(k)))) == 15 for k in range(50))


@pytest.mark.parametrize("row", [11, 10**14])
def test_an_edit_of_a_row_that_is_gone_changes_nothing(journal: Any, truth: Any, row: int) -> None:
    move(journal, row, "pre", (0.0, 0.0, 0.0))
    table = corrected(journal, truth[truth["row"] != row].iloc[1:])
    assert (table["correction"] == "").all()


def test_ids_in_further_columns_stay_as_they_are_when_a_row_is_added(
    journal: Any, truth: Any
) -> None:
    ids = [648518346349538400 + k for k in range(len(truth))]
    added = AddSynapse(pre_nm=(0, 8, 10), cleft_nm=(0, 16, 10), post_nm=(0, 24, 10), kind="soma")
    journal.do(ActionKind.ADD_SYNAPSE, added.model_dump_json())
    table = corrected(journal, truth.assign(connection_id=ids))
    assert table["connection_id"].tolist()[:-1] == ids
    assert table["connection_id"].isna().tolist() == [False] * len(ids) + [True]


def test_rows_of_all_origins_are_put_together_once_and_stand_in_order(
    journal_of: Any, make: Any, truth: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows 10 to 15, without 11; then 40 accepted ones, then 10 added ones, each moved at once."""
    false = ("false", None, "ground_truth", "gt_probably_missing")
    findings = make([(*false, (80, 160, 1000 * at)) for at in range(1, 41)])
    journal = journal_of(findings)
    accepted = [new_row(journal.say(at, WRONG).subject.key) for at in range(1, 41)]
    added = []
    for at in range(10):
        one = AddSynapse(pre_nm=(0, 8, at), cleft_nm=(0, 16, at), post_nm=(0, 24, at))
        added.append(new_row(journal.do(ActionKind.ADD_SYNAPSE, one.model_dump_json()).uid))
        move(journal, added[-1], "post", (0.0, 32.0, at))
    journal.do(ActionKind.DELETE_SYNAPSE, DeleteSynapse(row=11).model_dump_json())
    put_together = []
    concat = pd.concat

    def count(*tables: Any, **how: Any) -> Any:
        put_together.append(how.get("ignore_index", False))
        return concat(*tables, **how)

    monkeypatch.setattr(pd, "concat", count)

    table = corrected(journal, truth)

    assert table["row"].tolist() == [10, 12, 13, 14, 15, *accepted, *added]
    assert table["correction"].tolist() == [""] * 5 + ["accepted"] * 40 + ["added"] * 10
    assert points(table, "cleft")[5:45, 2].tolist() == [1000.0 * at for at in range(1, 41)]
    assert points(table, "post")[45:].tolist() == [[0, 32, at] for at in range(10)]
    assert sum(put_together) == 1  # a merge puts tables together as well


def test_a_row_that_was_moved_before_it_was_added_by_another_clock_stays_where_it_was_added(
    journal: Any, truth: Any
) -> None:
    one = AddSynapse(pre_nm=(0, 8, 10), cleft_nm=(0, 16, 10), post_nm=(0, 24, 10))
    row = new_row(f"{1:032x}")
    move(journal, row, "post", (0.0, 90.0, 90.0))
    assert new_row(journal.do(ActionKind.ADD_SYNAPSE, one.model_dump_json()).uid) == row

    assert points(corrected(journal, truth), "post")[-1].tolist() == [0, 24, 10]


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.integers(1, 7), st.sampled_from([WRONG, "unsure", ""])),
        st.tuples(st.sampled_from(["add", "undo"]), st.integers(0, 20), st.just("")),
        st.tuples(st.sampled_from(["move", "delete", "kind"]), st.integers(0, 20), st.just("")),
    ),
    max_size=12,
)


@settings(
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(steps=_STEPS)
def test_the_numbers_of_rows_are_those_of_the_corrected_truth(
    findings: Any, journal_of: Any, truth: Any, steps: Any
) -> None:
    journal, rows = journal_of(findings), truth["row"].tolist()
    for what, at, value in steps:
        row = rows[at % len(rows)]
        if what == "say":
            rows.append(new_row(journal.say(at, value, predicted_kind="soma").subject.key))
        elif what == "add":
            one = AddSynapse(pre_nm=(0, 8, at), cleft_nm=(0, 16, at), post_nm=(0, 24, at))
            rows.append(new_row(journal.do(ActionKind.ADD_SYNAPSE, one.model_dump_json()).uid))
        elif what == "move":
            move(journal, row, "post", (0.0, 32.0, at))
        elif what == "delete":
            journal.do(ActionKind.DELETE_SYNAPSE, DeleteSynapse(row=row).model_dump_json())
        elif what == "kind":
            journal.do(ActionKind.CHANGE_KIND, ChangeKind(row=row, kind="soma").model_dump_json())
        elif journal.actions:
            target = journal.actions[at % len(journal.actions)].uid
            journal.do(ActionKind.UNDO, target=target)
    state = replay(journal.actions)

    rows = sorted(correct_truth(truth, state)["row"])
    assert sorted(corrected_rows(truth, state)) == rows
    for row in {*truth["row"], *rows, 999}:
        assert has_row(row, truth, journal.actions) == (row in rows)


def test_a_row_that_the_corrected_truth_lacks_is_refused(journal: Any, truth: Any) -> None:
    journal.say(7, WRONG)
    said = journal.say(5, WRONG)
    state = replay(journal.actions)
    for row in (11, new_row(said.subject.key)):
        check_row(row, truth, state)

    with pytest.raises(InputError, match="no row 15") as told:
        check_row(15, truth, state)
    assert "6 rows" in str(told.value)  # 10 to 14, and the accepted one
