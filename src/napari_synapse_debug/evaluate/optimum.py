r"""The best one-to-one matching of two sets of rows, given the admissible pairs.

::

    truth       a     b     c          admissible pairs (edges) form small
                |  \  |     |          components; each is solved on its own,
    prediction  1     2     3          so cost grows with their size, not with n
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, min_weight_full_bipartite_matching

Indices = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_DENSE_CELLS = 250_000


@dataclass(frozen=True)
class Edges:
    """Admissible pairs: indices of truth and prediction, and the cost of each (nm, ≥ 0)."""

    truth: Indices
    prediction: Indices
    cost_nm: Floats

    def __len__(self) -> int:
        return len(self.truth)

    def where(self, keep: Mask | Indices) -> Edges:
        """The edges that ``keep`` selects."""
        return Edges(self.truth[keep], self.prediction[keep], self.cost_nm[keep])


def match_best(edges: Edges, is_counted: Mask) -> Edges:
    """The edges of the best matching, ordered by truth.

    Best is, in this order: most matched truths that are counted, most matches, least summed
    cost. What is still equal is settled by the order of the indices, so number the rows by
    place, and neither their ids nor their order in a table will matter.

    Parameters
    ----------
    edges : Edges
        The admissible pairs; every pair at most once.
    is_counted : (number of truths,) bool
        Whether a match of this truth counts.

    Notes
    -----
    A largest matching can always be chosen so that it also covers as many counted truths as any
    matching does (matchable sets form a matroid; Edmonds & Fulkerson 1965, J. Res. NBS 69B). So
    it is enough that leaving a truth out costs more than any re-arrangement could save, and
    leaving out a counted one twice that; no larger weights are needed, and none that would
    drown the costs in rounding.
    """
    order = np.lexsort((edges.prediction, edges.truth))
    edges = edges.where(order)
    chosen = [part.where(_solve(part, is_counted)) for part in _components(edges)]
    if not chosen:
        return edges.where(np.zeros(0, dtype=np.int64))
    out = Edges(
        np.concatenate([part.truth for part in chosen]),
        np.concatenate([part.prediction for part in chosen]),
        np.concatenate([part.cost_nm for part in chosen]),
    )
    return out.where(np.argsort(out.truth, kind="stable"))


def _components(edges: Edges) -> Iterator[Edges]:
    """The connected parts of the bipartite graph; single edges come together as one part."""
    if len(edges) == 0:
        return
    truths, t = np.unique(edges.truth, return_inverse=True)
    predictions, p = np.unique(edges.prediction, return_inverse=True)
    size = len(truths) + len(predictions)
    graph = coo_array((np.ones(len(edges)), (t, p + len(truths))), shape=(size, size))
    _, label = connected_components(graph, directed=False)
    of_edge = label[t]
    is_single = np.bincount(of_edge)[of_edge] == 1
    if is_single.any():
        yield edges.where(is_single)
    rest = np.flatnonzero(~is_single)
    rest = rest[np.argsort(of_edge[rest], kind="stable")]
    for part in np.split(rest, np.flatnonzero(np.diff(of_edge[rest])) + 1):
        if len(part):
            yield edges.where(part)


def _solve(edges: Edges, is_counted: Mask) -> Indices:
    """Which of the ``edges`` are matched."""
    truths, t = np.unique(edges.truth, return_inverse=True)
    predictions, p = np.unique(edges.prediction, return_inverse=True)
    if len(truths) == len(predictions) == len(edges):
        return np.arange(len(edges))
    left_out = 1.0 + float(edges.cost_nm.max()) * min(len(truths), len(predictions))
    penalty = np.where(is_counted[truths], 2.0, 1.0) * left_out
    if len(truths) * len(predictions) <= _DENSE_CELLS:
        return _solve_dense(edges.cost_nm, t, p, penalty)
    return _solve_sparse(edges.cost_nm, t, p, penalty)


def _solve_dense(cost: Floats, t: Indices, p: Indices, penalty: Floats) -> Indices:
    """Pairs that are not admissible cost nothing, admissible ones less than that."""
    shape = (len(penalty), int(p.max()) + 1)
    edge = np.full(shape, -1, dtype=np.int64)
    edge[t, p] = np.arange(len(t))
    value = np.zeros(shape)
    value[t, p] = cost - penalty[t]
    rows, columns = linear_sum_assignment(value)
    found = edge[rows, columns]
    return np.asarray(found[found >= 0])


def _solve_sparse(cost: Floats, t: Indices, p: Indices, penalty: Floats) -> Indices:
    """Each truth may also take a column of its own, at the cost of being left out."""
    n, m = len(penalty), int(p.max()) + 1
    own = np.arange(n)
    weight = np.concatenate([cost, penalty]) + 1.0  # explicit zeros would be lost
    rows = np.concatenate([t, own])
    columns = np.concatenate([p, m + own])
    graph = coo_array((weight, (rows, columns)), shape=(n, n + m)).tocsr()
    row, column = min_weight_full_bipartite_matching(graph)
    taken = np.full(n, -1, dtype=np.int64)
    taken[row] = column
    return np.flatnonzero(taken[t] == p)
