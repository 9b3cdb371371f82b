"""Verdicts, comments and looks: shown at once, on the disk, undone, and shared by windows."""

from functools import partial

import numpy as np
import pytest

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.records import ENDS, FINDINGS
from napari_synapse_debug.domain.verdicts import (
    Action,
    ActionKind,
    AddSynapse,
    DeleteSynapse,
    Verdict,
)
from napari_synapse_debug.io import read_table, write_table
from napari_synapse_debug.pipeline import open_results, open_review
from napari_synapse_debug.ui.background import Background
from napari_synapse_debug.ui.finding_table import FindingFilter
from napari_synapse_debug.ui.marks import DISPUTED
from napari_synapse_debug.ui.replaying import FEW
from napari_synapse_debug.ui.reviewing import Reviewing
from napari_synapse_debug.ui.session import Session


def make_window(project, author="anna", background=None):
    session = Session()
    reviewing = Reviewing(session, partial(open_review, author=author), background)
    session.set_project(project)
    session.set_results(open_results(project))
    return session, reviewing


@pytest.fixture
def window(project):
    session, reviewing = make_window(project)
    yield session, reviewing
    reviewing.close()


def saved(project, author="anna"):
    with open_review(project, author=author) as review:
        table = review.verdicts()
        return dict(zip(table["now_finding"], table["verdict"], strict=True))


def verdict_of(session, finding):
    return session.marks.verdict[session.table.position(finding)]


def test_a_verdict_is_on_the_disk_and_the_next_unreviewed_is_selected(window, project):
    session, reviewing = window
    session.select(2)
    assert verdict_of(session, 2) == ""

    reviewing.give(Verdict.MODEL_ERROR)

    assert verdict_of(session, 2) == "model_error"
    assert saved(project) == {2: "model_error"}
    assert session.selected == 3


def test_going_on_passes_reviewed_ones_and_begins_anew_at_the_end(window):
    session, reviewing = window
    for finding in (1, 4, 10):
        session.select(finding)
        reviewing.give(Verdict.UNSURE)

    assert session.selected == 2
    session.select(3)
    session.step_unreviewed(1)
    assert session.selected == 5
    session.step_unreviewed(-1)
    assert session.selected == 3


def test_when_all_are_reviewed_it_says_so(window):
    session, reviewing = window
    for finding in range(1, 11):
        session.select(finding)
        reviewing.give(Verdict.AMBIGUOUS)

    assert session.marks.is_reviewed.all()
    with pytest.raises(InputError, match="All 10 listed errors are reviewed"):
        session.step_unreviewed(1)


def test_undo_and_redo_go_to_the_finding(window, project):
    session, reviewing = window
    session.select(7)
    reviewing.give(Verdict.SEGMENTATION_ERROR)
    assert session.selected == 8

    reviewing.undo()

    assert (session.selected, verdict_of(session, 7)) == (7, "")
    reviewing.redo()
    assert verdict_of(session, 7) == "segmentation_error"
    assert saved(project) == {7: "segmentation_error"}


def test_nothing_to_undo_is_told(window):
    with pytest.raises(InputError, match="nothing more to undo"):
        window[1].undo()


def test_comment_and_look_are_there_after_opening_again(window, project):
    session, reviewing = window
    session.select(5)
    reviewing.comment(5, "dark spine")
    reviewing.close()

    again, other = make_window(project)

    at = again.table.position(5)
    assert again.marks.comment[at] == "dark spine"
    assert np.flatnonzero(again.marks.seen).tolist() == [at]
    other.close()


def test_another_windows_verdicts_are_taken_up_and_disputes_settled(window, project):
    session, reviewing = window
    session.select(1)
    reviewing.give(Verdict.MODEL_ERROR)
    with open_review(project, author="ben") as ben:
        ben.set_verdict(1, Verdict.AMBIGUOUS)
        ben.set_verdict(2, Verdict.UNSURE)
    assert verdict_of(session, 2) == ""

    reviewing.refresh()

    assert [verdict_of(session, finding) for finding in (1, 2)] == [DISPUTED, "unsure"]
    session.select(1)
    reviewing.give(Verdict.AMBIGUOUS)
    assert verdict_of(session, 1) == "ambiguous"
    assert not (session.marks.verdict == DISPUTED).any()


