"""An annotated box after its truth was corrected: synapses that were added, and taken away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.params import TargetParams
from napari_synapse_debug.domain.records import points
from napari_synapse_debug.domain.roles import ClassSpec
from napari_synapse_debug.pipeline.annotated_box import AnnotatedBox
from napari_synapse_debug.pipeline.instances import label_instances
from napari_synapse_debug.pipeline.lessons import edited_rows
from napari_synapse_debug.train import TrainingBox
from napari_synapse_debug.train.targets import paint_targets

NEAR_NM = 100.0
"""A cleft point this near to a painted cleft means this one."""


def correct_masks(
    found: AnnotatedBox,
    before: pd.DataFrame,
    now: pd.DataFrame,
    classes: Sequence[ClassSpec],
    params: TargetParams,
) -> tuple[AnnotatedBox, int]:
    """The box with the masks of its synapses as the corrected truth has them, and how many edits.

    A synapse that was added where no cleft is painted becomes a disc with an unknown rim. A
    cleft whose rows were all taken away is unknown from now on: the corrected truth says that
    it is no synapse, not which of its voxels are background. A row that was moved, or is of
    another kind, counts as taken away and added.

    Parameters
    ----------
    found : AnnotatedBox
        With masks.
    before, now : DataFrame
        ``records.TRUTH``, original and corrected.
    classes : sequence of ClassSpec
        Those with a mask here and a role of synapses are corrected.
    params : TargetParams
        How discs are painted.
    """
    painted = [c for c in classes if c.role.is_synapse and found.box.masks.get(c.name) is not None]
    added, removed, changed = edited_rows(before, now)
    new = _inside(now[now["row"].isin(added | changed)], found.grid)
    old = _inside(before[before["row"].isin(removed | changed)], found.grid)
    if not painted or (new.empty and old.empty):
        return found, 0
    kept = _inside(now[~now["row"].isin(added | changed)], found.grid)
    masks = dict(found.box.masks)
    ignored = dict(found.box.ignored)
    edits = 0
    for spec in painted:
        mask = _numbered(masks[spec.name])
        gone = _objects_at(mask, old, found.grid) - _objects_at(mask, kept, found.grid) - {0}
        unknown = np.isin(mask, list(gone))
        mask[unknown] = 0
        edits += len(gone)
        is_new = np.array([n == 0 for n in _each_object(mask, new, found.grid)], np.bool_)
        target = paint_targets(new[is_new], found.grid, painted, params)
        disc = (target.masks[spec.name] > 0) & (mask == 0)
        if disc.any():
            mask[disc] = target.masks[spec.name][disc] + mask.max()
            edits += len(np.unique(mask[disc]))
        unknown = (unknown | target.ignored[spec.name]) & (mask == 0)
        masks[spec.name] = mask
        ignored[spec.name] = ignored.get(spec.name, np.zeros(mask.shape, np.bool_)) | unknown
    box = TrainingBox(found.box.raw, masks, ignored)
    return replace(found, box=box), edits


def _inside(rows: pd.DataFrame, grid: Grid) -> pd.DataFrame:
    is_inside = grid.contains(points(rows, "cleft")) & ~rows["ignore"].to_numpy(bool)
    inside: pd.DataFrame = rows.loc[is_inside]
    return inside


def _numbered(mask: NDArray[Any] | None) -> NDArray[np.int64]:
    return label_instances(np.asarray(mask).astype(np.uint64)).astype(np.int64)


def _objects_at(mask: NDArray[np.int64], rows: pd.DataFrame, grid: Grid) -> set[int]:
    return set(_each_object(mask, rows, grid))


def _each_object(mask: NDArray[np.int64], rows: pd.DataFrame, grid: Grid) -> list[int]:
    """The painted object nearest the cleft point of each row, 0 where none is near."""
    found = []
    for index in grid.to_index(points(rows, "cleft")):
        z, y, x = (int(k) for k in index)
        box = Box((z, y, x), (z + 1, y + 1, x + 1)).grow(
            grid.margin_vx(NEAR_NM), within=Box.of_shape(grid.shape)
        )
        part = mask[box.slices]
        if not part.any():
            found.append(0)
            continue
        distance, nearest = distance_transform_edt(
            part == 0, sampling=grid.voxel_size_nm, return_indices=True
        )
        at = (z - box.start[0], y - box.start[1], x - box.start[2])
        near = distance[at] <= NEAR_NM
        found.append(int(part[tuple(nearest[(slice(None), *at)])]) if near else 0)
    return found
