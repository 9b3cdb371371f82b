import numpy as np
import pytest

from napari_synapse_debug.evaluate import Evaluation


def test_counted_by_hand(truth_at, predicted_at, compared):
    """Four truths, five predictions, of which two match: P 2/5, R 2/4, F1 4/9."""
    truth = truth_at([200, 900, 1600, 2300], kind=["shaft", "shaft", "soma", "soma"])
    prediction = predicted_at(
        [210, 920, 1600, 2000, 2900],
        pre=[1, 1, 7, 8, 9],
        kind=["shaft", "soma", "soma", "shaft", "shaft"],
    )
    found = compared(truth, prediction)[1]
    assert (found.tp, found.fp, found.fn) == (2, 3, 2)
    assert (found.n_truth, found.n_prediction) == (4, 5)
    assert (found.precision, found.recall) == (0.4, 0.5)
    assert found.f1 == pytest.approx(4 / 9)
    assert {k.kind: (k.rate, k.n) for k in found.recall_by_kind} == {
        "shaft": (1.0, 2),
        "soma": (0.0, 2),
    }
    assert {k.kind: (round(k.rate, 3), k.n) for k in found.precision_by_kind} == {
        "shaft": (0.333, 3),
        "soma": (0.5, 2),
    }
    assert found.kind_accuracy == 0.5


def test_direction_is_judged_where_the_pair_agrees_unordered(truth_at, predicted_at, compared):
    truth = truth_at([200, 900, 1600, 2300])
    prediction = predicted_at([200, 900, 1600, 2300], pre=[1, 1, 2, 6], post=[2, 2, 1, 7])
    assert compared(truth, prediction)[1].direction_accuracy == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("true", "predicted", "expected"),
    [
        ([], [], (1.0, 1.0, 1.0)),
        ([500.0], [], (None, 0.0, 0.0)),
        ([], [500.0], (0.0, None, 0.0)),
        ([500.0], [1500.0], (0.0, 0.0, 0.0)),
    ],
)
def test_empty_sides(truth_at, predicted_at, compared, true, predicted, expected):
    found = compared(truth_at(true), predicted_at(predicted))[1]
    assert (found.precision, found.recall, found.f1) == expected


def test_a_sparse_truth_gives_recall_only(truth_at, predicted_at, compared):
    truth, prediction = truth_at([500.0, 1500.0]), predicted_at([500.0, 2500.0])
    found = compared(truth, prediction, scope="sparse")[1]
    assert (found.precision, found.recall, found.f1) == (None, 0.5, None)
    assert (found.fp, found.unjudged) == (0, 1)
    assert found.precision_interval is None
    assert all(edge.fp is None for edge in found.edges)


def test_edges_count_neuron_pairs(truth_at, predicted_at, compared):
    """1 → 2 has two true and two predicted rows, 3 → 4 two true and one predicted, 5 → 6 none."""
    truth = truth_at([0, 500, 1000, 1500], pre=[1, 1, 3, 3], post=[2, 2, 4, 4])
    prediction = predicted_at([0, 500, 1000, 2500], pre=[1, 1, 3, 5], post=[2, 2, 4, 6])
    found = compared(truth, prediction, edge_at=(1, 2))[1].edges
    assert [(e.at, e.tp, e.fp, e.fn) for e in found] == [(1, 2, 1, 0), (2, 1, 0, 1)]


def test_the_curve_is_matched_anew(truth_at, predicted_at, compared):
    """At .8 the weaker prediction takes over the truth that the stronger one had."""
    truth = truth_at([0.0, 350.0])
    prediction = predicted_at([350.0, 700.0, 2000.0], score=[0.9, 0.8, 0.3])
    curve = compared(truth, prediction)[1].curve
    told = [(p.threshold, p.precision, p.recall) for p in curve.points]
    assert told == [(0.9, 1.0, 0.5), (0.8, 1.0, 1.0), (0.3, 2 / 3, 1.0)]
    assert curve.area == 1.0
    assert (curve.best_f1, curve.best_threshold) == (1.0, 0.8)
    assert curve.is_optimistic


def test_without_scores_the_curve_is_a_point(truth_at, predicted_at, compared):
    curve = compared(truth_at([0.0, 900.0]), predicted_at([0.0]))[1].curve
    assert [(p.threshold, p.precision, p.recall) for p in curve.points] == [(None, 1.0, 0.5)]
    assert curve.area is None


def test_a_curve_has_at_most_fifty_points(truth_at, predicted_at, compared):
    scores = np.linspace(0.01, 0.99, 70)
    prediction = predicted_at(np.linspace(0, 2900, 70), score=scores)
    points = compared(truth_at([100.0]), prediction)[1].curve.points
    assert len(points) == 50
    assert points[-1].threshold == pytest.approx(0.01)


def test_splits_and_merges_of_clefts(truth_at, predicted_at, compared):
    truth = truth_at([0, 500, 1000, 1500], synapse=[1, 1, 2, 3])
    prediction = predicted_at([0, 500, 1000, 1500], candidate=[1, 2, 4, 4])
    found = compared(truth, prediction)[1]
    assert (found.splits, found.merges) == (1, 1)


def test_the_summary_never_lacks_the_recipe(truth_at, predicted_at, compared):
    truth, prediction = truth_at([0, 700, 1400, 2100]), predicted_at([0, 700, 1400, 2900])
    line = compared(truth, prediction)[1].summary()
    assert line.startswith("P .75 R .75 F1 .75 [.37–.94]")
    assert line.endswith("· three_point · judge column · T 400 nm · complete · n 4/4")


def test_an_evaluation_survives_json(truth_at, predicted_at, compared):
    found = compared(truth_at([0, 700]), predicted_at([0.0], score=[0.5]))[1]
    assert Evaluation.model_validate_json(found.model_dump_json()) == found


def test_a_miss_beside_its_reciprocal_found_rightly_says_nothing_of_directions(
    truth_at, predicted_at, compared
):
    truth = truth_at([400, 700], pre=[1, 2], post=[2, 1])
    right = compared(truth, predicted_at([700], pre=2, post=1))[1]
    wrong = compared(truth[:1], predicted_at([400], pre=2, post=1))[1]
    assert (right.direction_accuracy, wrong.direction_accuracy) == (1.0, 0.0)
