"""Words on one finding put together: those of one person, and those of several runs.

::

    main      key 1    verdict              a false synapse that has moved a little since has
    main-2    key 2              comment    another key; what was said last of each holds in
    together           verdict   comment    both runs, and what was taken back last is empty
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from napari_synapse_debug.domain.records import ENDS, points
from napari_synapse_debug.domain.stages import ErrorKind

SAME_PLACE_NM = 100.0
"""False synapses of several runs with all three points this near are one."""


def merge_words(words: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """One row for each person and finding: the verdict and the comment that were given last.

    Parameters
    ----------
    words : DataFrame
        ``ReviewState.verdicts``; further columns are kept.
    by : sequence of str
        The columns that tell findings, authors and settlements apart.

    Returns
    -------
    DataFrame
        The rows with the last verdict, sorted by ``by``, with the last comment and the latest
        ``time``. Each is empty where it was taken back last. Empty in, empty out.
    """
    verdict, comment, latest = (
        words.sort_values([*by, name], kind="stable").drop_duplicates(list(by), keep="last")
        for name in ("verdict_time", "comment_time", "time")
    )
    columns: dict[str, Any] = {  # the rows of all three are in the same order
        "comment": comment["comment"].array,
        "comment_time": comment["comment_time"].array,
        "time": latest["time"].array,
    }
    return verdict.assign(**columns)


def place_keys(words: pd.DataFrame) -> pd.Series[str]:
    """The key that stands for the finding of each word in all runs, with the index of ``words``.

    False synapses with all three points within ``SAME_PLACE_NM`` of one another share the first
    of their keys, nearest first. Two findings of one run stay two, and so do two that have one
    partner in common and not the other. All else keeps its key.

    Parameters
    ----------
    words : DataFrame
        ``domain.verdicts.VERDICTS``; without rows the result is empty.
    """
    places = words[words["error"] == ErrorKind.FALSE].drop_duplicates("key")
    keys: list[str] = places["key"].tolist()
    shared = {key: keys[min(group)] for key, group in zip(keys, _groups(places), strict=True)}
    standing: list[str] = [shared.get(key, key) for key in words["key"].tolist()]
    return pd.Series(standing, index=words.index, dtype="str", name="place")


def _groups(places: pd.DataFrame) -> list[list[int]]:
    """For each place the positions of all that are the same finding; each two of them are near."""
    near = _near_pairs(places)
    known = {frozenset(pair) for pair in near}
    groups = [[at] for at in range(len(places))]
    for a, b in near:
        one, other = groups[a], groups[b]
        if one is not other and all(frozenset(pair) in known for pair in product(one, other)):
            one += other
            for at in other:
                groups[at] = one
    return groups


def _near_pairs(places: pd.DataFrame) -> list[tuple[int, int]]:
    """Positions of each two places that may be one finding, nearest first."""
    if len(places) < 2:
        return []
    pairs = cKDTree(points(places, "cleft")).query_pairs(SAME_PLACE_NM, output_type="ndarray")
    a, b = pairs.reshape(-1, 2).T
    ends = [points(places, end) for end in ENDS]
    apart = np.max([np.linalg.norm(end[a] - end[b], axis=1) for end in ends], axis=0)
    names = ("pre_segment", "post_segment", "run", "finding")
    values = [places[name].to_numpy(object) for name in names]
    is_pre, is_post, is_run, is_number = (value[a] == value[b] for value in values)
    # segments may both be others in a new segmentation; one alone is another partner
    kept = (apart <= SAME_PLACE_NM) & (is_pre == is_post) & (~is_run | is_number)
    a, b, apart = a[kept], b[kept], apart[kept]
    order = np.lexsort((b, a, apart))
    return list(zip(a[order].tolist(), b[order].tolist(), strict=True))
