"""The state of the window, without any window."""

import dataclasses

import numpy as np
import pytest

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.events import Event
from napari_synapse_debug.ui.finding_table import FindingFilter
from napari_synapse_debug.ui.job_endings import running
from napari_synapse_debug.ui.session import JobState, Session


@pytest.fixture
def session(results):
    made = Session()
    made.set_results(results)
    return made


@pytest.fixture
def told(session):
    """Findings that the session told of, in order."""
    found = []
    session.finding_selected.connect(found.append)
    return found


def test_selecting_tells_once_and_marks_as_seen(session, told):
    assert not session.marks.seen.any()

    session.select(103)

    assert told == [103]
    assert session.table.ids(np.flatnonzero(session.marks.seen)).tolist() == [103]
    assert session.selected_row()["cause"] == "false_signal"


def test_selecting_again_tells_again_since_the_camera_may_have_moved(session, told):
    session.select(103)
    session.select(103)

    assert told == [103, 103]


def test_steps_follow_the_list_and_stop_at_its_ends(session, told):
    session.sort("stage", ascending=True)  # 105 102 103 101 104 106

    for by in (1, 1, -1, -1, -1):
        session.step(by)

    assert told == [105, 102, 105, 105, 105]


def test_a_step_back_from_nowhere_goes_to_the_last(session, told):
    session.step(-1)

    assert told == [106]


def test_a_step_from_an_error_that_is_filtered_away_begins_anew(session, told):
    session.select(103)
    session.set_filter(FindingFilter("missed"))

    session.step(1)

    assert told == [103, 101]


def test_the_first_missed_comes_before_false_ones(session, told):
    session.sort("score", ascending=True)  # 106 103 105 101 …: false ones first

    session.select_first_missed()

    assert told == [101]


def test_without_errors_steps_do_nothing(told):
    empty = Session()
    empty.step(1)
    empty.select_first_missed()

    assert empty.selected is None


def test_new_results_forget_selection_filter_and_what_was_seen(session, results):
    session.set_filter(FindingFilter("false"))
    session.select(105)

    session.set_results(results)

    assert session.selected is None
    assert session.filter == FindingFilter()
    assert not session.marks.seen.any()
    assert len(session.listed) == 6


def test_results_without_findings_make_an_empty_list(session):
    session.set_results(None)

    assert len(session.table) == 0
    assert len(session.listed) == 0


def test_a_finding_that_is_not_there_is_an_error_with_the_range(session):
    with pytest.raises(InputError, match="101 to 106"):
        session.go_to(7)


@pytest.mark.parametrize(
    ("done", "total", "seconds", "left"),
    [(2, 10, 8.0, 32.0), (0, 10, 8.0, None), (5, 0, 8.0, None), (10, 10, 8.0, None)],
)
def test_time_left_follows_the_rate_so_far(done, total, seconds, left):
    job = JobState("running", "predict", "", done, total, seconds)

    assert job.seconds_left == left


def test_time_left_counts_anew_where_a_part_of_a_step_begins_again():
    job = JobState()
    for done, seconds in ((1, 1.0), (60, 60.0), (1, 61.0), (11, 71.0)):
        job = running(Event("gaps", "candidate", done, 60), seconds, job)
    assert job.seconds_left == pytest.approx(49.0)  # 10 in 10 s, 49 left; not 10 in 70 s


def test_time_left_does_not_count_what_was_done_before_it_was_stopped():
    job = JobState(
        "running", "train", "", 516, 1000, 70.0, done_before=500, seconds_before=10.0
    )  # an hour, gone on from its middle: 1.6 % in one minute

    assert job.seconds_left == pytest.approx(60.0 * 484 / 16)


def test_other_results_of_the_run_leave_list_and_selection_as_they_are(session, told, results):
    session.set_filter(FindingFilter("missed"))
    session.select(102)
    listed = session.listed.tolist()
    copied = dataclasses.replace(results, findings=results.findings.copy())

    session.set_results(copied, goes_on=True)

    assert session.results is copied
    assert (session.selected, session.filter) == (102, FindingFilter("missed"))
    assert session.listed.tolist() == listed
    assert session.selected_row()["finding"] == 102
    assert session.marks.seen.any()
    assert told == [102, 102]


def test_other_errors_or_another_run_begin_anew(session, results):
    fewer = dataclasses.replace(results, findings=results.findings[1:])
    for changed, goes_on in ((fewer, True), (results, False)):
        session.set_filter(FindingFilter("missed"))
        session.select(102)
        session.set_results(changed, goes_on=goes_on)
        assert (session.selected, session.selected_row()) == (None, None)
        assert session.filter == FindingFilter()
        assert not session.marks.seen.any()
