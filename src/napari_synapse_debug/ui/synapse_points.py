"""3-point synapses as what a Points and a Vectors layer take; plain numpy, without napari."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.records import ENDS, points
from napari_synapse_debug.ui.palette import (
    END_HUE,
    MISSED_SYMBOL,
    PREDICTION_PATH,
    PREDICTION_SYMBOL,
    TRUTH_PATH,
    TRUTH_SYMBOL,
)


@dataclass(frozen=True)
class SynapsePoints:
    """Three points a synapse, row after row: pre, cleft, post.

    Parameters
    ----------
    voxels : (3 N, 3) float64
        Fractional voxel indices, zyx.
    links : (2 N, 2, 3) float64
        Start (the cleft) and vector, to pre and to post, in voxels.
    features : DataFrame
        ``row, end, outcome, kind`` of each point.
    symbols : list of str
        Symbol of each point.
    colors : list of str
        Hue of each point, ``#RRGGBB``.
    hue : str
        Hue of all borders and links: it tells truth and prediction apart.
    """

    voxels: NDArray[np.float64]
    links: NDArray[np.float64]
    features: pd.DataFrame
    symbols: list[str]
    colors: list[str]
    hue: str


def truth_points(truth: pd.DataFrame, matches: pd.DataFrame | None, grid: Grid) -> SynapsePoints:
    """The points of the truth: discs, and rings for the rows that were missed; edged in white."""
    outcome = outcomes(truth, matches, "truth_row")
    symbol = np.where(outcome == "fn", MISSED_SYMBOL, TRUTH_SYMBOL)
    return _synapse_points(truth, outcome, symbol, TRUTH_PATH, grid)


def predicted_points(
    synapses: pd.DataFrame, matches: pd.DataFrame | None, grid: Grid
) -> SynapsePoints:
    """The points of the prediction: crosses, edged in grey."""
    outcome = outcomes(synapses, matches, "prediction_row")
    symbol = np.full(len(synapses), PREDICTION_SYMBOL)
    return _synapse_points(synapses, outcome, symbol, PREDICTION_PATH, grid)


def outcomes(frame: pd.DataFrame, matches: pd.DataFrame | None, key: str) -> NDArray[np.str_]:
    """The outcome of each row (N,), by the column ``key`` of the matches; else ``unjudged``."""
    if matches is None:
        return np.full(len(frame), "unjudged")
    known = matches.dropna(subset=[key]).drop_duplicates(key).set_index(key)["outcome"]
    return frame["row"].map(known).fillna("unjudged").to_numpy(dtype=np.str_)


def _synapse_points(
    frame: pd.DataFrame,
    outcome: NDArray[np.str_],
    symbol: NDArray[np.str_],
    hue: str,
    grid: Grid,
) -> SynapsePoints:
    count = len(frame)
    pre, cleft, post = (grid.to_fraction(points(frame, end)) for end in ENDS)
    starts = np.stack([cleft, cleft], axis=1)
    vectors = np.stack([pre - cleft, post - cleft], axis=1)
    features = pd.DataFrame(
        {
            "row": np.repeat(frame["row"].to_numpy(np.int64), 3),
            "end": np.tile(np.array(ENDS), count),
            "outcome": np.repeat(outcome, 3),
            "kind": np.repeat(frame["kind"].to_numpy(dtype=np.str_), 3),
        }
    )
    return SynapsePoints(
        voxels=np.stack([pre, cleft, post], axis=1).reshape(-1, 3),
        links=np.stack([starts, vectors], axis=2).reshape(-1, 2, 3),
        features=features,
        symbols=np.repeat(symbol, 3).tolist(),
        colors=[END_HUE[end] for end in ENDS] * count,
        hue=hue,
    )
