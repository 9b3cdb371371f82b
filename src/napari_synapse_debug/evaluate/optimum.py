r"""The best one-to-one matching of two sets of rows, given the admissible pairs.

The admissible pairs (edges) are parted first, so that no search is longer than it must be.
A largest matching splits rows and edges into three parts (Dulmage & Mendelsohn 1958, Canad. J.
Math. 10:517), and no best matching uses an edge between them::

    truth        a  b  c │ d  e │ f            a b c  compete for 1 2: every prediction matched
                  \ | X  │ |  | │ | \          d e    and 3 4 serve each other: all matched
    prediction     1  2  │ 3  4 │ 5  6         f      has the choice: every truth matched

In each part one side is matched throughout, so only the cost is left to choose by.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import (
    breadth_first_order,
    connected_components,
    maximum_bipartite_matching,
)

from napari_synapse_debug.evaluate.assignment import assign_all

Indices = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


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
    it is enough that taking a truth that is not counted costs more than any re-arrangement could
    save; only truths that compete for too few predictions are concerned.
    """
    edges = _sorted(edges)
    if len(edges) == 0:
        return edges
    (n, t), (m, p) = _renumber(edges.truth), _renumber(edges.prediction)
    of_truth, of_prediction = _parts(t, p, n, m)
    is_inside = of_truth[t] == of_prediction[p]
    competes = is_inside & (of_truth[t] == _COMPETING)
    chooses = is_inside & ~competes
    dear = 1.0 + float(edges.cost_nm.max()) * min(n, m)
    cost = edges.cost_nm + np.where(is_counted[edges.truth], 0.0, dear)
    chosen = np.concatenate(
        [
            _assign(np.flatnonzero(competes), p, t, cost),
            _assign(np.flatnonzero(chooses), t, p, edges.cost_nm),
        ]
    )
    return edges.where(np.sort(chosen))


def match_cheapest(edges: Edges, left_out_nm: float) -> Edges:
    """The edges of the matching of least cost, where a truth left out costs ``left_out_nm``.

    Unlike ``match_best`` it does not look for many matches, as the rules of CREMI and synful do
    not. Ordered by truth.
    """
    edges = _sorted(edges)
    if len(edges) == 0:
        return edges
    (n, t), (m, p) = _renumber(edges.truth), _renumber(edges.prediction)
    own = np.arange(n)
    source = np.concatenate([t, own])
    target = np.concatenate([p, m + own])
    cost = np.concatenate([edges.cost_nm, np.full(len(own), left_out_nm)])
    chosen = _assign(np.arange(len(source)), source, target, cost)
    return edges.where(np.sort(chosen[chosen < len(edges)]))


def _sorted(edges: Edges) -> Edges:
    return edges.where(np.lexsort((edges.prediction, edges.truth)))


def _assign(among: Indices, source: Indices, target: Indices, cost: Floats) -> Indices:
    """Which edges ``among`` all are taken when each source that occurs gets a target."""
    order = among[np.lexsort((target[among], source[among]))]
    (_, s), (_, t) = _renumber(source[order]), _renumber(target[order])
    return order[assign_all(s, t, cost[order])]


def _renumber(indices: Indices) -> tuple[int, Indices]:
    """How many different indices there are, and each numbered from 0 without gaps."""
    if len(indices) == 0:
        return 0, indices
    occurs = np.zeros(int(indices.max()) + 1, dtype=bool)
    occurs[indices] = True
    number = np.cumsum(occurs) - 1
    return int(number[-1]) + 1, number[indices]


_COMPETING, _CHOOSING = -1, -2
"""Truths with too few predictions, and with enough; the other parts are numbered from 0."""


def _parts(t: Indices, p: Indices, n: int, m: int) -> tuple[Indices, Indices]:
    """The part of each truth and of each prediction; an edge between parts is never needed."""
    graph = coo_array((np.ones(len(t), dtype=np.int8), (t, p)), shape=(n, m)).tocsr()
    of_row = np.asarray(maximum_bipartite_matching(graph, perm_type="column"), dtype=np.int64)
    owner = np.full(m, -1, dtype=np.int64)
    matched = np.flatnonzero(of_row >= 0)
    owner[of_row[matched]] = matched
    is_owned = owner[p] >= 0
    wants, has = t[is_owned], owner[p[is_owned]]
    part = np.full(n, _CHOOSING, dtype=np.int64)
    competing = _reached(wants, has, np.flatnonzero(of_row < 0), n)
    choosing = _reached(has, wants, np.unique(t[~is_owned]), n)
    rest = ~(competing | choosing)
    part[competing] = _COMPETING
    if rest.any():
        inside = rest[wants] & rest[has]
        _, label = connected_components(_graph(wants[inside], has[inside], n), connection="strong")
        part[rest] = label[rest]
    of_prediction = np.where(owner >= 0, part[owner], _CHOOSING)
    return part, of_prediction


def _reached(tail: Indices, head: Indices, start: Indices, n: int) -> Mask:
    """Which of ``n`` nodes can be reached from ``start`` along the edges tail → head."""
    tail = np.concatenate([tail, np.full(len(start), n)])
    graph = _graph(tail, np.concatenate([head, start]), n + 1)
    found = breadth_first_order(graph, n, return_predecessors=False)
    is_reached = np.zeros(n + 1, dtype=bool)
    is_reached[found] = True
    return is_reached[:n]


def _graph(tail: Indices, head: Indices, n: int) -> csr_array:
    return coo_array((np.ones(len(tail), dtype=np.int8), (tail, head)), shape=(n, n)).tocsr()
