"""How large the candidate of each error is, beside the errors: to list and to sort by."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.ui.ports import Results

SIZE = "size_nm3"


def with_sizes(findings: pd.DataFrame, results: Results | None) -> pd.DataFrame:
    """A copy of ``findings`` with the column ``size_nm3``; NaN where there is no candidate.

    The candidate is that of the finding, or else that of its prediction.
    """
    if results is None or results.candidates is None:
        return findings.assign(**{SIZE: np.nan})
    ids, found = _numbers(findings["candidate"]), results.synapses
    if found is not None:
        predicted = found.drop_duplicates("row").set_index("row")["candidate"]
        ids = np.where(np.isnan(ids), _looked_up(findings["prediction_row"], predicted), ids)
    voxels = results.candidates.drop_duplicates("candidate").set_index("candidate")["size_vx"]
    volume = results.volumes.get("candidates")
    grid = results.grid if volume is None else volume.grid
    counts = _looked_up(pd.Series(ids), voxels)
    return findings.assign(**{SIZE: counts * np.prod(grid.voxel_size_nm)})


def _looked_up(keys: pd.Series, values: pd.Series) -> NDArray[np.float64]:
    """The value of each key by the index of ``values``, (N,); NaN for those that it lacks.

    ``Series.map`` takes half a second for a million keys some of which are missing.
    """
    if values.empty:
        return np.full(len(keys), np.nan)
    ordered, numbers = values.sort_index(), _numbers(keys)
    known = ordered.index.to_numpy(np.float64)
    at = np.minimum(np.searchsorted(known, numbers), len(known) - 1)
    return np.where(known[at] == numbers, _numbers(ordered)[at], np.nan)


def _numbers(column: pd.Series) -> NDArray[np.float64]:
    return column.to_numpy(np.float64, na_value=np.nan)
