"""Which rows synful leaves out before it matches."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from napari_synapse_debug.domain.params import EvaluateParams
from napari_synapse_debug.domain.records import points
from napari_synapse_debug.evaluate.admission import number_pairs


def left_out_rows(
    table: pd.DataFrame, ids: NDArray[np.uint64], params: EvaluateParams, *, is_predicted: bool
) -> NDArray[np.bool_]:
    """Rows that rule ``synful`` leaves out: (N,) bool.

    In this order: predictions below ``min_score``, autapses, rows with an end in background,
    and of the predictions that are redundant all but the one with the highest score.

    Parameters
    ----------
    table : DataFrame
        As ``records.TRUTH`` or ``records.PREDICTION``.
    ids : (N, 2) uint64
        Judged ids of pre and post.
    params : EvaluateParams
        ``min_score``, ``drop_background``, ``redundant_nm`` and the preset.
    is_predicted : bool
        Whether they are predictions; a truth may have scores, too, that say nothing here.
    """
    settings = params.in_force
    out = (ids[:, 0] == ids[:, 1]) & (ids[:, 0] != 0)
    if settings.drop_background:
        out |= (ids == 0).any(axis=1)
    if is_predicted:
        score = table["score"].to_numpy(np.float64)
        if settings.min_score is not None:
            out |= score < settings.min_score
        kept = np.flatnonzero(~out)
        post = points(table, "post")[kept]
        redundant = redundant_rows(post, ids[kept], score[kept], settings.redundant_nm)
        out[kept[redundant]] = True
    return np.asarray(out)


def redundant_rows(
    post_nm: NDArray[np.float64],
    ids: NDArray[np.uint64],
    score: NDArray[np.float64],
    within_nm: float,
) -> NDArray[np.bool_]:
    """Rows that repeat one with a higher score: (N,) bool.

    Rows of the same ordered pair of ids whose post points are at most ``within_nm`` apart are
    one, and what is one with the same is one (single linkage). The highest score stays, of equal
    ones the first; rows without a score come last. 0 nm: none is redundant.
    """
    n = len(post_nm)
    if n == 0 or within_nm == 0:
        return np.zeros(n, dtype=bool)
    layered = np.column_stack([post_nm, 2 * within_nm * number_pairs(ids)])
    near = KDTree(layered).query_pairs(within_nm, output_type="ndarray")
    graph = coo_array((np.ones(len(near), dtype=np.int8), near.T), shape=(n, n))
    _, cluster = connected_components(graph, directed=False)
    order = np.lexsort((np.arange(n), -np.nan_to_num(score, nan=-1.0), cluster))
    _, first = np.unique(cluster[order], return_index=True)
    repeats = np.ones(n, dtype=bool)
    repeats[order[first]] = False
    return repeats
