"""Which pairs are true synapses: the pairs that were found, told by 3-point rows."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from napari_synapse_debug.domain.records import points


class Link(StrEnum):
    """What the truth says of a pair."""

    A_TO_B = "a_to_b"
    B_TO_A = "b_to_a"
    NONE = "none"
    UNKNOWN = "unknown"


def true_links(
    pairs: pd.DataFrame, truth: pd.DataFrame, tolerance_nm: float, *, is_complete: bool = True
) -> NDArray[np.str_]:
    """What the truth says of each pair: (N,) values of ``Link``.

    A row of the truth and a pair may belong together if they join the same two segments and
    their cleft points are at most ``tolerance_nm`` apart. Nearest first, each row takes one
    pair. ``unknown`` are the pairs of rows with ``ignore``, and those that might have belonged
    to a row that took another; with ``is_complete`` false also the pairs of candidates without
    any true pair. All others are ``none``.

    Parameters
    ----------
    pairs : DataFrame
        ``records.PAIRS``.
    truth : DataFrame
        ``records.TRUTH`` with ``pre_segment`` and ``post_segment`` of the segmentation in use;
        rows with a 0 or twice the same one belong to no pair.
    tolerance_nm : float
        Largest distance of the cleft points.
    is_complete : bool
        Whether all synapses near the pairs are in the truth.
    """
    links = np.full(len(pairs), str(Link.NONE), dtype="<U8")
    row, pair, distance = _possible(pairs, truth, tolerance_nm)
    links[pair] = Link.UNKNOWN
    is_ignored = truth["ignore"].to_numpy(bool)
    pre = truth["pre_segment"].to_numpy(np.uint64)
    a = pairs["segment_a"].to_numpy(np.uint64)
    taken_rows, taken_pairs = set(), set()
    for k in np.lexsort((pair, row, distance)):
        r, p = int(row[k]), int(pair[k])
        if r in taken_rows or p in taken_pairs:
            continue
        taken_rows.add(r)
        taken_pairs.add(p)
        if not is_ignored[r]:
            links[p] = Link.A_TO_B if pre[r] == a[p] else Link.B_TO_A
    if not is_complete:
        is_true = np.isin(links, (Link.A_TO_B, Link.B_TO_A))
        candidate = pairs["candidate"].to_numpy()
        is_told = np.isin(candidate, candidate[is_true])
        links[~is_told] = Link.UNKNOWN
    return links


def _possible(
    pairs: pd.DataFrame, truth: pd.DataFrame, tolerance_nm: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Rows, pairs and distances in nm of all that may belong together."""
    none = np.zeros(0, dtype=np.int64)
    if not len(pairs) or not len(truth):
        return none, none, np.zeros(0)
    at_row, at_pair = points(truth, "cleft"), points(pairs, "cleft")
    near = cKDTree(at_row).query_ball_tree(cKDTree(at_pair), tolerance_nm)
    row = np.repeat(np.arange(len(truth)), [len(found) for found in near])
    pair = np.array([p for found in near for p in found], dtype=np.int64)
    ends = np.sort(truth[["pre_segment", "post_segment"]].to_numpy(np.uint64), axis=1)
    segments = np.sort(pairs[["segment_a", "segment_b"]].to_numpy(np.uint64), axis=1)
    is_real = (ends[:, 0] != ends[:, 1]) & (ends[:, 0] != 0)
    is_same = (ends[row] == segments[pair]).all(axis=1) & is_real[row]
    row, pair = row[is_same], pair[is_same]
    return row, pair, np.linalg.norm(at_row[row] - at_pair[pair], axis=1)
