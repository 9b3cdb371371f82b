"""Planting: known errors put into a simulated neuropil, each at a synapse of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain import records
from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.stages import STAGE_OF_CAUSE, Cause
from napari_synapse_debug.simulate.faults import FAULTS, place_of
from napari_synapse_debug.simulate.neuropil import Neuropil
from napari_synapse_debug.simulate.place import Change

SEPARATION_NM = 500.0
"""Events stay this far apart where there is room."""

FACE_NM = 150.0
"""Synapses this near to a face of the volume or the box come last."""

EVENTS: Mapping[str, str] = {
    "event": "int64",
    "stage": "str",
    "cause": "str",
    "error": "str",
    "truth_row": "Int64",
    **dict.fromkeys(records.point_columns("cleft"), "float64"),
    "description": "str",
}
"""Columns of the planted events; ``truth_row`` is empty where the truth lacks the synapse."""


@dataclass(frozen=True)
class Planted:
    """A neuropil with planted errors.

    Parameters
    ----------
    neuropil : Neuropil
        A copy whose image, masks and truth hold the faults of image and truth; its
        segmentation is the true one.
    segmentation : (Z, Y, X) uint32
        The one to be used, with the faults of the segmentation.
    truth : DataFrame
        ``records.TRUTH`` with the faults; the same as ``neuropil.truth``.
    events : DataFrame
        What was planted: columns ``EVENTS``, one row an event.
    """

    neuropil: Neuropil
    segmentation: NDArray[np.uint32]
    truth: pd.DataFrame
    events: pd.DataFrame


def plant_errors(neuropil: Neuropil, per_cause: int, box: Box, rng: np.random.Generator) -> Planted:
    """A copy of ``neuropil`` with ``per_cause`` errors of each cause in ``FAULTS``.

    Each sits at another synapse whose cleft point lies in ``box``, if possible far from the
    others and between other neurons. ``per_cause`` 0 plants nothing.

    Raises
    ------
    InputError
        The box holds fewer synapses than errors are to be planted.
    """
    causes = [cause for _ in range(per_cause) for cause in FAULTS]
    rows = _choose_rows(neuropil, causes, box, rng)
    changes = {
        row: FAULTS[cause].plant(place_of(neuropil, _row(neuropil.truth, row)))
        for cause, row in zip(causes, rows, strict=True)
    }
    segmentation = neuropil.segmentation.copy()
    raw = neuropil.raw.copy()
    masks = {name: mask.copy() for name, mask in neuropil.masks.items()}
    volumes = {"raw": raw, "segmentation": segmentation, **masks}
    for change in changes.values():
        for name, crop in change.volumes.items():
            original = _volume(neuropil, name)[change.box.slices]
            np.copyto(volumes[name][change.box.slices], crop, where=crop != original)
    truth = _change_truth(neuropil.truth, changes)
    return Planted(
        neuropil=replace(neuropil, raw=raw, masks=masks, truth=truth),
        segmentation=segmentation,
        truth=truth,
        events=_tabulate(neuropil.truth, causes, rows, changes),
    )


def _volume(neuropil: Neuropil, name: str) -> NDArray[np.uint32] | NDArray[np.uint8]:
    if name == "raw":
        return neuropil.raw
    return neuropil.segmentation if name == "segmentation" else neuropil.masks[name]


def _row(truth: pd.DataFrame, row: int) -> pd.Series:
    return truth.loc[truth["row"] == row].iloc[0]


def _choose_rows(
    neuropil: Neuropil, causes: list[Cause], box: Box, rng: np.random.Generator
) -> list[int]:
    """A row of the truth for each cause, greedily the one that suits best."""
    if not causes:
        return []
    voxels = neuropil.grid.to_index(records.points(neuropil.truth, "cleft"))
    truth = neuropil.truth[box.contains(voxels)]
    if len(truth) < len(causes):
        raise InputError(
            "The box holds too few synapses for the errors to be planted",
            found=f"{len(truth)} synapses in {box}",
            expected=f"{len(causes)}, one for each error",
            fix="plant fewer errors of each cause, or simulate a larger volume",
        )
    suits = _plainness(neuropil, truth, box)
    cleft = records.points(truth, "cleft")
    neurons = truth[["pre_segment", "post_segment"]].to_numpy()
    picked: list[int] = []
    for _ in causes:
        gaps = np.linalg.norm(cleft[:, np.newaxis] - cleft[picked], axis=2)
        is_apart = np.all(gaps >= SEPARATION_NM, axis=1)
        is_other = ~np.isin(neurons, neurons[picked]).any(axis=1)
        score = 4.0 * is_apart + suits + 1.0 * is_other + 0.5 * rng.random(len(truth))
        score[picked] = -np.inf
        picked.append(int(np.argmax(score)))
    return [int(row) for row in truth["row"].to_numpy()[picked]]


def _plainness(neuropil: Neuropil, truth: pd.DataFrame, box: Box) -> NDArray[np.float64]:
    """How sure each synapse is to be found as long as nothing is planted: (N,), larger is surer.

    Large clefts away from the faces of the box come first.
    """
    grid = neuropil.grid
    margin = [-m for m in grid.margin_vx(FACE_NM)]
    inner = box.intersect(grid.box).grow(margin)
    is_inner = inner.contains(grid.to_index(records.points(truth, "cleft")))
    sizes = sum(
        np.bincount(
            neuropil.masks[kind].ravel(), minlength=int(neuropil.truth["synapse"].max()) + 1
        )
        for kind in sorted(truth["kind"].unique())
    )
    own = pd.Series(np.asarray(sizes)[truth["synapse"].to_numpy(np.int64)])
    return np.asarray(2.0 * is_inner + 2.0 * own.rank(pct=True).to_numpy())


def _change_truth(truth: pd.DataFrame, changes: Mapping[int, Change]) -> pd.DataFrame:
    """A copy of ``truth`` with the changes of its rows (by ``row``)."""
    changed = truth.copy()
    for row, change in changes.items():
        at = changed["row"] == row
        for column, value in change.row.items():
            changed.loc[at, column] = value
    dropped = [row for row, change in changes.items() if change.is_dropped]
    kept = changed[~changed["row"].isin(dropped)].reset_index(drop=True)
    return records.conform(kept, records.TRUTH, "truth")


def _tabulate(
    truth: pd.DataFrame, causes: list[Cause], rows: list[int], changes: Mapping[int, Change]
) -> pd.DataFrame:
    """The events (``EVENTS``), numbered from 1; clefts are those of the truth before planting."""
    if not rows:
        return records.empty(EVENTS)
    cleft = records.points(truth.set_index("row").loc[rows], "cleft")
    events = pd.DataFrame(
        {
            "event": range(1, len(rows) + 1),
            "stage": [STAGE_OF_CAUSE[cause].value for cause in causes],
            "cause": [cause.value for cause in causes],
            "error": [FAULTS[cause].error.value for cause in causes],
            "truth_row": [pd.NA if changes[row].is_dropped else row for row in rows],
            "description": [FAULTS[cause].description for cause in causes],
        }
    )
    return records.conform(records.with_points(events, "cleft", cleft), EVENTS, "planted events")
