"""Matching: 10k >= 50x a dense cost matrix, 100k >= 30x scipy sparse, 1M <= 6 GB, tangles end."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching
from scipy.spatial import KDTree
from scipy.spatial.distance import cdist

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.params import EvaluateParams
from napari_synapse_debug.domain.records import PREDICTION, TRUTH, conform, with_points
from napari_synapse_debug.evaluate import judge_ids, match_synapses
from napari_synapse_debug.evaluate.admission import Rule, admissible_pairs
from napari_synapse_debug.evaluate.matching import build_sides
from napari_synapse_debug.evaluate.optimum import match_best
from napari_synapse_debug.evaluate.sides import Side

T_NM = 400.0
PER_UM3 = 7.0
"""Density of synapses, as in simulated neuropil; clefts within T form one percolating tangle."""
TANGLE_PER_UM3 = 50.0
ROUNDS = 3
LEAST_DENSE, LEAST_SPARSE, MOST_GB = 50.0, 30.0, 6.0


def tables(n: int, per_um3: float, seed: int) -> tuple[pd.DataFrame, pd.DataFrame, Grid]:
    """``n`` true synapses and ``n`` predictions: 85 % found 80 nm beside, the rest strangers."""
    rng = np.random.default_rng(seed)
    side = 1000.0 * (n / per_um3) ** (1 / 3)
    true = rng.random((n, 3)) * side
    found = rng.permutation(n)[: int(0.85 * n)]
    predicted = np.concatenate(
        [
            true[found] + rng.normal(0, 46.0, (len(found), 3)),
            rng.random((n - len(found), 3)) * side,
        ]
    )
    size = int(side / 40) + 12
    grid = Grid((size, size, size), (40.0, 40.0, 40.0), (-200.0, -200.0, -200.0))
    return _table(true, TRUTH), _table(predicted, PREDICTION), grid


def _table(places: np.ndarray, columns: dict) -> pd.DataFrame:
    n = len(places)
    table = pd.DataFrame({"row": np.arange(n), "pre_segment": 1, "post_segment": 2})
    for end in ("pre", "cleft", "post"):
        table = with_points(table, end, places)
    none = pd.array([pd.NA] * n, dtype="Int64")
    extra = {"kind": "shaft", "score": np.nan, "candidate": none, "contact": none}
    return conform(table.assign(**extra, synapse=none, ignore=False), columns)


def whole(truth: pd.DataFrame, prediction: pd.DataFrame, grid: Grid) -> int:
    """Matches of ``match_synapses``, from table to table, refusals included."""
    params = EvaluateParams(judge="none")
    known = truth, prediction, judge_ids(truth, prediction, params), params, grid, grid.box
    return int(match_synapses(*known)["outcome"].isin(["tp"]).sum())


def _sides(truth: pd.DataFrame, prediction: pd.DataFrame, grid: Grid) -> tuple[Side, Side]:
    params = EvaluateParams(judge="none")
    known = judge_ids(truth, prediction, params), params, grid, grid.box
    return build_sides(truth, prediction, *known)


def _solve(truth: Side, prediction: Side) -> tuple[int, float]:
    """Matches and summed cost by the product, from points in memory as the peers have them."""
    rule = Rule(T_NM, (1,), uses_ids=False)
    matched = match_best(admissible_pairs(truth, prediction, rule), truth.is_counted)
    return len(matched), float(matched.cost_nm.sum())


def dense(truth: pd.DataFrame, prediction: pd.DataFrame, _: Grid) -> tuple[int, float]:
    """The same by one cost matrix: what may not match costs more than all matches together."""
    cost = cdist(_places(truth), _places(prediction))
    cost[cost > T_NM] = 1 + T_NM * min(cost.shape)
    rows, columns = linear_sum_assignment(cost)
    matched = cost[rows, columns]
    matched = matched[matched <= T_NM]
    return len(matched), float(matched.sum())


def sparse(truth: pd.DataFrame, prediction: pd.DataFrame, _: Grid) -> tuple[int, float]:
    """The same by scipy's sparse matching; every truth may take a column of its own instead."""
    n, m = len(truth), len(prediction)
    near = KDTree(_places(truth)).sparse_distance_matrix(
        KDTree(_places(prediction)), T_NM, output_type="ndarray"
    )
    dear = 1 + T_NM * min(n, m)
    weight = np.concatenate([near["v"], np.full(n, dear)]) + 1.0  # a zero would be no edge
    rows = np.concatenate([near["i"], np.arange(n)])
    columns = np.concatenate([near["j"], m + np.arange(n)])
    graph = coo_array((weight, (rows, columns)), shape=(n, m + n)).tocsr()
    row, column = min_weight_full_bipartite_matching(graph)
    kept = column < m
    gaps = _places(truth)[row[kept]] - _places(prediction)[column[kept]]
    return int(kept.sum()), float(np.linalg.norm(gaps, axis=1).sum())


