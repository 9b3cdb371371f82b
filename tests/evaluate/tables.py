"""Small tables of synapses, written as points along x."""

import numpy as np
import pandas as pd

from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.records import PREDICTION, TRUTH, conform

GRID = Grid((12, 200, 300), (40.0, 8.0, 10.0))
BOX = GRID.box


def truth_at(x_nm, pre=None, post=None, synapse=None, kind="shaft", ignore=False, z_nm=200.0):
    """Truth with clefts at ``x_nm``; pre 40 nm before, post 40 nm after."""
    table = _rows(x_nm, pre, post, kind, z_nm)
    n = len(table)
    given = np.arange(1, n + 1) if synapse is None else synapse
    table["synapse"] = pd.array(given, dtype="Int64") if n else pd.Series(dtype="Int64")
    table["ignore"] = np.broadcast_to(ignore, n)
    return conform(table, TRUTH)


def predicted_at(
    x_nm, pre=None, post=None, candidate=None, kind="shaft", score=np.nan, z_nm=200.0
):
    """Predictions with clefts at ``x_nm``; rows count from 100."""
    table = _rows(x_nm, pre, post, kind, z_nm)
    n = len(table)
    table["row"] += 100
    given = np.arange(1, n + 1) if candidate is None else candidate
    table["candidate"] = pd.array(given, dtype="Int64") if n else pd.Series(dtype="Int64")
    table["contact"] = table["candidate"]
    table["score"] = np.broadcast_to(np.asarray(score, dtype=float), n)
    return conform(table, PREDICTION)


def _rows(x_nm, pre, post, kind, z_nm):
    x = np.asarray(x_nm, dtype=float).ravel()
    n = len(x)
    table = pd.DataFrame({"row": np.arange(n)})
    table["pre_segment"] = np.broadcast_to(1 if pre is None else pre, n)
    table["post_segment"] = np.broadcast_to(2 if post is None else post, n)
    for end, shift in (("pre", -40.0), ("cleft", 0.0), ("post", 40.0)):
        table[f"{end}_z_nm"] = np.broadcast_to(z_nm, n)
        table[f"{end}_y_nm"] = 400.0
        table[f"{end}_x_nm"] = x + shift
    table["kind"] = np.broadcast_to(kind, n)
    return table


def half_box():
    """The voxels with x < 150 (x < 1495 nm)."""
    return Box((0, 0, 0), (12, 200, 150))
