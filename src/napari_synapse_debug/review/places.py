"""Places to learn from: where people confirmed that the classifier erred."""

from __future__ import annotations

import numpy as np
import pandas as pd

from napari_synapse_debug.domain.records import conform, empty, points, with_points
from napari_synapse_debug.domain.stages import Stage
from napari_synapse_debug.domain.verdicts import HARD_PLACES, Verdict, finding_keys

PROVEN_WEIGHT, CLAIMED_WEIGHT = 1.0, 0.5
"""Weights of an error whose cause the counterfactual confirmed, and of one without that."""


def hard_places(settled: pd.DataFrame, findings: pd.DataFrame) -> pd.DataFrame:
    """Clefts of the findings at the stage ``classifier`` that people hold for model errors.

    Parameters
    ----------
    settled : DataFrame
        ``settle(…, by=("now_finding",))``.
    findings : DataFrame
        ``records.FINDINGS`` of the same run.

    Returns
    -------
    DataFrame
        ``domain.verdicts.HARD_PLACES``, in the order of the findings: weight 1 where the
        counterfactual confirmed the stage, else 0.5. Empty where nothing is confirmed.
    """
    model = settled.loc[settled["verdict"] == Verdict.MODEL_ERROR, "now_finding"]
    chosen = findings[
        findings["finding"].isin(model) & (findings["stage"] == Stage.CLASSIFIER)
    ].reset_index(drop=True)
    if chosen.empty:
        return empty(HARD_PLACES)
    proven = chosen["confirmed"].fillna(False).to_numpy(bool)
    table = pd.DataFrame(
        {
            "weight": np.where(proven, PROVEN_WEIGHT, CLAIMED_WEIGHT),
            "error": chosen["error"],
            "key": finding_keys(chosen),
        }
    )
    return conform(with_points(table, "place", points(chosen, "cleft")), HARD_PLACES)
