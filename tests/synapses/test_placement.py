from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.params import SynapseParams
from napari_synapse_debug.domain.records import CANDIDATES, PAIRS, PREDICTION, empty, points
from napari_synapse_debug.synapses import place_synapses

ONE = SynapseParams(min_overlap_nm2=2000, duplicate_nm=100)
MANY = ONE.model_copy(update={"polyadic": True})


def test_the_best_pair_of_a_candidate_is_placed(pair_table, candidate_table):
    pairs = pair_table(
        candidate=[4, 4, 9],
        segment_a=[1, 2, 1],
        segment_b=[2, 3, 3],
        overlap_nm2=[4000.0, 6000.0, 3000.0],
        probability=[0.9, 0.5, 0.81],
        p_ab=[0.2, 0.9, 0.75],
    )
    candidates = candidate_table(4, 9, kind=["shaft", "soma"])
    placed = place_synapses(pairs, candidates, ONE)
    assert placed.fates["fate"].tolist() == ["placed", "not_best_pair", "placed"]
    rows = placed.synapses
    assert rows["row"].tolist() == [1, 2]
    assert rows["candidate"].tolist() == [4, 9]
    assert rows["kind"].tolist() == ["shaft", "soma"]
    # p_ab 0.2: b is pre; 0.75: a is
    assert rows["pre_segment"].tolist() == [2, 1]
    assert rows["post_segment"].tolist() == [1, 3]
    assert points(rows, "pre")[0].tolist() == points(pairs, "b")[0].tolist()
    assert points(rows, "post")[1].tolist() == points(pairs, "b")[2].tolist()
    expected = [np.sqrt(0.49 * 0.9) * 0.8, np.sqrt(0.49 * 0.81) * 0.75]
    assert rows["score"].tolist() == pytest.approx(expected)
    assert {name: str(kind) for name, kind in rows.dtypes.items()} == dict(PREDICTION)


def test_each_filter_names_itself(pair_table, candidate_table):
    pairs = pair_table(
        candidate=[1, 2, 3, 4, 5],
        segment_b=[2, 2, 2, 2, 1],
        overlap_nm2=[9000.0, 1999.0, 9000.0, 9000.0, 9000.0],
        overlap_fraction=[0.5, 0.5, 0.09, 0.5, 0.5],
        probability=[0.81, 0.81, 0.81, 0.01, 0.81],
    )
    candidates = candidate_table(1, 2, 3, 4, 5, is_kept=[False, True, True, True, True])
    strict = ONE.model_copy(update={"min_overlap_fraction": 0.1, "min_score": 0.1})
    fates = place_synapses(pairs, candidates, strict).fates["fate"].tolist()
    assert fates == [
        "candidate_too_small",
        "below_overlap",
        "below_share",
        "below_score",
        "autapse",
    ]


def test_a_pair_that_is_filtered_out_is_never_the_best(pair_table, candidate_table):
    pairs = pair_table(candidate=[1, 1], segment_b=[2, 3], overlap_nm2=[1000.0, 3000.0])
    placed = place_synapses(pairs, candidate_table(1), ONE)
    assert placed.fates["fate"].tolist() == ["below_overlap", "placed"]


def test_a_polyadic_cleft_has_one_pre_and_many_posts(pair_table, candidate_table):
    # segment 5 holds the T-bar; 2 and 8 are its posts and touch each other, too
    pairs = pair_table(
        candidate=[1, 1, 1],
        segment_a=[2, 2, 5],
        segment_b=[5, 8, 8],
        p_ab=[0.1, 0.55, 0.8],
    )
    placed = place_synapses(pairs, candidate_table(1), MANY)
    assert placed.fates["fate"].tolist() == ["placed", "not_with_pre", "placed"]
    assert placed.synapses["pre_segment"].tolist() == [5, 5]
    assert placed.synapses["post_segment"].tolist() == [2, 8]
    # its evidence: ln 9 + ln 4 over two equal overlaps, so odds of 6 to 1
    assert placed.synapses["score"].tolist() == pytest.approx([0.63 * 6 / 7] * 2)


def test_candidates_choose_their_pre_alone(pair_table, candidate_table):
    pairs = pair_table(candidate=[1, 2], p_ab=[0.9, 0.1], contact=[3, 4])
    synapses = place_synapses(pairs, candidate_table(1, 2), MANY).synapses
    assert synapses["pre_segment"].tolist() == [1, 2]
    assert synapses["contact"].tolist() == [3, 4]


def test_without_evidence_the_direction_is_arbitrary_but_fixed(pair_table, candidate_table):
    pairs = pair_table(candidate=[1], p_ab=[0.5])
    for params in (ONE, MANY):
        row = place_synapses(pairs, candidate_table(1), params).synapses.iloc[0]
        assert (row["pre_segment"], row["post_segment"]) == (1, 2)
        assert row["score"] == pytest.approx(0.63 / 2)


def test_a_repeated_row_is_lost_to_the_better_one(pair_table, candidate_table):
    # 80 nm apart each: the best, in the middle, takes both neighbours; the fourth is too far
    pairs = pair_table(
        candidate=[1, 2, 3, 4],
        p_ab=[0.8, 0.9, 0.7, 0.6],
        cleft_z_nm=[0.0] * 4,
        cleft_y_nm=[0.0] * 4,
        cleft_x_nm=[0.0, 80.0, 160.0, 240.0],
    )
    fates = place_synapses(pairs, candidate_table(1, 2, 3, 4), ONE).fates["fate"].tolist()
    assert fates == ["duplicate", "placed", "duplicate", "placed"]


def test_the_reverse_pair_is_no_duplicate(pair_table, candidate_table):
    pairs = pair_table(
        candidate=[1, 2], p_ab=[0.8, 0.2], **{f"cleft_{k}_nm": [0.0] * 2 for k in "zyx"}
    )
    assert len(place_synapses(pairs, candidate_table(1, 2), ONE).synapses) == 2


def test_the_pairs_keep_their_index_and_columns(pair_table, candidate_table):
    pairs = pair_table(candidate=[1, 2]).set_index(np.array([30, 10])).assign(note="x")
    before = pairs.copy()
    fates = place_synapses(pairs, candidate_table(1, 2), ONE).fates
    pd.testing.assert_frame_equal(pairs, before)
    pd.testing.assert_frame_equal(fates.drop(columns="fate"), before)


@pytest.mark.parametrize("params", [ONE, MANY])
def test_no_pairs_give_no_synapses(params):
    placed = place_synapses(empty(PAIRS), empty(CANDIDATES), params)
    assert len(placed.synapses) == len(placed.fates) == 0
    assert list(placed.synapses) == list(PREDICTION)
    assert list(placed.fates) == [*PAIRS, "fate"]


@pytest.mark.parametrize("params", [ONE, MANY])
def test_all_pairs_may_be_lost(params, pair_table, candidate_table):
    pairs = pair_table(candidate=[1], overlap_nm2=[1.0])
    placed = place_synapses(pairs, candidate_table(1), params)
    assert placed.fates["fate"].tolist() == ["below_overlap"]
    assert len(placed.synapses) == 0


def test_pairs_of_another_run_are_refused(pair_table, candidate_table):
    with pytest.raises(InputError, match="candidate 7"):
        place_synapses(pair_table(candidate=[7]), candidate_table(1), ONE)
