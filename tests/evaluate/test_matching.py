import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.params import EvaluateParams
from napari_synapse_debug.domain.records import MATCHES, with_points
from napari_synapse_debug.evaluate import judge_ids, look_up_segments, match_synapses

HALF = Box((0, 0, 0), (12, 200, 150))  # clefts with x < 1495 nm


def outcomes(matches):
    """Outcome by row: truth rows from 0, predictions from 100 (unmatched ones only)."""
    row = matches["truth_row"].fillna(matches["prediction_row"]).astype(int)
    return dict(zip(row, matches["outcome"], strict=True))


def refusal(matches, row):
    column = "truth_row" if row < 100 else "prediction_row"
    found = matches[matches[column] == row].iloc[0]
    return found["refusal"], found["refusals"], found["refused_row"]


def test_the_tolerance_is_included(truth_at, predicted_at, compared):
    truth = truth_at([0.0, 1000.0])
    assert outcomes(compared(truth, predicted_at([400.0, 1400.001]))[0]) == {
        0: "tp",
        1: "fn",
        101: "fp",
    }


def test_distances_are_in_nm_on_every_axis(truth_at, predicted_at, compared):
    """400 nm are ten sections."""
    truth, other = truth_at([500.0], z_nm=0.0), predicted_at([500.0], z_nm=400.0)
    assert outcomes(compared(truth, other)[0]) == {0: "tp"}
    assert outcomes(compared(truth, predicted_at([500.0], z_nm=401.0))[0]) == {0: "fn", 100: "fp"}


@pytest.mark.parametrize(
    ("pre", "post", "x_nm", "headline", "all_of_them"),
    [
        (2, 1, 0.0, "reversed", "reversed"),
        (9, 2, 0.0, "wrong_pre", "wrong_pre"),
        (1, 9, 0.0, "wrong_post", "wrong_post"),
        (9, 8, 0.0, "wrong_pre", "wrong_pre,wrong_post"),
        (1, 2, 500.0, "too_far_cleft", "too_far_cleft"),
        (2, 1, 500.0, "reversed", "reversed,too_far_cleft"),
        (0, 2, 0.0, "wrong_pre", "wrong_pre"),
    ],
)
def test_a_refusal_names_what_failed(
    truth_at, predicted_at, compared, pre, post, x_nm, headline, all_of_them
):
    matches, _ = compared(truth_at([1000.0]), predicted_at([1000.0 + x_nm], pre, post))
    assert refusal(matches, 100) == (headline, all_of_them, 0)
    assert refusal(matches, 0) == (headline, all_of_them, 100)


def test_a_duplicate_could_match_but_its_truth_is_taken(truth_at, predicted_at, compared):
    matches, _ = compared(truth_at([1000.0]), predicted_at([1010.0, 1100.0]))
    assert outcomes(matches) == {0: "tp", 101: "fp"}
    assert refusal(matches, 101) == ("duplicate", "duplicate", 0)


def test_fewest_failed_tests_come_before_the_nearest(truth_at, predicted_at, compared):
    """A stranger at 50 nm fails two tests, the own pair at 450 nm fails one."""
    truth = truth_at([950.0, 1450.0], pre=[7, 1], post=[8, 2])
    matches, _ = compared(truth, predicted_at([1000.0]))
    assert refusal(matches, 100) == ("too_far_cleft", "too_far_cleft", 1)


def test_beyond_two_tolerances_nothing_is_compared(truth_at, predicted_at, compared):
    matches, _ = compared(truth_at([0.0]), predicted_at([801.0]))
    assert refusal(matches, 100)[:2] == ("", "")
    assert refusal(matches, 100)[2] is pd.NA


def test_background_equals_nothing(truth_at, predicted_at, compared):
    rows = truth_at([500.0], pre=0), predicted_at([500.0], pre=0)
    assert outcomes(compared(*rows)[0]) == {0: "fn", 100: "fp"}


def test_without_a_judge_all_three_points_must_be_near(truth_at, predicted_at, compared):
    truth, prediction = truth_at([500.0]), predicted_at([500.0], pre=8, post=9)
    matches, _ = compared(truth, prediction, judge="none")
    assert outcomes(matches) == {0: "tp"}
    assert matches["cost_nm"].iloc[0] == 0.0
    far = with_points(prediction, "post", [(200.0, 400.0, 1000.0)])
    matches, _ = compared(truth, far, judge="none")
    assert refusal(matches, 100) == ("too_far_post", "too_far_post", 0)