def test_accepting_is_for_false_ones(window):
    session, reviewing = window
    session.select(3)
    reviewing.accept()
    assert verdict_of(session, 3) == "ground_truth_error"
    session.select(1)

    with pytest.raises(InputError, match="a missed one"):
        reviewing.accept()


def test_a_list_of_unreviewed_ones_gets_shorter_while_it_is_walked(window):
    session, reviewing = window
    session.set_filter(FindingFilter(verdict="none"))
    session.select(1)

    for _ in range(4):
        reviewing.give(Verdict.MODEL_ERROR)

    assert session.table.ids(session.listed).tolist() == [5, 6, 7, 8, 9, 10]
    assert session.selected == 5


def test_an_edit_of_the_truth_is_told_and_undone(window, project):
    session, reviewing = window
    told = []
    reviewing.edits_changed.connect(lambda: told.append(1))
    row = int(session.table.row(1)["truth_row"])
    before = len(reviewing.review.corrected_truth())

    reviewing.edit(DeleteSynapse(row=row))

    assert len(reviewing.review.corrected_truth()) == before - 1
    reviewing.undo()
    assert len(reviewing.review.corrected_truth()) == before
    assert len(told) == 2


def test_without_a_project_there_is_nowhere_to_save(results):
    session = Session()
    reviewing = Reviewing(session, open_review)
    session.set_results(results)
    session.select(103)

    with pytest.raises(InputError, match="nowhere to be saved"):
        reviewing.give(Verdict.UNSURE)
    assert not reviewing.is_open


def test_what_another_saved_shows_after_an_action_of_ones_own(window, project):
    session, reviewing = window
    with open_review(project, author="ben") as ben:
        ben.set_verdict(2, Verdict.UNSURE)
        ben.set_verdict(4, Verdict.AMBIGUOUS)
    session.select(1)

    reviewing.give(Verdict.MODEL_ERROR)

    assert [verdict_of(session, finding) for finding in (1, 2, 4)] == [
        "model_error",
        "unsure",
        "ambiguous",
    ]
    assert session.selected == 3, "2 has a verdict"
    with open_review(project, author="ben") as ben:
        ben.set_verdict(5, Verdict.UNSURE)
    reviewing.review.set_verdict(6, Verdict.UNSURE)  # reads in what ben saved
    reviewing.refresh()
    assert verdict_of(session, 5) == "unsure"


def test_what_was_done_can_be_undone_after_the_results_were_opened_anew(window, project):
    session, reviewing = window
    session.select(2)
    reviewing.give(Verdict.MODEL_ERROR)

    session.set_results(open_results(project))
    assert verdict_of(session, 2) == "model_error"
    reviewing.undo()

    assert verdict_of(session, 2) == ""
    reviewing.redo()
    assert verdict_of(session, 2) == "model_error"
    other_session, other = make_window(project)
    with pytest.raises(InputError, match="nothing more to undo"):
        other.undo()
    other.close()
    assert verdict_of(other_session, 2) == "model_error"


def test_a_verdict_against_the_only_other_reviewer_is_a_dispute(window, project):
    session, reviewing = window
    with open_review(project, author="ben") as ben:
        ben.set_verdict(1, Verdict.MODEL_ERROR)
    session.select(1)

    reviewing.give(Verdict.UNSURE)

    assert verdict_of(session, 1) == DISPUTED
    assert session.marks.said[session.table.position(1)] == "anna: unsure; ben: model_error"


def test_a_settled_dispute_can_be_settled_anew(window, project):
    session, reviewing = window
    with open_review(project, author="ben") as ben:
        ben.set_verdict(1, Verdict.MODEL_ERROR)
    for verdict in (Verdict.UNSURE, Verdict.AMBIGUOUS, Verdict.SEGMENTATION_ERROR):
        session.select(1)
        reviewing.give(verdict)

    assert verdict_of(session, 1) == "segmentation_error"
    reviewing.undo()
    assert verdict_of(session, 1) == "ambiguous"