def _places(table: pd.DataFrame) -> np.ndarray:
    return table[[f"cleft_{axis}_nm" for axis in "zyx"]].to_numpy()


def _timed(function: Callable[..., Any], *arguments: Any) -> tuple[float, Any]:
    """Seconds of the processor (what else runs does not count; all of it is one thread)."""
    started = time.process_time()
    result = function(*arguments)
    return time.process_time() - started, result


def _race(name: str, peer: Callable[..., Any], n: int, rounds: int) -> tuple[float, bool]:
    """How many times faster we are than ``peer`` (medians of turns), and whether both agree."""
    ours_s, peer_s, agree = [], [], True
    for seed in range(rounds):
        world = tables(n, PER_UM3, seed)
        sides = _sides(*world)
        turns = [_timed(_solve, *sides) for _ in range(ROUNDS)]
        ours_s += [seconds for seconds, _ in turns]
        found = turns[0][1]
        seconds, expected = _timed(peer, *world)
        peer_s.append(seconds)
        agree &= found[0] == expected[0] and bool(np.isclose(found[1], expected[1], rtol=1e-9))
    ratio = float(np.median(peer_s) / np.median(ours_s))
    print(
        f"{n} rows: ours {np.median(ours_s):.2f} s, {name} {np.median(peer_s):.2f} s, "
        f"{ratio:.0f}x, same optimum: {agree}",
        flush=True,
    )
    return ratio, agree


def _million() -> None:
    """Match a million rows and print seconds, matches and the most memory (GB) of the process."""
    whole(*tables(1000, PER_UM3, 0))
    seconds, matched = _timed(whole, *tables(1_000_000, PER_UM3, 0))
    print(seconds, matched, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2)


def measure(_: Path) -> bool:
    """Race the peers in turns, then the million and the tangles; whether all bars hold."""
    whole(*tables(1000, PER_UM3, 0))  # compiled once, then kept on disk
    dense_ratio, dense_agrees = _race("dense matrix", dense, 10_000, ROUNDS)
    sparse_ratio, sparse_agrees = _race("scipy sparse", sparse, 100_000, 1)
    told = subprocess.run([sys.executable, __file__], check=True, capture_output=True, text=True)
    seconds, matched, gigabytes = map(float, told.stdout.split())
    print(f"1000000 rows: {seconds:.1f} s, {matched:.0f} matched, {gigabytes:.1f} GB", flush=True)
    for n in (5_000, 10_000):
        seconds, matched = _timed(whole, *tables(n, TANGLE_PER_UM3, 0))
        print(f"{n} rows at {TANGLE_PER_UM3:g} per um3: {seconds:.1f} s, {matched} matched")
    return (
        dense_ratio >= LEAST_DENSE
        and sparse_ratio >= LEAST_SPARSE
        and dense_agrees
        and sparse_agrees
        and gigabytes <= MOST_GB
    )


if __name__ == "__main__":
    _million()
