"""What the errors do to the connectome: edges of neuron pairs, split and merged clefts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.evaluate.results import EdgeCount
from napari_synapse_debug.evaluate.sides import Mask, Side


def count_edges(
    truth: Side, prediction: Side, is_false: Mask, matches: pd.DataFrame, at: Iterable[int]
) -> tuple[EdgeCount, ...]:
    """Right, false and missed edges between neurons, for each threshold in ``at``.

    An edge is an ordered pair of judged ids with at least ``at`` rows. The predicted rows are
    those that count: matched to counted truth, or false.

    Parameters
    ----------
    truth, prediction : Side
        Both sides, with judged ids; rows with an id 0 belong to no edge.
    is_false : (number of predictions,) bool
        The false rows.
    matches : DataFrame
        As ``records.MATCHES``.
    at : iterable of int
        Numbers of synapses from which a pair counts as connected.
    """
    is_tp = matches["outcome"] == "tp"
    matched = np.isin(prediction.row, matches.loc[is_tp, "prediction_row"].to_numpy(np.int64))
    true_edges = _edges(truth.ids[truth.is_counted])
    predicted_edges = _edges(prediction.ids[matched | is_false])
    counts = []
    for least in at:
        real = {edge for edge, n in true_edges.items() if n >= least}
        found = {edge for edge, n in predicted_edges.items() if n >= least}
        counts.append(
            EdgeCount(at=least, tp=len(real & found), fp=len(found - real), fn=len(real - found))
        )
    return tuple(counts)


def _edges(ids: NDArray[np.uint64]) -> Counter[tuple[int, int]]:
    return Counter((int(a), int(b)) for a, b in ids if a and b)


def count_splits_and_merges(
    matches: pd.DataFrame, truth: pd.DataFrame, prediction: pd.DataFrame
) -> tuple[int, int]:
    """True clefts matched by several candidates, and candidates matched to several clefts."""
    pairs = matches.loc[matches["outcome"] == "tp", ["truth_row", "prediction_row"]]
    synapse = truth.set_index("row")["synapse"].reindex(pairs["truth_row"]).to_numpy(object)
    candidate = prediction.set_index("row")["candidate"].reindex(pairs["prediction_row"])
    linked = pd.DataFrame({"synapse": synapse, "candidate": candidate.to_numpy(object)})
    linked = linked.dropna().drop_duplicates()
    splits = int((linked["synapse"].value_counts() > 1).sum())
    merges = int((linked["candidate"].value_counts() > 1).sum())
    return splits, merges
