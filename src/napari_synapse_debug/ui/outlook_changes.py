"""What would become of each listed error under the sliders of What if."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.records import points
from napari_synapse_debug.domain.stages import ErrorKind
from napari_synapse_debug.ui.whatif_sliders import Outlook

SAME_ROW_NM = 200.0
"""A false synapse between the same neurons whose cleft point lies this near is the same one."""


def changes_under(findings: pd.DataFrame, outlook: Outlook) -> NDArray[Any]:
    """What would become of each finding: (N,) object, or empty where it is not known.

    ``fixed`` and ``kept_wrong`` for missed synapses, ``vanished`` and ``kept_false`` for false
    ones; a mistyped one is not asked. False synapses have no name that lasts, so they are the
    same where both partners are, and the cleft points lie within 200 nm.

    Parameters
    ----------
    findings : DataFrame
        ``records.FINDINGS`` of the run.
    outlook : Outlook
        What the sliders would give.
    """
    change = np.full(len(findings), "", dtype=object)
    if outlook.matches is None:
        return change
    matches, error = outlook.matches, findings["error"].to_numpy(object)
    found = set(matches.loc[matches["outcome"] == "tp", "truth_row"].astype("int64"))
    is_missed = error == ErrorKind.MISSED
    is_found = findings["truth_row"].isin(found).to_numpy(np.bool_)
    change[is_missed] = np.where(is_found[is_missed], "fixed", "kept_wrong")
    is_false = error == ErrorKind.FALSE
    rows = matches.loc[matches["outcome"] == "fp", "prediction_row"].astype("int64")
    synapses = outlook.synapses
    stays = _are_among(findings[is_false], synapses[synapses["row"].isin(rows)])
    change[is_false] = np.where(stays, "kept_false", "vanished")
    return change


def _are_among(rows: pd.DataFrame, others: pd.DataFrame) -> NDArray[np.bool_]:
    """Which rows have one of the others between the same neurons, near their cleft."""
    keys = ["pre_segment", "post_segment"]
    one = rows[keys].assign(at=np.arange(len(rows)))
    two = others[keys].assign(other=np.arange(len(others)))
    pairs = one.merge(two, on=keys)
    here = points(rows, "cleft")[pairs["at"].to_numpy(np.int64)]
    there = points(others, "cleft")[pairs["other"].to_numpy(np.int64)]
    is_near = np.linalg.norm(here - there, axis=1) <= SAME_ROW_NM
    return np.isin(np.arange(len(rows)), pairs["at"].to_numpy(np.int64)[is_near])
