"""The partner model on pairs drawn at random, whose truth is a plain rule of two cues."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.params import SynapseParams
from napari_synapse_debug.domain.records import PAIRS, TRUTH, conform, empty, with_points
from napari_synapse_debug.synapses import (
    Link,
    enough_links,
    place_synapses,
    predict_partners,
    train_partners,
    true_links,
)
from napari_synapse_debug.synapses.partner_features import ordered_features
from napari_synapse_debug.synapses.partner_prediction import tree_scores
from napari_synapse_debug.synapses.partner_training import _fit, _samples, reliability

SIDED = ["inside", "near", "far", "vesicle", "mitochondrion", "edge_raw", "raw", "texture"]


def many_pairs(count: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Pairs, two a candidate; true is the first, and pre in it the side with vesicles."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({name: rng.random(count) for name in PAIRS})
    is_first = np.arange(count) % 2 == 0
    table["candidate"] = np.arange(count) // 2 + 1
    table["segment_a"], table["segment_b"] = 2, np.arange(count) + 5
    table["contact"] = 1
    table["overlap_nm2"] = np.where(is_first, 9000, 3000) + rng.normal(0, 800, count)
    table[["soma_a", "soma_b"]] = False
    table["p_synapse"] = np.nan
    a_is_pre = table["vesicle_a"] > table["vesicle_b"]
    links = np.where(a_is_pre, str(Link.A_TO_B), str(Link.B_TO_A))
    return conform(table, PAIRS), np.where(is_first, links, str(Link.NONE))


def swapped(pairs: pd.DataFrame) -> pd.DataFrame:
    """The same pairs with a and b exchanged, in every column."""
    other = {}
    for name in pairs.columns:
        parts = name.split("_")
        flip = {"a": "b", "b": "a"}
        sided = [k for k, part in enumerate(parts) if part in flip]
        if name != "p_ab" and sided:
            parts[sided[0]] = flip[parts[sided[0]]]
        other["_".join(parts)] = pairs[name]
    return pd.DataFrame(other)[list(pairs.columns)]


@pytest.fixture(scope="module")
def model():
    pairs, links = many_pairs(120, seed=1)
    assert enough_links(pairs, links)
    return train_partners(pairs, links, polyadic=False)


def test_who_is_pre_is_learnt_and_calibrated(model):
    assert model.synapses == 60
    assert model.pairs == 120
    pairs, links = many_pairs(200, seed=2)
    told = predict_partners(pairs, model)
    is_true = links != Link.NONE
    assert np.mean((told["p_synapse"] > 0.5) == is_true) >= 0.95
    right = (told["p_ab"] > 0.5) == (links == Link.A_TO_B)
    assert np.mean(right[is_true]) >= 0.9
    assert told["p_synapse"].between(0, 1).all()
    found = model.calibration
    assert found.brier < 0.5 * found.brier_of_rate
    assert sum(b.count for b in found.reliability) == 240
    assert found.direction_accuracy >= 0.8


def test_swapping_the_sides_swaps_the_answer(model):
    pairs, _ = many_pairs(40, seed=3)
    mirrored = swapped(pairs)
    assert (mirrored["vesicle_a"] == pairs["vesicle_b"]).all()
    assert (mirrored["volume_a_nm3"] == pairs["volume_b_nm3"]).all()
    one, other = predict_partners(pairs, model), predict_partners(mirrored, model)
    assert one["p_synapse"].std() > 0.1
    np.testing.assert_allclose(one["p_synapse"], other["p_synapse"], atol=1e-12)
    np.testing.assert_allclose(one["p_ab"], 1 - other["p_ab"], atol=1e-12)


def test_the_order_of_pairs_and_the_ids_do_not_matter(model):
    pairs, _ = many_pairs(40, seed=4)
    told = predict_partners(pairs, model)
    order = np.random.default_rng(0).permutation(len(pairs))
    shuffled = pairs.iloc[order].assign(
        candidate=lambda t: 100 - t["candidate"], segment_b=lambda t: t["segment_b"] + 7
    )
    again = predict_partners(shuffled, model)
    np.testing.assert_allclose(again["p_ab"], told["p_ab"].iloc[order])
    assert again.index.tolist() == order.tolist()


def test_plain_trees_score_as_those_of_scikit_learn():
    pairs, links = many_pairs(80, seed=5)
    samples, _ = _samples(pairs, links, ())
    forest = _fit(samples.features, samples.is_true, 0)
    model = train_partners(pairs, links, polyadic=False)
    expected = forest.decision_function(samples.features)
    assert expected.std() > 1
    np.testing.assert_allclose(tree_scores(samples.features, model), expected, atol=1e-9)


def test_unknown_cues_count_alike_on_both_sides_and_cues_can_be_left_out():
    pairs, _ = many_pairs(6, seed=6)
    blind = pairs.assign(vesicle_a=np.nan, vesicle_b=np.nan)
    features, names = ordered_features(blind, a_is_pre=True)
    assert np.isfinite(features).all()
    assert not features[:, names.index("vesicle against")].any()
    _, fewer = ordered_features(pairs, a_is_pre=True, without=["inside", "hub"])
    assert {"inside of pre", "inside of post", "inside against"} <= set(names) - set(fewer)
    assert "near of pre" in fewer
    with pytest.raises(InputError, match="smell"):
        ordered_features(pairs, a_is_pre=True, without=["smell"])


def test_the_hub_of_a_polyadic_candidate_touches_all():
    pairs, _ = many_pairs(3, seed=7)
    pairs = pairs.assign(
        candidate=1, segment_a=[4, 4, 8], segment_b=[8, 9, 9], overlap_nm2=[50.0, 30.0, 20.0]
    )
    features, names = ordered_features(pairs, a_is_pre=True)
    assert features[:, names.index("hub of pre")].tolist() == pytest.approx([0.8, 0.8, 0.7])
    assert features[:, names.index("hub of post")].tolist() == pytest.approx([0.7, 0.5, 0.5])
    assert features[:, names.index("lead")].tolist() == pytest.approx([1, 0.6, 0.4])


def test_too_few_true_synapses_are_refused():
    pairs, links = many_pairs(38, seed=8)
    assert (links != Link.NONE).sum() == 19
    assert not enough_links(pairs, links)
    with pytest.raises(InputError, match=r"19 at candidates.*at least 20"):
        train_partners(pairs, links, polyadic=False)


def test_without_pairs_the_prediction_is_empty(model):
    told = predict_partners(empty(PAIRS), model)
    assert len(told) == 0
    assert {name: str(kind) for name, kind in told.dtypes.items()} == dict(PAIRS)


def test_reliability_bins_by_hand():
    found = reliability(np.array([0.05, 0.15, 0.19, 1.0]), np.array([False, True, False, True]))
    assert [(b.count, b.observed) for b in found] == [(1, 0.0), (2, 0.5), (1, 1.0)]
    assert found[1].predicted == pytest.approx(0.17)


def truth_rows(*rows: tuple[int, int, float], ignore: tuple[int, ...] = ()) -> pd.DataFrame:
    """True rows of (pre, post, x of the cleft)."""
    table = pd.DataFrame(dict.fromkeys(TRUTH, 0), index=range(len(rows)))
    table["pre_segment"], table["post_segment"] = [r[0] for r in rows], [r[1] for r in rows]
    table = with_points(table, "cleft", [(0, 0, r[2]) for r in rows])
    return conform(table.assign(kind="", ignore=[k in ignore for k in range(len(rows))]), TRUTH)


def test_pairs_are_told_by_the_nearest_true_row(pair_table):
    pairs = pair_table(
        candidate=[1, 1, 2, 3, 4],
        segment_a=[1, 1, 1, 1, 5],
        segment_b=[2, 3, 2, 2, 6],
        cleft_z_nm=[0.0] * 5,
        cleft_y_nm=[0.0] * 5,
        cleft_x_nm=[100.0, 110.0, 300.0, 5000.0, 100.0],
    )
    truth = truth_rows((2, 1, 120.0), (3, 3, 110.0), (6, 5, 100.0), (0, 1, 100.0), ignore=(2,))
    found = true_links(pairs, truth, 400.0)
    # 2 → 1 takes the nearer pair; that of candidate 2 might have been it; 5, 6 is ignored
    assert found.tolist() == ["b_to_a", "none", "unknown", "none", "unknown"]
    sparse = true_links(pairs, truth, 400.0, is_complete=False)
    assert sparse.tolist() == ["b_to_a", "none", "unknown", "unknown", "unknown"]
    assert true_links(pairs, truth[:0], 400.0).tolist() == ["none"] * 5
    assert len(true_links(pairs[:0], truth, 400.0)) == 0


def test_placement_takes_the_word_of_the_model(pair_table, candidate_table):
    pairs = pair_table(
        candidate=[1, 1, 2],
        segment_a=[1, 2, 1],
        segment_b=[2, 3, 3],
        overlap_nm2=[9000.0, 4000.0, 4000.0],
        p_ab=[0.9, 0.25, 0.5],
        p_synapse=[0.2, 0.8, 0.4],
    )
    candidates = candidate_table(1, 2)
    by_rule = place_synapses(pairs.assign(p_synapse=np.nan), candidates, SynapseParams())
    assert by_rule.fates["fate"].tolist() == ["placed", "not_best_pair", "placed"]
    placed = place_synapses(pairs, candidates, SynapseParams(min_score=0.3))
    assert placed.fates["fate"].tolist() == ["not_best_pair", "placed", "below_score"]
    row = placed.synapses.iloc[0]
    assert (row["pre_segment"], row["post_segment"]) == (3, 2)
    assert row["score"] == pytest.approx(0.8 * 0.75)


def test_the_pre_of_a_polyadic_cleft_is_who_gives_most(pair_table, candidate_table):
    pairs = pair_table(
        candidate=[1, 1, 1],
        segment_a=[4, 4, 8],
        segment_b=[8, 9, 9],
        p_ab=[0.9, 0.8, 0.1],
        p_synapse=[0.9, 0.7, 0.5],
    )
    # 4 gives .9·.8 + .7·.6; 9 gives .5·.8 - .7·.6
    placed = place_synapses(pairs, candidate_table(1), SynapseParams(polyadic=True))
    assert placed.synapses["pre_segment"].tolist() == [4, 4]
    assert placed.synapses["score"].tolist() == pytest.approx([0.81, 0.56])


def test_a_post_in_a_soma_makes_its_synapse_one_on_a_soma(pair_table, candidate_table):
    pairs = pair_table(
        candidate=[1, 2, 4, 5],
        segment_b=[2, 3, 4, 5],
        p_ab=[0.9, 0.1, 0.9, 0.9],
        soma_a=[False, False, True, False],
        soma_b=[True, True, False, True],
    )
    candidates = candidate_table(1, 2, 4, 5, kind=["shaft", "shaft", "shaft", "spine_head"])
    kinds = place_synapses(pairs, candidates, SynapseParams()).synapses["kind"]
    # of the second the pre is in a soma, of the third too; the fourth is on a spine
    assert kinds.tolist() == ["soma", "shaft", "shaft", "spine_head"]
