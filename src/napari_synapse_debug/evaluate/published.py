"""The assignments of CREMI and synful, solved on the very matrices that their code builds.

Both minimise the summed cost of a square matrix in which every pair that may not match costs
twice the tolerance. That is not the same as most matches: of three pairs that are shifted along
a chain by 300 nm, two may win. Where several assignments cost the same, which one is found
depends on the order of rows; so predictions are rows and truths columns, in their tables' order.

Sources: github.com/cremi/cremi_python, ``evaluation/synaptic_partners.py``, and
github.com/funkelab/synful, ``evaluation.py`` (the same inside each pair of ids).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from napari_synapse_debug.evaluate.admission import Rule, admissible_pairs, number_pairs
from napari_synapse_debug.evaluate.optimum import Edges, Indices, match_cheapest
from napari_synapse_debug.evaluate.sides import Side

LARGEST_MATRIX = 5000
"""Rows of the largest matrix that is filled; beyond it the same optimum is found sparsely."""


def match_as_published(truth: Side, prediction: Side, rule: Rule) -> Edges:
    """The matched pairs of the CREMI or synful assignment, ordered by truth.

    Parameters
    ----------
    truth, prediction : Side
        Rows that take part, with their positions in the tables.
    rule : Rule
        ``is_zero_an_id`` asks for CREMI's one matrix of all rows, else there is one for each
        ordered pair of ids.
    """
    edges = admissible_pairs(truth, prediction, rule)
    if rule.is_zero_an_id:
        groups = np.zeros(len(truth), np.int64), np.zeros(len(prediction), np.int64)
    else:
        both = number_pairs(np.concatenate([truth.ids, prediction.ids]))
        groups = both[: len(truth)], both[len(truth) :]
    of_edge = groups[0][edges.truth]
    order = np.argsort(of_edge, kind="stable")
    present, first = np.unique(of_edge[order], return_index=True)
    members = [
        _members(side, group, present)
        for side, group in zip((truth, prediction), groups, strict=True)
    ]
    chosen = [np.zeros(0, dtype=np.int64)]
    for among, t, p in zip(np.split(order, first)[1:], *members, strict=True):
        chosen.append(among[_solve(edges.where(among), t, p, rule.tolerance_nm)])
    return edges.where(np.sort(np.concatenate(chosen)))


def is_sparse_solution(truth: Side, prediction: Side, rule: Rule) -> bool:
    """Whether ties may be settled in another way than by CREMI's code, as there are many rows."""
    rows = max(int(truth.takes_part.sum()), int(prediction.takes_part.sum()))
    return rule.is_zero_an_id and rows > LARGEST_MATRIX


def _members(side: Side, group: Indices, present: Indices) -> Iterator[Indices]:
    """The rows of each group that take part, in the order of their table."""
    rows = np.flatnonzero(side.takes_part)
    rows = rows[np.lexsort((side.position[rows], group[rows]))]
    low = np.searchsorted(group[rows], present)
    high = np.searchsorted(group[rows], present, side="right")
    return (rows[a:b] for a, b in zip(low, high, strict=True))


def _solve(edges: Edges, t: Indices, p: Indices, tolerance_nm: float) -> NDArray[np.int64]:
    """Which of the ``edges`` between rows ``t`` and ``p`` are assigned."""
    size = max(len(t), len(p))
    if size == 1:
        return np.zeros(1, dtype=np.int64)
    column, row = _places(t, edges.truth), _places(p, edges.prediction)
    if size > LARGEST_MATRIX:
        found = match_cheapest(edges, 2 * tolerance_nm)
        key = edges.truth * (int(p.max()) + 1) + edges.prediction
        wanted = found.truth * (int(p.max()) + 1) + found.prediction
        return np.flatnonzero(np.isin(key, wanted))
    costs = np.full((size, size), 2 * tolerance_nm)
    costs[row, column] = edges.cost_nm
    edge = np.full((size, size), -1, dtype=np.int64)
    edge[row, column] = np.arange(len(edges))
    assigned = edge[linear_sum_assignment(costs - costs.max() - 1)]
    return np.asarray(assigned[assigned >= 0])


def _places(rows: Indices, wanted: Indices) -> Indices:
    """Where each of the ``wanted`` lies in ``rows``."""
    order = np.argsort(rows)
    return np.asarray(order[np.searchsorted(rows, wanted, sorter=order)])
