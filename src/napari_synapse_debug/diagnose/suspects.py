"""The queue of suspect truth: which rows to look at first, and what the score would become."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from napari_synapse_debug.diagnose.proof import UNMATCHABLE
from napari_synapse_debug.domain.records import conform, empty
from napari_synapse_debug.domain.stages import Cause, ErrorKind

SUSPECTS: Mapping[str, str] = MappingProxyType(
    {
        "finding": "int64",
        "fault": "int64",
        "proposal": "str",
        "suspect_truth": "float64",
        "cause": "str",
        "truth_row": "Int64",
        "prediction_row": "Int64",
        "score": "float64",
        "f1_as_it_is": "float64",
        "f1_if_accepted": "float64",
    }
)
"""One row a fault that speaks against the truth, the surest first. ``proposal`` is ``add``,
``remove`` or ``mend``; ``f1_if_accepted`` is F1 with this and all proposals above it accepted."""


def queue_suspects(
    findings: pd.DataFrame, matches: pd.DataFrame, *, is_sparse: bool = False
) -> pd.DataFrame:
    """The suspect faults (``SUSPECTS``), the surest first; equally sure ones by score.

    The scores tell how much hangs on the truth, no more: they hold only if every proposal is
    right, which a person has to say, and errors alone were looked at.

    Parameters
    ----------
    findings : DataFrame
        ``records.FINDINGS``.
    matches : DataFrame
        ``records.MATCHES`` of the same run.
    is_sparse : bool
        Whether the truth is sparse; the scores are not known (NaN) then.
    """
    suspect = findings[findings["suspect_truth"] > 0]
    if len(suspect) == 0:
        return empty(SUSPECTS)
    first = suspect.drop_duplicates("fault").sort_values(
        ["suspect_truth", "score"], ascending=False, kind="stable", na_position="last"
    )
    is_false = findings["error"] == ErrorKind.FALSE.value
    false_of = findings[is_false].groupby("fault").size()
    missed_of = findings[findings["error"] == ErrorKind.MISSED.value].groupby("fault").size()
    missed = first["fault"].map(missed_of).fillna(0).to_numpy(np.int64)
    false = first["fault"].map(false_of).fillna(0).to_numpy(np.int64)
    proposal = np.asarray([_proposal(cause) for cause in first["cause"]], dtype=object)
    outcome = matches["outcome"]
    tp, fp, fn = (int((outcome == name).sum()) for name in ("tp", "fp", "fn"))
    is_removed = proposal == "remove"
    gained = np.where(is_removed, 0, np.maximum(missed, false))
    tp_after = tp + np.cumsum(gained)
    fp_after = fp - np.cumsum(np.where(is_removed, 0, false))
    fn_after = fn - np.cumsum(missed)
    queue = first.assign(
        proposal=proposal,
        f1_as_it_is=np.nan if is_sparse else _f1(np.asarray(tp), np.asarray(fp), np.asarray(fn)),
        f1_if_accepted=np.nan if is_sparse else _f1(tp_after, fp_after, fn_after),
    )
    return conform(queue[list(SUSPECTS)].reset_index(drop=True), SUSPECTS, "suspects")


def _proposal(cause: str) -> str:
    if cause == Cause.GT_PROBABLY_MISSING.value:
        return "add"
    return "remove" if cause in {c.value for c in UNMATCHABLE} else "mend"


def _f1(tp: np.ndarray, fp: np.ndarray, fn: np.ndarray) -> np.ndarray:
    whole = 2 * tp + fp + fn
    return np.where(whole > 0, 2 * tp / np.maximum(whole, 1), 1.0)
