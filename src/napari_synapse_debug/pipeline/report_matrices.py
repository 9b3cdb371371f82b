"""The connectome of a run beside that of its truth, over the same neurons."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.pipeline.case import Case, with_rule
from napari_synapse_debug.pipeline.evaluation import identities_of
from napari_synapse_debug.report import Connectomes
from napari_synapse_debug.synapses import connect, strongest

MOST_NEURONS = 40


def compare_connectomes(case: Case, matches: pd.DataFrame) -> Connectomes | None:
    """The synapses that count, true and predicted, between the most connected neurons.

    None where nobody judges who the neurons are, and where the prediction is not judged.

    Parameters
    ----------
    case : Case
        The run and its truth.
    matches : DataFrame
        ``records.MATCHES`` by the rule three_point.
    """
    case = with_rule(case, "three_point")
    identities = identities_of(case)
    if identities.judge == "none" or case.evaluate.scope == "sparse":
        return None
    counted = matches["outcome"].isin(("tp", "fn", "fp"))
    true = _judged(case.truth, identities.truth, matches.loc[counted, "truth_row"])
    predicted = _judged(
        case.prediction, identities.prediction, matches.loc[counted, "prediction_row"]
    )
    both = connect(pd.concat([true, predicted], ignore_index=True))
    ids = strongest(both, MOST_NEURONS).ids
    everyone = np.unique(both[["pre_segment", "post_segment"]].to_numpy(np.uint64))
    return Connectomes(ids, _counts(true, ids), _counts(predicted, ids), len(everyone))


def _judged(table: pd.DataFrame, ids: NDArray[np.uint64], rows: pd.Series) -> pd.DataFrame:
    """The rows whose ends both lie in a neuron, with the judge's ids."""
    counts = table["row"].isin(rows.dropna()).to_numpy() & (ids != 0).all(axis=1)
    kinds = table["kind"].to_numpy()[counts]
    ends = {"pre_segment": ids[counts, 0], "post_segment": ids[counts, 1]}
    return pd.DataFrame({**ends, "kind": kinds, "score": np.nan})


def _counts(synapses: pd.DataFrame, ids: NDArray[np.uint64]) -> NDArray[np.int64]:
    matrix = np.zeros((len(ids),) * 2, np.int64)
    place = pd.Series(range(len(ids)), index=ids)
    ends = synapses[["pre_segment", "post_segment"]]
    known = ends[ends.isin(ids).all(axis=1)]
    at = tuple(place.loc[known[end]].to_numpy() for end in ("pre_segment", "post_segment"))
    np.add.at(matrix, at, 1)
    return matrix
