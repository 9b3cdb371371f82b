r"""Assignment at least cost on a sparse bipartite graph, as far as needed and no farther.

Each source in turn takes the cheapest alternating path to a free target (Jonker & Volgenant
1987, Computing 38:325; here with a heap, on a sparse graph). A path is looked for from the
source outwards, so its cost does not grow with the size of the graph::

    source   s ─ ─ t1 ── s1 ─ ─ t2      s takes t1, whose owner s1 moves on to the free t2
"""

from __future__ import annotations

import heapq
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.domain.compiled import compiled

Indices = NDArray[np.int64]
Floats = NDArray[np.float64]


class _Graph(NamedTuple):
    """Edges by source: those of source s are ``first[s] .. first[s + 1]``."""

    first: Indices
    target: Indices
    cost: Floats


class _State(NamedTuple):
    """The edge taken by each source, the owner of each target (-1: none), and the potentials."""

    taken: Indices
    owner: Indices
    of_source: Floats
    of_target: Floats


class _Search(NamedTuple):
    """How far each target is from where the search began, and the edge and source before it."""

    reached: Floats
    by_edge: Indices
    by_source: Indices
    is_done: NDArray[np.bool_]


def assign_all(source: Indices, target: Indices, cost: Floats) -> Indices:
    """The edges that give every source a target of its own at the least summed cost.

    Parameters
    ----------
    source, target : (E,) int64
        Ends of each edge; sources are numbered from 0 without gaps, and the edges are ordered
        by source. There must be an assignment that serves all sources.
    cost : (E,) float64
        Cost of each edge.

    Returns
    -------
    (number of sources,) int64
        The index of the edge taken by each source; without edges an empty array.
    """
    if len(source) == 0:
        return np.zeros(0, dtype=np.int64)
    n, m = int(source[-1]) + 1, int(target.max()) + 1
    first = np.searchsorted(source, np.arange(n + 1)).astype(np.int64)
    state = _State(np.full(n, -1), np.full(m, -1), np.zeros(n), np.zeros(m))
    search = _Search(np.full(m, np.inf), np.full(m, -1), np.full(m, -1), np.zeros(m, np.bool_))
    _fast_augment_all(_Graph(first, target, cost), state, search)
    return state.taken


def _take_cheapest(graph: _Graph, state: _State) -> None:
    """Each source takes its cheapest target where that is still free: optimal, but not all."""
    for source in range(len(state.taken)):
        best = graph.first[source]
        for edge in range(graph.first[source] + 1, graph.first[source + 1]):
            if graph.cost[edge] < graph.cost[best]:
                best = edge
        state.of_source[source] = graph.cost[best]
        if state.owner[graph.target[best]] < 0:
            state.owner[graph.target[best]] = source
            state.taken[source] = best


def _find_path(start: int, graph: _Graph, state: _State, search: _Search) -> tuple[Any, Any, int]:
    """Targets touched and passed through on the way to the nearest free target, and that."""
    heap = [(0.0, -1)]
    heap.pop()
    touched, passed = [-1], [-1]  # numba must see a type; the first entry means nothing
    source, base = start, 0.0
    while True:
        for edge in range(graph.first[source], graph.first[source + 1]):
            goal = graph.target[edge]
            length = base + graph.cost[edge] - state.of_source[source] - state.of_target[goal]
            if not search.is_done[goal] and length < search.reached[goal]:
                if search.reached[goal] == np.inf:
                    touched.append(goal)
                search.reached[goal] = length
                search.by_edge[goal], search.by_source[goal] = edge, source
                heapq.heappush(heap, (length, goal))
        base, goal = heapq.heappop(heap)
        while search.is_done[goal]:
            base, goal = heapq.heappop(heap)
        if state.owner[goal] < 0:
            return touched[1:], passed[1:], goal
        search.is_done[goal] = True
        passed.append(goal)
        source = state.owner[goal]


def _turn_path(start: int, end: int, graph: _Graph, state: _State, search: _Search) -> None:
    """Hand the targets of the path on, from its free end back to ``start``."""
    goal = end
    while True:
        source = search.by_source[goal]
        before = state.taken[source]
        state.taken[source] = search.by_edge[goal]
        state.owner[goal] = source
        if source == start:
            return
        goal = graph.target[before]


def _augment_all(graph: _Graph, state: _State, search: _Search) -> None:
    """Shortest augmenting paths, with potentials that keep all reduced costs at 0 or above."""
    _fast_take_cheapest(graph, state)
    for start in range(len(state.taken)):
        if state.taken[start] >= 0:
            continue
        touched, passed, end = _fast_find_path(start, graph, state, search)
        far = search.reached[end]
        state.of_source[start] += far
        for goal in passed:
            state.of_target[goal] += search.reached[goal] - far
            state.of_source[state.owner[goal]] += far - search.reached[goal]
        _fast_turn_path(start, end, graph, state, search)
        for goal in touched:
            search.reached[goal] = np.inf
            search.is_done[goal] = False


_fast_take_cheapest = compiled(_take_cheapest)
_fast_find_path = compiled(_find_path)
_fast_turn_path = compiled(_turn_path)
_fast_augment_all = compiled(_augment_all)