def test_without_a_judge_the_cost_is_the_mean_of_three_legs(truth_at, predicted_at, compared):
    moved = with_points(predicted_at([500.0]), "pre", [(200.0, 400.0, 490.0)])
    matches, _ = compared(truth_at([500.0]), moved, judge="none")
    assert matches["cost_nm"].iloc[0] == pytest.approx(30.0 / 3)


def test_a_pair_across_the_face_counts_where_its_truth_lies(truth_at, predicted_at, compared):
    inside, outside = truth_at([1450.0]), predicted_at([1550.0])
    assert outcomes(compared(inside, outside, box=HALF)[0]) == {0: "tp"}
    assert outcomes(compared(truth_at([1550.0]), predicted_at([1450.0]), box=HALF)[0]) == {
        0: "ignored"
    }


def test_an_unmatched_row_in_the_margin_counts_nowhere(truth_at, predicted_at, compared):
    matches, _ = compared(truth_at([1550.0]), predicted_at([1700.0], pre=5), box=HALF)
    assert outcomes(matches) == {0: "ignored", 100: "ignored"}
    far, _ = compared(truth_at([2000.0]), predicted_at([2100.0]), box=HALF)
    assert len(far) == 0


def test_a_box_is_half_open(truth_at, predicted_at, compared):
    none = predicted_at([])
    assert outcomes(compared(truth_at([1494.9]), none, box=HALF)[0]) == {0: "fn"}
    assert outcomes(compared(truth_at([1495.0]), none, box=HALF)[0]) == {0: "ignored"}


def test_the_border_does_not_count(truth_at, predicted_at, compared):
    rows = truth_at([1390.0]), predicted_at([])
    assert outcomes(compared(*rows, box=HALF)[0]) == {0: "fn"}
    assert outcomes(compared(*rows, box=HALF, border_nm=110.0)[0]) == {0: "ignored"}


def test_a_truth_beyond_the_margin_refuses_by_the_box(truth_at, predicted_at, compared):
    rows = truth_at([1550.0]), predicted_at([1450.0])
    matches, _ = compared(*rows, box=HALF, margin_nm=0.0)
    assert outcomes(matches) == {100: "fp"}
    assert refusal(matches, 100) == ("outside_box", "outside_box", 0)


def test_ignored_truth_takes_its_prediction_out_of_the_count(truth_at, predicted_at, compared):
    truth = truth_at([500.0, 1500.0], ignore=[True, False])
    matches, _ = compared(truth, predicted_at([500.0, 1500.0]))
    assert outcomes(matches) == {0: "ignored", 1: "tp"}
    without, _ = compared(truth[1:], predicted_at([500.0, 1500.0]))
    assert outcomes(without) == {1: "tp", 100: "fp"}


def test_under_a_sparse_truth_no_prediction_is_false(truth_at, predicted_at, compared):
    rows = truth_at([500.0]), predicted_at([500.0, 1500.0])
    assert outcomes(compared(*rows)[0]) == {0: "tp", 101: "fp"}
    assert outcomes(compared(*rows, scope="sparse")[0]) == {0: "tp", 101: "unjudged"}


def test_autapses_are_left_out_and_counted(truth_at, predicted_at, compared):
    truth = truth_at([500.0, 1500.0], pre=[1, 4], post=[2, 4])
    prediction = predicted_at([500.0, 1500.0, 2500.0], pre=[1, 4, 6], post=[2, 4, 6])
    matches, evaluation = compared(truth, prediction)
    assert outcomes(matches) == {0: "tp"}
    assert (evaluation.autapses_truth, evaluation.autapses_prediction) == (1, 2)


def test_without_its_volume_another_judge_stands_in_and_says_so(truth_at, predicted_at, grid):
    volume = np.full(grid.shape, 5, dtype=np.uint8)
    truth, prediction = truth_at([500.0]), predicted_at([500.0])

    def in_use(points):
        return look_up_segments(points, volume, grid)

    params = EvaluateParams()
    found = judge_ids(truth, prediction, params, in_use=in_use)
    assert (found.judge, found.truth.tolist()) == ("in_use", [[5, 5]])
    assert "without a ground-truth segmentation it is 'in_use'" in found.notes[0]
    assert not found.truth_is_autapse.any()  # a segmentation in use may have merged them
    last = judge_ids(truth, prediction, params)
    assert (last.judge, last.truth.tolist()) == ("column", [[1, 2]])
    asked = judge_ids(truth, prediction, params, in_gt=in_use)
    assert (asked.judge, asked.notes) == ("gt", ())


