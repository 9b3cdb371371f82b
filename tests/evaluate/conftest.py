"""Small tables of synapses, written as points along x; shared by the tests of evaluation."""

import numpy as np
import pandas as pd
import pytest

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.params import EvaluateParams
from napari_synapse_debug.domain.records import PREDICTION, TRUTH, conform
from napari_synapse_debug.evaluate import judge_ids, match_synapses, score

GRID = Grid((12, 200, 300), (40.0, 8.0, 10.0))


def make_truth(x_nm, pre=None, post=None, synapse=None, kind="shaft", ignore=False, z_nm=200.0):
    """Truth with clefts at ``x_nm``; pre 40 nm before, post 40 nm after."""
    table = _rows(x_nm, pre, post, kind, z_nm)
    n = len(table)
    given = np.arange(1, n + 1) if synapse is None else synapse
    table["synapse"] = pd.array(given, dtype="Int64") if n else pd.Series(dtype="Int64")
    table["ignore"] = np.broadcast_to(ignore, n)
    return conform(table, TRUTH)


def make_prediction(
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


def compare(truth, prediction, box=GRID.box, grid=GRID, **params):
    """Judge, match and score two tables; ids come from their columns unless asked otherwise."""
    asked = EvaluateParams(**{"judge": "column", **params})
    identities = judge_ids(truth, prediction, asked)
    matches = match_synapses(truth, prediction, identities, asked, grid, box)
    return matches, score(matches, truth, prediction, identities, asked, grid, box)


@pytest.fixture(scope="session")
def grid():
    """12 x 200 x 300 voxels of 40 x 8 x 10 nm."""
    return GRID


@pytest.fixture(scope="session")
def truth_at():
    return make_truth


@pytest.fixture(scope="session")
def predicted_at():
    return make_prediction


@pytest.fixture(scope="session")
def compared():
    return compare
