"""Whether anything counts in a comparison; where nothing does, all its scores would be perfect."""

from __future__ import annotations

import numpy as np
import pandas as pd

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.params import EvaluateParams
from napari_synapse_debug.domain.records import points
from napari_synapse_debug.evaluate.identity import Identities
from napari_synapse_debug.evaluate.sides import Region, Scope


def check_counted(
    truth: pd.DataFrame, identities: Identities, params: EvaluateParams, grid: Grid, box: Box
) -> None:
    """Refuse a truth of which no row counts.

    Parameters
    ----------
    truth : DataFrame
        ``records.TRUTH``.
    identities : Identities
        Judged ids of its rows.
    params : EvaluateParams
        Border and scope.
    grid, box : Grid, Box
        The box that is evaluated, in voxels of ``grid``.

    Raises
    ------
    InputError
        No row has its cleft in the box, or all that have are ignored, near its faces, or outside
        the scope; it says how many for which reason.
    """
    cleft = points(truth, "cleft")
    inside = box.contains(grid.to_index(cleft))
    if not inside.any():
        raise InputError(
            "There is no true synapse to compare with",
            found=f"0 of {len(truth)} rows with their cleft in the box {box}",
            expected="at least one",
            fix="choose the box that was annotated; points are zyx in nm, boxes in voxels",
        )
    kinds = truth["kind"].to_numpy(object)[inside]
    counts_by = {
        "are flagged `ignore`": ~truth["ignore"].to_numpy(np.bool_)[inside],
        f"lie within border_nm = {params.border_nm:g} of its faces": Region.of(
            params, grid, box
        ).is_core(cleft[inside]),
        f"lie outside the scope ({params.scope_told}; ids of the judge {identities.judge})": (
            Scope.of(params).holds(kinds, identities.truth[inside])
        ),
    }
    if np.logical_and.reduce(list(counts_by.values())).any():
        return
    why = [f"{int((~is_in).sum())} {what}" for what, is_in in counts_by.items() if not is_in.all()]
    raise InputError(
        "None of the true synapses in the box counts",
        found=f"of {inside.sum()} in the box {box}, {', '.join(why)}",
        expected="at least one that counts",
        fix="change these parameters of evaluate, or choose another box",
    )
