import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.params import EvaluateParams
from napari_synapse_debug.evaluate import (
    match_in_box,
    match_overlap,
    merge_overlaps,
    overlap_counts_in_block,
    score_overlap,
)

#            1 lies on 7 and 8, more on 7; 2 lies on 7 alone; 3 on nothing; 9 is missed
PREDICTED = np.asarray([[[1, 1, 1, 2, 2, 0, 3, 3, 0, 0]]])
TRUE = np.asarray([[[8, 7, 7, 7, 0, 0, 0, 0, 9, 9]]])


def pairs(mode):
    return match_overlap(overlap_counts_in_block(PREDICTED, TRUE), mode)


def test_any_shared_voxel_is_a_hit_when_bare():
    found = pairs("bare")
    assert found.pairs.tolist() == [[1, 7], [1, 8], [2, 7]]
    assert (found.missed.tolist(), found.false.tolist()) == ([9], [3])
    assert (found.splits, found.merges) == (1, 1)


def test_each_prediction_keeps_its_largest_when_liberal():
    found = pairs("liberal")
    assert found.pairs.tolist() == [[1, 7], [2, 7]]
    assert found.missed.tolist() == [8, 9]


def test_pairs_are_one_to_one_when_conservative():
    found = pairs("conservative")
    assert found.pairs.tolist() == [[1, 7]]
    assert (found.missed.tolist(), found.false.tolist()) == ([8, 9], [2, 3])


def test_precision_and_recall_count_their_own_side():
    """Bare: two of three predicted, two of three true components."""
    score = score_overlap(pairs("bare"), EvaluateParams(rule="overlap"), Box.of_shape((1, 1, 10)))
    assert (score.precision, score.recall, score.f1) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    assert (score.tp, score.fp, score.fn) == (2, 1, 1)


def test_nothing_on_either_side():
    nothing = np.zeros((2, 3, 4), dtype=np.int64)
    something = nothing.copy()
    something[1, 1, 1] = 5
    params, box = EvaluateParams(rule="overlap"), Box.of_shape((2, 3, 4))
    both = score_overlap(match_overlap(overlap_counts_in_block(nothing, nothing)), params, box)
    assert (both.precision, both.recall, both.f1) == (1.0, 1.0, 1.0)
    one = score_overlap(match_overlap(overlap_counts_in_block(something, nothing)), params, box)
    assert (one.precision, one.recall, one.f1) == (0.0, None, 0.0)
    assert match_overlap(merge_overlaps([])).n_true == 0


def test_other_shapes_are_refused():
    with pytest.raises(InputError, match="same voxels"):
        overlap_counts_in_block(PREDICTED, TRUE[:, :, :4])


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 5))
def test_any_blocks_give_the_same_counts(seed, dy, dx):
    rng = np.random.default_rng(seed)
    shape = (2, 5, 7)
    predicted, true = rng.integers(0, 4, (2, *shape))
    parts = [
        overlap_counts_in_block(predicted[block.slices], true[block.slices])
        for block in Box.of_shape(shape).blocks((1, dy, dx))
    ]
    whole, merged = overlap_counts_in_block(predicted, true), merge_overlaps(parts)
    for name in ("predicted", "true", "voxels"):
        assert np.array_equal(getattr(whole, name), getattr(merged, name))


def test_a_component_cut_by_the_box_counts_where_most_of_it_lies():
    #                         | the box
    predicted = np.asarray([[[1, 1, 1, 1, 0, 2, 2, 0, 3]]])
    true = np.asarray([[[0, 0, 0, 0, 0, 5, 5, 0, 0]]])
    inside = overlap_counts_in_block(predicted[..., 3:], true[..., 3:])
    around = overlap_counts_in_block(predicted, true)
    assert match_overlap(inside).false.tolist() == [1, 3]
    found = match_in_box(inside, around)
    assert found.pairs.tolist() == [[2, 5]]
    assert found.false.tolist() == [3]
    assert (found.n_predicted, found.n_true) == (2, 1)


def test_a_pair_across_the_face_of_the_box_is_a_pair():
    predicted = np.asarray([[[1, 1, 1, 0, 0, 0, 0]]])
    true = np.asarray([[[0, 0, 7, 7, 7, 7, 0]]])
    inside = overlap_counts_in_block(predicted[..., 3:], true[..., 3:])
    around = overlap_counts_in_block(predicted, true)
    assert match_overlap(inside).missed.tolist() == [7]
    found = match_in_box(inside, around)
    assert found.pairs.tolist() == [[1, 7]]
    assert (len(found.missed), len(found.false)) == (0, 0)


def test_a_box_of_everything_changes_nothing():
    counts = overlap_counts_in_block(PREDICTED, TRUE)
    assert match_in_box(counts, counts).pairs.tolist() == match_overlap(counts).pairs.tolist()
    assert match_in_box(counts, counts).false.tolist() == match_overlap(counts).false.tolist()


def test_under_a_sparse_truth_no_component_is_false():
    predicted, true = np.zeros((2, 1, 1, 6), np.int64)
    predicted[..., [0, 2, 4]] = 1, 2, 3
    true[..., 0] = 1
    match = match_overlap(overlap_counts_in_block(predicted, true))
    params = EvaluateParams(rule="overlap", scope="sparse", scope_kinds="shaft")
    found = score_overlap(match, params, Box((0, 0, 0), (1, 1, 6)))
    assert (found.recall, found.precision, found.f1, found.fp) == (1.0, None, None, 0)
    assert found.summary().startswith("P – R 1.00 F1 – · overlap · conservative · sparse · n 1/3")
