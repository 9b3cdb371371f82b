from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from napari_synapse_debug.evaluate.optimum import Edges, match_best, match_cheapest


def edges_of(triples):
    t, p, cost = zip(*triples, strict=True) if triples else ((), (), ())
    return Edges(np.asarray(t, np.int64), np.asarray(p, np.int64), np.asarray(cost, float))


def value(chosen, is_counted):
    """(counted matches, matches, -cost): larger is better."""
    counted = sum(bool(is_counted[t]) for t, _, _ in chosen)
    return counted, len(chosen), -sum(cost for *_, cost in chosen)


def brute_force(triples, is_counted):
    """The best value of all one-to-one selections."""
    best = (0, 0, 0.0)
    for size in range(1, len(triples) + 1):
        for chosen in combinations(triples, size):
            ts, ps = {t for t, _, _ in chosen}, {p for _, p, _ in chosen}
            if len(ts) == len(ps) == size:
                best = max(best, value(chosen, is_counted))
    return best


def solved(triples, is_counted):
    matched = match_best(edges_of(triples), np.asarray(is_counted))
    return list(zip(matched.truth, matched.prediction, matched.cost_nm, strict=True))


def test_more_matches_win_over_less_cost():
    """Truths 0 and 350, predictions 350 and 700 nm: the exact pair would leave two rows alone."""
    triples = [(0, 0, 350.0), (1, 0, 0.0), (1, 1, 350.0)]
    assert [(t, p) for t, p, _ in solved(triples, [True, True])] == [(0, 0), (1, 1)]


def test_a_counted_match_wins_over_a_cheaper_one_that_does_not_count():
    triples = [(0, 0, 390.0), (1, 0, 1.0)]
    assert [t for t, *_ in solved(triples, [True, False])] == [0]
    assert [t for t, *_ in solved(triples, [False, False])] == [1]


def test_no_edges_give_no_matches():
    assert solved([], [True]) == []


def graphs():
    """Up to nine edges between four truths and five predictions; costs are whole numbers."""
    edge = st.tuples(st.integers(0, 3), st.integers(0, 4))
    return st.tuples(
        st.dictionaries(edge, st.integers(0, 400).map(float), max_size=9),
        st.lists(st.booleans(), min_size=4, max_size=4),
    )


@settings(deadline=None)
@given(graphs())
def test_the_optimum_is_that_of_brute_force(graph):
    costs, is_counted = graph
    triples = [(t, p, cost) for (t, p), cost in costs.items()]
    found = solved(triples, is_counted)
    assert len({t for t, *_ in found}) == len({p for _, p, _ in found}) == len(found)
    assert value(found, is_counted) == brute_force(triples, is_counted)


@settings(deadline=None)
@given(graphs(), st.randoms(use_true_random=False))
def test_the_order_of_the_edges_changes_nothing(graph, random):
    costs, is_counted = graph
    triples = [(t, p, cost) for (t, p), cost in costs.items()]
    mixed = random.sample(triples, len(triples))
    assert solved(triples, is_counted) == solved(mixed, is_counted)


@settings(deadline=None)
@given(graphs())
def test_what_lies_elsewhere_changes_nothing(graph):
    """Each connected part is solved as if it were alone, with ties and all."""
    costs, is_counted = graph
    triples = [(t, p, cost) for (t, p), cost in costs.items()]
    elsewhere = [(t - 4, p - 5, cost) for t, p, cost in triples]
    both = [(t + 4, p + 5, cost) for t, p, cost in elsewhere + triples]
    found = solved(both, [*is_counted, *is_counted])
    alone = solved(triples, is_counted)
    assert [(t - 4, p - 5, c) for t, p, c in found if t >= 4] == alone


def dense_optimum(edges, shape, is_counted):
    """The best value by one large cost matrix, as the definition has it."""
    dear = 1.0 + edges.cost_nm.max() * min(shape)
    matrix = np.zeros(shape)
    matrix[edges.truth, edges.prediction] = edges.cost_nm - dear * (1 + is_counted[edges.truth])
    rows, columns = linear_sum_assignment(matrix)
    taken = matrix[rows, columns] < 0
    cost = dict(zip(zip(edges.truth, edges.prediction, strict=True), edges.cost_nm, strict=True))
    pairs = list(zip(rows[taken], columns[taken], strict=True))
    return int(is_counted[rows[taken]].sum()), len(pairs), sum(cost[pair] for pair in pairs)


@pytest.mark.parametrize("density", [0.004, 0.02, 0.2])
def test_large_tangled_graphs_reach_the_optimum_of_the_matrix(density):
    rng = np.random.default_rng(int(1000 * density))
    shape = (230, 190)
    t, p = np.nonzero(rng.random(shape) < density)
    edges = Edges(t, p, rng.integers(0, 400, len(t)).astype(float))
    assert len(edges) > 100
    is_counted = rng.random(shape[0]) < 0.7
    matched = match_best(edges, is_counted)
    assert len(np.unique(matched.truth)) == len(np.unique(matched.prediction)) == len(matched)
    found = int(is_counted[matched.truth].sum()), len(matched), matched.cost_nm.sum()
    assert found == dense_optimum(edges, shape, is_counted)


@settings(deadline=None)
@given(graphs())
def test_least_cost_alone_is_that_of_a_padded_matrix(graph):
    costs, _ = graph
    matrix = np.full((5, 5), 500.0)
    for (t, p), cost in costs.items():
        matrix[t, p] = cost
    best = matrix[linear_sum_assignment(matrix)].sum()
    edges = edges_of([(t, p, cost) for (t, p), cost in costs.items()])
    matched = match_cheapest(edges, 500.0)
    assert len(np.unique(matched.prediction)) == len(matched)
    assert matched.cost_nm.sum() + 500.0 * (5 - len(matched)) == best