def test_a_settlement_is_taken_back_and_ones_verdict_before_it_stays(window, project):
    session, reviewing = window
    with open_review(project, author="ben") as ben:
        ben.set_verdict(1, Verdict.MODEL_ERROR)
    for verdict in (Verdict.UNSURE, Verdict.AMBIGUOUS):
        session.select(1)
        reviewing.give(verdict)
    assert verdict_of(session, 1) == "ambiguous"

    session.select(1)
    reviewing.take_back()
    assert verdict_of(session, 1) == DISPUTED
    assert session.marks.said[session.table.position(1)] == "anna: unsure; ben: model_error"
    with open_review(project, author="ben") as ben:
        assert ben.settled()["standing"].tolist() == ["disputed"]

    reviewing.take_back()
    assert verdict_of(session, 1) == "model_error"


def test_anothers_settlement_is_left_alone(window, project):
    session, reviewing = window
    session.select(1)
    reviewing.give(Verdict.UNSURE)
    with open_review(project, author="ben") as ben:
        ben.set_verdict(1, Verdict.MODEL_ERROR)
        ben.settle(1, Verdict.MODEL_ERROR)
    session.select(1)
    reviewing.take_back()
    assert verdict_of(session, 1) == "model_error"
    with open_review(project, author="ben") as ben:
        assert ben.settled()["standing"].tolist() == ["settled"]


def test_what_another_looked_at_is_unseen(project):
    author = ["anna"]
    session = Session()
    reviewing = Reviewing(session, lambda *place: open_review(*place, author=author[0]))
    session.set_project(project)
    session.set_results(open_results(project))
    session.select(2)
    author[0] = "ben"
    reviewing.reopen()
    assert not session.marks.seen.any()

    session.select(2)
    author[0] = "anna"
    reviewing.reopen()
    author[0] = "ben"
    reviewing.reopen()
    assert session.table.ids(np.flatnonzero(session.marks.seen)).tolist() == [2]
    reviewing.close()


def test_a_review_that_cannot_be_read_is_told_at_once(project):
    with open_review(project, author="anna") as review:
        path = review.store.path
    path.write_bytes(b"no data base" * 100)
    session, told = Session(), []
    reviewing = Reviewing(session, partial(open_review, author="anna"))
    reviewing.problem_changed.connect(told.append)
    session.set_project(project)
    session.set_results(open_results(project))
    assert path.name in reviewing.problem
    assert told[-1] == reviewing.problem
    assert not reviewing.is_open


def test_the_order_by_verdict_holds_for_what_is_opened(window, project):
    session, reviewing = window
    session.select(4)
    reviewing.give(Verdict.MODEL_ERROR)
    session.sort("verdict", ascending=True)
    assert session.table.ids(session.listed)[0] == 4
    session.set_results(open_results(project))
    assert session.table.ids(session.listed)[0] == 4

    session.select(6)
    reviewing.give(Verdict.AMBIGUOUS)
    assert session.table.ids(session.listed)[0] == 4, "rows do not jump under the mouse"


def test_a_search_finds_a_comment_that_was_just_given(window):
    session, reviewing = window
    session.set_filter(FindingFilter(text="glia"))
    assert not len(session.listed)
    reviewing.comment(7, "looks like Glia")
    assert session.table.ids(session.listed).tolist() == [7]


def test_a_comment_is_ones_own_and_stands_beside_those_of_others(window, project):
    session, reviewing = window
    with open_review(project, author="ben") as ben:
        ben.set_comment(1, "ben says")
    reviewing.refresh()
    session.select(1)
    at = session.table.position(1)
    assert (session.marks.own_comment[at], session.marks.comment[at]) == ("", "ben says")

    for text, together in (("mine", "ben says | mine"), ("", "ben says")):
        reviewing.comment(1, text)
        assert (session.marks.own_comment[at], session.marks.comment[at]) == (text, together)


def test_undo_goes_to_the_finding_whatever_its_number_is_by_now(window, project):
    session, reviewing = window
    for finding in (2, 4, 9):
        session.select(finding)
        reviewing.give(Verdict.MODEL_ERROR)
    path = project / "runs/main/findings.parquet"
    findings = read_table(path, FINDINGS)
    kept = findings[~findings["finding"].isin([1, 9])]
    write_table(kept.assign(finding=np.arange(1, len(kept) + 1)), path)
    session.set_results(open_results(project))
    assert (verdict_of(session, 1), verdict_of(session, 3)) == ("model_error", "model_error")

    session.select(5)
    reviewing.undo()
    assert session.selected == 5, "the ninth is gone"
    reviewing.undo()
    assert session.selected == 3, "the fourth of then"
    assert verdict_of(session, 3) == ""


