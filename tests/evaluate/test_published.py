"""CREMI and synful against their own formulas, written out here once more, row by row."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.params import EvaluateParams
from napari_synapse_debug.domain.records import points, with_points
from napari_synapse_debug.evaluate import cremi_look_up, judge_ids, match_synapses, published, score
from napari_synapse_debug.evaluate.synful import redundant_rows

T = 400.0


def reference(rows, columns, may_match):
    """The assignment as published: predictions are rows; (tp, fp, fn, pairs)."""
    size = max(len(rows), len(columns))
    if size == 0:
        return 0, 0, 0, []
    costs = np.full((size, size), 2 * T)
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            pre, post = np.linalg.norm(row[0] - column[0]), np.linalg.norm(row[1] - column[1])
            if may_match(row[2], column[2]) and pre <= T and post <= T:
                costs[i, j] = 0.5 * (pre + post)
    found = zip(*linear_sum_assignment(costs - np.amax(costs) - 1), strict=True)
    pairs = [(i, j) for i, j in found if costs[i, j] <= T]
    return len(pairs), len(rows) - len(pairs), len(columns) - len(pairs), pairs


def ends(table, ids):
    return list(zip(points(table, "pre"), points(table, "post"), map(tuple, ids), strict=True))


def pairs_of(matches, truth, prediction):
    """Positions in the tables of the matched pairs: (prediction, truth)."""
    both = matches[matches["outcome"] == "tp"]
    p = [list(prediction["row"]).index(row) for row in both["prediction_row"]]
    t = [list(truth["row"]).index(row) for row in both["truth_row"]]
    return sorted(zip(p, t, strict=True))


def counts(matches):
    found = matches["outcome"].value_counts()
    return tuple(int(found.get(name, 0)) for name in ("tp", "fp", "fn"))


def judged(truth, prediction, grid, segmentation=None, **params):
    asked = EvaluateParams(**params)
    in_gt = None if segmentation is None else cremi_look_up(segmentation, grid)
    known = truth, prediction, judge_ids(truth, prediction, asked, in_gt), asked, grid, grid.box
    matches = match_synapses(*known)
    return matches, score(matches, *known)


def scenes(most=9):
    """Places (steps of 50 nm, so that distances tie and hit the tolerance) and two ids a row."""
    row = st.tuples(st.integers(2, 30), st.integers(0, 2), st.integers(0, 2))
    return st.tuples(st.lists(row, max_size=most), st.lists(row, max_size=most))


def tables(scene, truth_at, predicted_at):
    made = []
    for make, rows in zip((truth_at, predicted_at), scene, strict=True):
        x, pre, post = zip(*rows, strict=True) if rows else ((), (), ())
        made.append(make([50.0 * k for k in x], pre=list(pre), post=list(post)))
    return made


@pytest.fixture(scope="module")
def striped(grid):
    """A segmentation in stripes of 7 voxels along x: background, 1, 2, background, …"""
    stripes = (np.arange(grid.shape[2]) // 7 % 3).astype(np.uint64)
    return np.broadcast_to(stripes, grid.shape)


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(scene=scenes())
def test_cremi_matches_the_very_pairs_of_its_formula(scene, truth_at, predicted_at, grid, striped):
    truth, prediction = tables(scene, truth_at, predicted_at)

    def labels(table):
        found = [
            [striped[tuple(int(np.floor(v + 0.5)) for v in grid.to_fraction(p)[0])] for p in pair]
            for pair in zip(points(table, "pre"), points(table, "post"), strict=True)
        ]
        return ends(table, found)

    *expected, pairs = reference(labels(prediction), labels(truth), lambda a, b: a == b)
    matches, evaluation = judged(truth, prediction, grid, striped, rule="cremi")
    assert counts(matches) == tuple(expected)
    assert pairs_of(matches, truth, prediction) == sorted(pairs)
    tp, fp, fn = expected
    if tp:
        p, r = tp / (tp + fp), tp / (tp + fn)
        assert evaluation.f1 == pytest.approx(2 * p * r / (p + r))
    elif fp or fn:
        assert evaluation.f1 == 0.0
        assert "divides by zero" in evaluation.notes[-1]


@pytest.mark.slow
@settings(deadline=None, max_examples=100)
@given(scene=scenes())
def test_synful_matches_the_very_pairs_of_its_formula(scene, truth_at, predicted_at, grid):
    truth, prediction = tables(scene, truth_at, predicted_at)
    named = [
        (table["pre_segment"] != table["post_segment"])
        & (table["pre_segment"] != 0)
        & (table["post_segment"] != 0)
        for table in (truth, prediction)
    ]
    truth, prediction = truth[named[0]], prediction[named[1]]
    true, found = (
        ends(t, t[["pre_segment", "post_segment"]].to_numpy()) for t in (truth, prediction)
    )
    tp = fp = fn = 0
    for pair in {row[2] for row in true + found}:
        inside = [[row for row in rows if row[2] == pair] for rows in (found, true)]
        more = reference(*inside, lambda a, b: True)
        tp, fp, fn = tp + more[0], fp + more[1], fn + more[2]
    matches, _ = judged(truth, prediction, grid, rule="synful", judge="column")
    assert counts(matches) == (tp, fp, fn)


def test_cremi_does_not_look_for_most_matches(truth_at, predicted_at, grid):
    """Three pairs shifted along a chain by 300 nm: two exact ones cost least."""
    rows = truth_at([600.0, 900.0, 1200.0]), predicted_at([900.0, 1200.0, 1500.0])
    one = np.broadcast_to(np.uint64(1), grid.shape)
    assert counts(judged(*rows, grid, one, rule="cremi")[0]) == (2, 1, 1)
    assert counts(judged(*rows, grid, one, rule="three_point", judge="none")[0]) == (3, 0, 0)


@pytest.mark.parametrize(("moved", "tp"), [(400.0, 1), (400.001, 0)])
def test_cremi_includes_its_tolerance_at_each_end_alone(truth_at, predicted_at, grid, moved, tp):
    truth, other = truth_at([800.0]), predicted_at([800.0])
    place = points(truth, "pre") + np.asarray((0.0, 0.0, moved))
    one = np.broadcast_to(np.uint64(1), grid.shape)
    found = counts(judged(truth, with_points(other, "pre", place), grid, one, rule="cremi")[0])
    assert found == (tp, 1 - tp, 1 - tp)


def test_background_equals_background_for_cremi_alone(truth_at, predicted_at, grid):
    rows = truth_at([800.0], pre=0), predicted_at([800.0], pre=0)
    nothing = np.broadcast_to(np.uint64(0), grid.shape)
    assert counts(judged(*rows, grid, nothing, rule="cremi")[0]) == (1, 0, 0)
    kept = {"judge": "column", "drop_background": False}
    assert counts(judged(*rows, grid, rule="synful", **kept)[0]) == (0, 1, 1)
    assert counts(judged(*rows, grid, rule="synful", judge="column")[0]) == (0, 0, 0)


def test_cremi_rounds_halves_away_from_zero():
    grid = Grid((1, 1, 6), (40.0, 8.0, 10.0))
    look_up = cremi_look_up(np.arange(10, 16, dtype=np.uint64)[None, None], grid)
    x = [5.0, 15.0, 25.0, 24.999, 4.9999999999999991, -5.0]
    found = look_up([(0.0, 0.0, v) for v in x])
    assert found.tolist() == [11, 12, 13, 12, 10, 0], "banker's rounding would give 10, 12, 12"


def test_cremi_needs_a_true_segmentation(truth_at, predicted_at, grid):
    with pytest.raises(InputError, match=r"rule cremi.*ground-truth segmentation"):
        judged(truth_at([800.0]), predicted_at([800.0]), grid, rule="cremi")


def test_synful_needs_ids(truth_at, predicted_at, grid):
    with pytest.raises(InputError, match=r"rule synful.*judge gt, in_use or column"):
        judged(truth_at([800.0]), predicted_at([800.0]), grid, rule="synful", judge="none")


def test_many_rows_reach_the_same_least_cost(truth_at, predicted_at, grid, monkeypatch):
    rng = np.random.default_rng(4)
    rows = truth_at(rng.uniform(100, 2800, 40)), predicted_at(rng.uniform(100, 2800, 37))
    one = np.broadcast_to(np.uint64(1), grid.shape)

    def cost(matches):
        matched = matches.loc[matches["outcome"] == "tp", "cost_nm"]
        return matched.sum() - 2 * T * len(matched)

    filled, evaluation = judged(*rows, grid, one, rule="cremi")
    assert not evaluation.notes
    monkeypatch.setattr(published, "LARGEST_MATRIX", 20)
    sparse, _ = judged(*rows, grid, one, rule="cremi")
    assert cost(sparse) == pytest.approx(cost(filled))


def test_one_end_alone_may_be_compared(truth_at, predicted_at, grid):
    truth, other = truth_at([800.0]), predicted_at([800.0])
    far = with_points(other, "post", points(truth, "post") + np.asarray((0.0, 0.0, 900.0)))
    asked = {"rule": "synful", "judge": "column"}
    assert counts(judged(truth, far, grid, **asked)[0]) == (0, 1, 1)
    assert counts(judged(truth, far, grid, use_only="pre", **asked)[0]) == (1, 0, 0)
    assert counts(judged(truth, far, grid, use_only="post", **asked)[0]) == (0, 1, 1)


def test_the_fafb_setting_is_the_published_one(truth_at, predicted_at, grid):
    """700 nm at pre only, posts within 250 nm are one, autapses and background out."""
    truth = truth_at([300.0, 1500.0], pre=[1, 3], post=[2, 4])
    prediction = predicted_at(
        [1000.0, 1600.0, 1700.0, 1750.0, 2000.0, 2100.0],
        pre=[1, 3, 3, 3, 5, 0],
        post=[2, 4, 4, 4, 5, 4],
        score=[0.9, 0.3, 0.8, 0.5, 0.9, 0.9],
    )
    matches, evaluation = judged(
        truth, prediction, grid, rule="synful", judge="column", synful_preset="fafb"
    )
    assert counts(matches) == (2, 0, 0)
    assert pairs_of(matches, truth, prediction) == [(0, 0), (2, 1)], "the highest score stays"
    assert "0 of 2 true and 4 of 6 predicted" in evaluation.notes[-1]
    assert "T 700 nm · pre only" in evaluation.summary()
    plain = counts(judged(truth, prediction, grid, rule="synful", judge="column")[0])
    assert plain == (1, 3, 1)


def test_redundancy_is_single_linkage_inside_a_pair():
    """200 nm apart each: a chain of three is one; another pair at the same place is not."""
    post = np.asarray([(0.0, 0.0, x) for x in (0, 200, 400, 650.1, 0)])
    ids = np.asarray([(1, 2), (1, 2), (1, 2), (1, 2), (2, 1)], dtype=np.uint64)
    score = np.asarray([0.2, np.nan, 0.7, 0.9, 0.1])
    assert redundant_rows(post, ids, score, 250.0).tolist() == [True, True, False, False, False]
    assert not redundant_rows(post, ids, score, 0.0).any()
    assert redundant_rows(post[:0], ids[:0], score[:0], 250.0).shape == (0,)


def test_low_scores_can_be_left_out(truth_at, predicted_at, grid):
    rows = truth_at([800.0]), predicted_at([800.0, 2000.0], score=[0.6, 0.4])
    asked = {"rule": "synful", "judge": "column"}
    assert counts(judged(*rows, grid, **asked)[0]) == (1, 1, 0)
    assert counts(judged(*rows, grid, min_score=0.5, **asked)[0]) == (1, 0, 0)


def test_the_box_is_a_hard_cut(truth_at, predicted_at, grid):
    """No margin: across the face the one counts as missed."""
    half = Box((0, 0, 0), (12, 200, 150))
    truth, prediction = truth_at([1450.0]), predicted_at([1550.0])
    for rule, expected in (("three_point", (1, 0, 0)), ("synful", (0, 0, 1))):
        params = EvaluateParams(rule=rule, judge="column")
        known = truth, prediction, judge_ids(truth, prediction, params), params, grid, half
        assert counts(match_synapses(*known)) == expected


def test_scores_of_a_truth_leave_none_of_it_out(truth_at, predicted_at, compared):
    truth = truth_at([400, 500, 1500], pre=[1, 1, 3], post=[2, 2, 4])
    scored = truth.assign(score=[0.3, 0.9, 0.9])
    prediction = predicted_at([400, 1500], pre=[1, 3], post=[2, 4], score=0.9)
    asked = {"rule": "synful", "min_score": 0.5, "redundant_nm": 250.0}
    plain, same = (compared(rows, prediction, **asked)[1] for rows in (truth, scored))
    assert (plain.tp, plain.fn) == (same.tp, same.fn) == (2, 1)
