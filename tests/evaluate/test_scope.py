"""The scope of the truth: kinds and neurons in which it is complete."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.params import EvaluateParams
from napari_synapse_debug.domain.records import ENDS, PREDICTION, TRUTH, conform, empty, with_points
from napari_synapse_debug.evaluate import check_counted, judge_ids, match_synapses, score

GRID = Grid((10, 500, 500), (40.0, 8.0, 8.0))


def rows(columns, *made):
    """Rows ``(row, x in nm, pre, post, kind)``, far enough apart not to meet."""
    table = empty(columns).reindex(range(len(made)))
    table = table.assign(
        **{
            name: [row[k] for row in made]
            for k, name in ((0, "row"), (2, "pre_segment"), (3, "post_segment"), (4, "kind"))
        }
    )
    for end in ENDS:
        table = with_points(table, end, [(200.0, 1000.0, row[1]) for row in made])
    if "ignore" in columns:
        table = table.assign(ignore=False)
    return conform(table, columns)


# 1 | 11 agree; 2 | 12 are missed and false, between 3 and 4, on a spine; 13 is a false shaft
TRUE = rows(TRUTH, (1, 500.0, 1, 2, "shaft"), (2, 1500.0, 3, 4, "spine_head"))
FOUND = rows(
    PREDICTION,
    (11, 500.0, 1, 2, "shaft"),
    (12, 2500.0, 3, 4, "spine_head"),
    (13, 3500.0, 1, 5, "shaft"),
)


def outcomes(**params):
    asked = EvaluateParams(judge="column", **params)
    ids = judge_ids(TRUE, FOUND, asked)
    matches = match_synapses(TRUE, FOUND, ids, asked, GRID, GRID.box)
    made = score(matches, TRUE, FOUND, ids, asked, GRID, GRID.box)
    key = matches["truth_row"].fillna(matches["prediction_row"]).astype(int)
    return dict(zip(key, matches["outcome"], strict=True)), made


def test_without_a_scope_all_rows_are_judged():
    found, made = outcomes()
    assert found == {1: "tp", 2: "fn", 12: "fp", 13: "fp"}
    assert made.scope == "complete"


def test_of_other_kinds_predictions_are_not_judged_and_truths_do_not_count():
    found, made = outcomes(scope_kinds="shaft")
    assert found == {1: "tp", 2: "ignored", 12: "unjudged", 13: "fp"}
    assert (made.tp, made.fp, made.fn, made.unjudged) == (1, 1, 0, 1)
    assert made.scope == "complete for shaft"


def test_of_other_neurons_predictions_are_not_judged_either():
    found, made = outcomes(scope_segments=(4, 99))
    assert found == {1: "ignored", 2: "fn", 12: "fp", 13: "unjudged"}
    assert made.scope == "complete for neurons 4, 99"


def test_kinds_and_neurons_must_both_fit():
    found, _ = outcomes(scope_kinds="shaft, spine_head", scope_segments=(5,))
    assert found == {1: "ignored", 2: "ignored", 12: "unjudged", 13: "fp"}


def test_a_sparse_truth_judges_no_unmatched_prediction_of_any_kind():
    found, made = outcomes(scope="sparse", scope_kinds="shaft")
    assert found == {1: "tp", 2: "ignored", 12: "unjudged", 13: "unjudged"}
    assert made.precision is None


def test_a_kind_that_there_is_not_is_refused():
    with pytest.raises(ValidationError, match="spine_head, shaft, soma"):
        EvaluateParams(scope_kinds="spine")


def test_kinds_are_written_once_and_in_order():
    assert EvaluateParams(scope_kinds=" soma,shaft , soma").scope_kinds == "soma, shaft"


def test_ids_of_64_bits_are_told_apart():
    large = 2**63 + 1
    table = pd.concat([TRUE.iloc[:1]] * 2, ignore_index=True)
    table = table.assign(
        row=[1, 2], pre_segment=np.array([large, large - 1], np.uint64), post_segment=np.uint64(7)
    )
    asked = EvaluateParams(judge="column", scope_segments=(large,))
    ids = judge_ids(table, FOUND[:0], asked)
    matches = match_synapses(table, FOUND[:0], ids, asked, GRID, GRID.box)
    assert dict(zip(matches["truth_row"], matches["outcome"], strict=True)) == {
        1: "fn",
        2: "ignored",
    }


@pytest.mark.parametrize(
    ("params", "ignored", "told"),
    [
        ({"scope_segments": (99,)}, False, "2 lie outside the scope (complete for neurons 99"),
        ({"border_nm": 500.0}, False, "2 lie within border_nm = 500 of its faces"),
        ({}, True, "2 are flagged `ignore`"),
        ({"scope_kinds": "shaft"}, [True, False], "1 are flagged `ignore`, 1 lie outside"),
    ],
)
def test_a_truth_of_which_nothing_counts_is_refused(params, ignored, told):
    asked = EvaluateParams(judge="column", **params)
    truth = TRUE.assign(ignore=ignored)
    ids = judge_ids(truth, FOUND, asked)
    with pytest.raises(InputError, match="None of the true synapses in the box counts") as error:
        check_counted(truth, ids, asked, GRID, GRID.box)
    assert told in str(error.value)
    check_counted(truth.assign(ignore=False), ids, EvaluateParams(), GRID, GRID.box)


def test_a_truth_is_complete_only_without_a_scope():
    assert EvaluateParams().is_complete
    assert not EvaluateParams(scope_kinds="shaft").is_complete
    assert not EvaluateParams(scope_segments=(3,)).is_complete
    assert not EvaluateParams(scope="sparse").is_complete
