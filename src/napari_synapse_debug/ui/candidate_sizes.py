"""How large the candidate of each error is, beside the errors: to list and to sort by."""

from __future__ import annotations

import numpy as np
import pandas as pd

from napari_synapse_debug.ui.ports import Results

SIZE = "size_nm3"


def with_sizes(findings: pd.DataFrame, results: Results | None) -> pd.DataFrame:
    """A copy of ``findings`` with the column ``size_nm3``; NaN where there is no candidate.

    The candidate is that of the finding, or else that of its prediction.
    """
    if results is None or results.candidates is None:
        return findings.assign(**{SIZE: np.nan})
    ids, found = findings["candidate"], results.synapses
    if found is not None:
        predicted = found.drop_duplicates("row").set_index("row")["candidate"]
        ids = ids.fillna(findings["prediction_row"].map(predicted).astype("Int64"))
    voxels = results.candidates.drop_duplicates("candidate").set_index("candidate")["size_vx"]
    volume = results.volumes.get("candidates")
    grid = results.grid if volume is None else volume.grid
    counts = ids.map(voxels).to_numpy(np.float64, na_value=np.nan)
    return findings.assign(**{SIZE: counts * np.prod(grid.voxel_size_nm)})
