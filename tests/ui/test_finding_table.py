"""The list of errors: order, filter, counts."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_synapse_debug.domain.records import FINDINGS, empty
from napari_synapse_debug.ui.finding_table import (
    FindingFilter,
    FindingTable,
    finding_points_nm,
)


def listed_ids(table, *args, **named):
    return table.ids(table.listed(*args, **named)).tolist()


def test_stages_sort_in_the_order_of_the_data_not_of_the_alphabet(findings):
    table = FindingTable(findings)
    assert listed_ids(table, FindingFilter()) == [101, 102, 103, 104, 105, 106]

    by_stage = listed_ids(table, FindingFilter(), "stage")

    # ground_truth, classifier (two, in their order), segmentation, contact, assignment
    assert by_stage == [105, 102, 103, 101, 104, 106]


@pytest.mark.parametrize(
    ("ascending", "expected"),
    [(True, [106, 103, 105, 101, 102, 104]), (False, [105, 103, 106, 101, 102, 104])],
)
def test_missing_scores_come_last_either_way(findings, ascending, expected):
    table = FindingTable(findings)

    assert listed_ids(table, FindingFilter(), "score", ascending=ascending) == expected


def test_filters_combine(findings):
    table = FindingTable(findings)
    classifier = FindingFilter(stages=frozenset({"classifier"}))
    assert listed_ids(table, classifier) == [102, 103]

    assert listed_ids(table, FindingFilter("missed", frozenset({"classifier"}))) == [102]
    assert listed_ids(table, FindingFilter(cause="no_contact")) == [104]
    assert listed_ids(table, FindingFilter("false", cause="no_contact")) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [("merged", [101]), ("NO contact", [104]), ("shaft missed", [101, 104]), ("of 106", [106])],
)
def test_search_wants_every_word_in_any_column(findings, text, expected):
    assert listed_ids(FindingTable(findings), FindingFilter(text=text)) == expected


def test_counts_leave_out_the_filter_of_stages_only(findings):
    table = FindingTable(findings)
    assert table.stage_counts()["classifier"] == 2

    counts = table.stage_counts(FindingFilter("missed", frozenset({"contact"})))

    found = {stage: count for stage, count in counts.items() if count}
    assert found == {"classifier": 1, "segmentation": 1, "contact": 1}


def test_toggling_a_stage_twice_gives_the_same_filter():
    start = FindingFilter(text="shaft")
    once = start.toggled("contact")
    assert once.stages == {"contact"}

    assert once.toggled("contact") == start


def test_no_findings_make_an_empty_list():
    table = FindingTable(empty(FINDINGS))

    assert len(table) == 0
    assert listed_ids(table, FindingFilter("missed", text="x"), "stage") == []
    assert sum(table.stage_counts().values()) == 0
    assert table.values("cause") == []


@given(
    order=st.permutations(range(6)),
    column=st.sampled_from(["finding", "stage", "cause", "score", "confirmed", "pre_segment"]),
    ascending=st.booleans(),
)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_sorting_loses_no_row_whatever_the_order_on_disk(findings, order, column, ascending):
    table = FindingTable(findings.iloc[list(order)])

    ids = listed_ids(table, FindingFilter(), column, ascending=ascending)

    assert sorted(ids) == [101, 102, 103, 104, 105, 106]


def test_sorting_by_a_column_of_numbers_agrees_with_pandas():
    rng = np.random.default_rng(3)
    frame = pd.concat([empty(FINDINGS), pd.DataFrame({"finding": np.arange(5000)})])
    frame = frame.assign(score=rng.random(5000), stage="contact", cause="no_contact")

    ids = listed_ids(FindingTable(frame), FindingFilter(), "score", ascending=False)

    assert ids == frame.sort_values("score", ascending=False)["finding"].tolist()


def test_an_unknown_point_lies_at_the_cleft(findings, grid):
    row = findings.iloc[0].copy()
    cleft = grid.to_nm([[3, 15, 26]])[0]
    assert finding_points_nm(row)[1].tolist() == cleft.tolist()
    row[["pre_z_nm", "pre_y_nm", "pre_x_nm"]] = np.nan

    ends = finding_points_nm(row)

    assert ends[0].tolist() == cleft.tolist()
    assert np.isfinite(ends).all()


def test_a_number_finds_a_partner_by_its_whole_id(findings):
    assert listed_ids(FindingTable(findings), FindingFilter(text="33")) == [103]
    assert listed_ids(FindingTable(findings), FindingFilter(text="2")) == [102]  # by its summary


def test_marks_filter_and_sort(findings):
    table = FindingTable(findings)
    assert listed_ids(table, FindingFilter(verdict="none")) == [101, 102, 103, 104, 105, 106]
    marks = table.marks.having(2, verdict="unsure", seen=True).having(4, verdict="ambiguous")

    marked = table.with_marks(marks)

    assert listed_ids(marked, FindingFilter(verdict="unsure")) == [103]
    assert listed_ids(marked, FindingFilter(verdict="none")) == [101, 102, 104, 106]
    assert listed_ids(marked, FindingFilter(is_unseen=True)) == [101, 102, 104, 105, 106]
    assert listed_ids(marked, FindingFilter(), "verdict") == [105, 103, 101, 102, 104, 106]
    assert listed_ids(table, FindingFilter(is_unseen=True)) == [101, 102, 103, 104, 105, 106]


def test_a_range_of_scores_leaves_out_those_without(findings):
    table = FindingTable(findings)

    assert listed_ids(table, FindingFilter(score=(0.6, None))) == [103, 105]
    assert listed_ids(table, FindingFilter(score=(None, 0.71))) == [103, 106]
    assert listed_ids(table, FindingFilter(score=(0.55, 0.55))) == [106]


def test_what_is_in_view_has_its_cleft_between_the_corners(findings, grid):
    low, high = grid.to_nm([[3, 15, 26], [4, 19, 33]])

    found = listed_ids(FindingTable(findings), FindingFilter(view_nm=(tuple(low), tuple(high))))

    # truth rows 3 and 4, and the predictions 13 and 14 at the same places
    assert found == [101, 102, 103, 105]


def test_a_comment_is_found_by_its_words(findings):
    table = FindingTable(findings)
    assert listed_ids(table, FindingFilter(text="glia")) == []

    marked = table.with_marks(table.marks.having(3, comment="maybe Glia"))

    assert listed_ids(marked, FindingFilter(text="glia")) == [104]