def test_a_true_row_whose_points_share_a_segment_stays_in(truth_at, predicted_at, grid):
    """It is a fault of the truth, to be diagnosed; only a row that says so is an autapse."""
    volume = np.full(grid.shape, 5, dtype=np.uint8)

    def in_gt(points):
        return look_up_segments(points, volume, grid)

    truth = truth_at([500.0, 1500.0], pre=[1, 3], post=[2, 3])
    found = judge_ids(truth, predicted_at([500.0]), EvaluateParams(), in_gt=in_gt)
    assert found.truth_is_autapse.tolist() == [False, True]
    assert found.prediction_is_autapse.tolist() == [True]


def test_empty_tables_give_a_well_formed_empty_one(truth_at, predicted_at, compared):
    matches, _ = compared(truth_at([]), predicted_at([]))
    assert list(matches.columns) == list(MATCHES)
    assert len(matches) == 0


def test_a_point_that_is_no_place_is_refused(truth_at, predicted_at, compared):
    broken = with_points(truth_at([500.0]), "pre", [(np.nan, 0.0, 0.0)])
    with pytest.raises(InputError, match="row 0"):
        compared(broken, predicted_at([500.0]))


def test_repeated_row_ids_are_refused(truth_at, predicted_at, compared):
    with pytest.raises(InputError, match="not unique"):
        compared(truth_at([500.0, 900.0]).assign(row=4), predicted_at([500.0]))


def test_another_rule_is_sent_to_its_own_function(truth_at, predicted_at, grid):
    rows = truth_at([500.0]), predicted_at([500.0])
    params = EvaluateParams(rule="cleft", judge="column")
    with pytest.raises(InputError, match="match_clefts"):
        match_synapses(*rows, judge_ids(*rows, params), params, grid, grid.box)


def scenes():
    """Clefts on a line, a few neurons."""
    side = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 3), st.integers(4, 5)), max_size=8)
    return st.tuples(side, side)


def tables(scene, truth_at, predicted_at):
    made = []
    for make, rows in zip((truth_at, predicted_at), scene, strict=True):
        x, pre, post = zip(*rows, strict=True) if rows else ((), (), ())
        made.append(make([40.0 * k for k in x], pre=list(pre), post=list(post)))
    return made


@settings(deadline=None, max_examples=30)
@given(scene=scenes(), seed=st.integers(0, 2**32))
def test_order_and_ids_of_rows_change_no_number(scene, seed, truth_at, predicted_at, compared):
    truth, prediction = tables(scene, truth_at, predicted_at)
    rng = np.random.default_rng(seed)
    renumber = dict(zip([1, 2, 3, 4, 5], rng.permutation([11, 12, 13, 14, 15]), strict=True))
    mixed = []
    for table in (truth, prediction):
        turned = table.sample(frac=1.0, random_state=seed % 1000).reset_index(drop=True)
        turned["row"] = rng.permutation(len(turned)) + 500
        for end in ("pre_segment", "post_segment"):
            turned[end] = turned[end].map(renumber).astype("uint64")
        mixed.append(turned)
    before, after = compared(truth, prediction), compared(*mixed)
    for name in ("tp", "fp", "fn", "precision", "recall", "f1", "edges"):
        assert getattr(before[1], name) == getattr(after[1], name)
    costs = [np.sort(matches["cost_nm"].dropna()) for matches, _ in (before, after)]
    assert np.array_equal(costs[0], costs[1])


@settings(deadline=None, max_examples=30)
@given(scene=scenes())
def test_exchanging_the_sides_exchanges_precision_and_recall(
    scene, truth_at, predicted_at, compared
):
    there = compared(*tables(scene, truth_at, predicted_at))[1]
    back = compared(*tables(scene[::-1], truth_at, predicted_at))[1]
    assert (there.precision, there.recall) == (back.recall, back.precision)
    assert there.f1 == back.f1


def test_a_repeated_prediction_is_a_duplicate_though_another_truth_is_nearer(
    truth_at, predicted_at, compared
):
    truth = truth_at([400, 460], pre=1, post=[2, 3], synapse=[1, 1])
    prediction = predicted_at([400, 520], pre=1, post=2)  # that at 520 is nearer to 1 → 3
    matches = compared(truth, prediction)[0]
    repeated = matches[matches["prediction_row"] == 101].iloc[0]
    assert (repeated["refusal"], repeated["refused_row"]) == ("duplicate", 0)