def test_the_truth_can_be_edited_before_anything_was_diagnosed(project):
    (project / "runs/main/findings.parquet").unlink()
    session, reviewing = make_window(project)
    assert len(session.table) == 0
    ends = {
        f"{end}_nm": (100.0, 100.0, place) for end, place in zip(ENDS, (10, 60, 99), strict=True)
    }

    reviewing.edit(AddSynapse(**ends))

    assert "added" in set(reviewing.review.corrected_truth()["correction"])
    reviewing.close()


@pytest.fixture
def long_window(project, qtbot):
    """A window on a journal that is too long to be replayed while it waits."""
    with open_review(project, author="ben") as ben:
        ref = ben.refer(4)
        days = [f"2026-01-01T00:00:00.{at:06d}+00:00" for at in range(FEW)]
        looks = [
            Action(f"{at:032x}", time, "ben", "s", ActionKind.SEEN, subject=ref)
            for at, time in enumerate(days)
        ]
        ben.merge(looks)
        ben.set_verdict(4, Verdict.AMBIGUOUS)
    background = Background()
    session, reviewing = make_window(project, background=background)
    yield session, reviewing, lambda: qtbot.waitUntil(lambda: not background.is_busy)
    reviewing.close()
    background.close()


def test_a_long_journal_is_replayed_beside_the_window(long_window, qtbot):
    session, reviewing, _ = long_window
    assert verdict_of(session, 4) == "", "the window did not wait"

    qtbot.waitUntil(lambda: verdict_of(session, 4) == "ambiguous")

    session.select(2)
    reviewing.give(Verdict.MODEL_ERROR)
    assert verdict_of(session, 2) == "model_error"
    reviewing.undo()
    assert session.selected == 2
    qtbot.waitUntil(lambda: verdict_of(session, 2) == "")
    assert verdict_of(session, 4) == "ambiguous"


def test_what_is_said_while_a_journal_is_replayed_stays(long_window, qtbot):
    session, reviewing, wait = long_window
    session.select(2)

    reviewing.give(Verdict.MODEL_ERROR)  # the first replay knows nothing of it
    session.select(3)
    reviewing.comment(3, "dark")

    assert verdict_of(session, 2) == "model_error"
    qtbot.waitUntil(lambda: verdict_of(session, 4) == "ambiguous")
    wait()
    at = session.table.position(3)
    assert verdict_of(session, 2) == "model_error"
    assert session.marks.comment[at] == "dark"
    assert session.marks.seen[at]


def test_a_replay_for_results_that_were_closed_is_not_shown(long_window, qtbot):
    session, _, wait = long_window

    session.set_results(None)
    wait()
    qtbot.wait(50)

    assert not len(session.marks)


def test_a_replay_that_fails_is_told(long_window, qtbot, monkeypatch):
    session, reviewing, wait = long_window
    wait()
    told = []
    reviewing.failed.connect(told.append)
    problem = InputError("The segmentation is gone")

    def fail(_):
        raise problem

    monkeypatch.setattr(reviewing.review, "verdicts", fail)
    session.select(2)
    reviewing.give(Verdict.MODEL_ERROR)
    reviewing.undo()

    qtbot.waitUntil(lambda: told == [problem])


def test_a_verdict_settles_although_a_replay_is_not_done(long_window, project, qtbot):
    session, reviewing, wait = long_window
    qtbot.waitUntil(lambda: verdict_of(session, 4) == "ambiguous")
    session.select(4)
    reviewing.give(Verdict.MODEL_ERROR)
    reviewing.review.settle(4, Verdict.UNSURE)
    with open_review(project, author="ben") as ben:
        ben.set_verdict(5, Verdict.UNSURE)
    session.select(4)

    reviewing.give(Verdict.SEGMENTATION_ERROR)  # takes up what ben saved, which is replayed

    wait()
    qtbot.waitUntil(lambda: verdict_of(session, 4) == "segmentation_error")
    assert reviewing.review.settled().set_index("now_finding").loc[4, "standing"] == "settled"
