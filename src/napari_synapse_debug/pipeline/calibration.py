"""The operating point of a model: threshold and smallest size, chosen on the train box alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cc3d
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.params import Params
from napari_synapse_debug.domain.roles import ClassSpec
from napari_synapse_debug.evaluate import (
    OverlapCounts,
    match_overlap,
    merge_overlaps,
    overlap_counts_in_block,
)
from napari_synapse_debug.synapses import find_candidates

THRESHOLDS = tuple(round(0.05 * k, 2) for k in range(4, 19))
SIZE_SHARES = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3)
"""Smallest sizes tried, as shares of the median size of a true cleft."""


class Calibration(Params):
    """Threshold and smallest size with the score they reached on the train box."""

    threshold: float = Field(ge=0, le=1)
    min_size_vx: int = Field(ge=0)
    f1: float
    rule: str = "overlap, conservative, train box"


def calibrate(
    probability: NDArray[np.uint8],
    true_clefts: NDArray[np.uint64],
    grid: Grid,
    classes: Sequence[ClassSpec],
) -> Calibration:
    """The threshold and size with the best cleft F1 (rule ``overlap``, conservative).

    A network is surer in the box that it learnt than elsewhere, where it makes more false
    candidates. So of the points that cannot be told from the best by these clefts (within one
    standard error, as in Breiman et al., Classification and Regression Trees, 1984, 3.4.3) the
    one with the highest threshold is taken, and of those the one with the largest size. Where
    the next threshold would be worse, it stays one step away from that edge.

    Parameters
    ----------
    probability : (C, Z, Y, X) uint8
        Prediction of the train box; 255 is 1.
    true_clefts : (Z, Y, X) uint64
        Instance ids, or one id for all, in which case connected pieces are the instances.
    grid : Grid
        Grid of the box.
    classes : sequence of ClassSpec
        The channels.
    """
    clefts = as_instances(true_clefts)
    sizes = np.unique(clefts[clefts > 0], return_counts=True)[1]
    median = float(np.median(sizes)) if len(sizes) else 0.0
    minima = sorted({round(share * median) for share in SIZE_SHARES})
    rows = []
    for threshold in THRESHOLDS:
        labels, candidates = find_candidates(probability, grid, classes, threshold, 0)
        counts = overlap_counts_in_block(labels, clefts)
        size = candidates.set_index("candidate")["size_vx"]
        for minimum in minima:
            f1 = _f1(counts, size, minimum)
            rows.append({"threshold": threshold, "min_size_vx": minimum, "f1": f1})
    return _most_careful(pd.DataFrame(rows), len(sizes))


def as_instances(clefts: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Instance ids: those of ``clefts`` if there are several, else connected pieces."""
    present = np.unique(clefts)
    if np.count_nonzero(present) > 1:
        return clefts
    pieces = cc3d.connected_components(clefts > 0, connectivity=26)
    return np.asarray(pieces, dtype=np.uint64)


def _f1(counts: OverlapCounts, size: pd.Series, minimum: int) -> float:
    kept = size.index[size >= minimum].to_numpy()
    predicted = np.where(np.isin(counts.predicted, kept), counts.predicted, 0)
    match = match_overlap(merge_overlaps([replace(counts, predicted=predicted)]))
    wrong = len(match.missed) + len(match.false)
    return 2 * len(match.pairs) / max(2 * len(match.pairs) + wrong, 1)


def _most_careful(table: pd.DataFrame, n_clefts: int) -> Calibration:
    best = float(table["f1"].max())
    error = (best * (1 - best) / max(n_clefts, 1)) ** 0.5
    good = table[table["f1"] >= best - error]
    edge = good["threshold"].max()
    inner = good[good["threshold"] < edge]
    if edge < table["threshold"].max() and len(inner):
        good = inner
    chosen = good.sort_values(["threshold", "min_size_vx"]).iloc[-1]
    return Calibration(
        threshold=float(chosen["threshold"]),
        min_size_vx=int(chosen["min_size_vx"]),
        f1=float(chosen["f1"]),
    )
