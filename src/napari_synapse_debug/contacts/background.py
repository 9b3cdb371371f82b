"""The labels that contacts are looked for in: background made, gaps closed, some left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.contacts.growth import grow_segments
from napari_synapse_debug.contacts.labels import Labels, unsigned_labels
from napari_synapse_debug.domain.compiled import compiled
from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.params import ContactParams


@dataclass(frozen=True)
class Masks:
    """Voxels that decide where contacts are; each (z, y, x), the shape of the labels, or None.

    Parameters
    ----------
    background : (z, y, x), optional
        Voxels ≠ 0 are background, whatever segment they have (membrane, extracellular space).
    region : (z, y, x), optional
        Contacts are looked for among voxels ≠ 0 only.
    """

    background: NDArray[Any] | None = None
    region: NDArray[Any] | None = None


def touching_labels(
    labels: Labels, grid: Grid, params: ContactParams, masks: Masks | None = None
) -> Labels:
    """The labels in which contacts are looked for.

    In this order: voxels of background ids and of the background mask become 0; segments grow
    over the gap; left-out segments, and all outside the region, become 0. Left-out segments
    grow like the others before, so that neurons on either side of one do not touch through it.

    Parameters
    ----------
    labels : (z, y, x) integers
        Segment ids, 0 is background.
    grid : Grid
        Its voxel size is used.
    params : ContactParams
        Background ids, gap, left-out segments.
    masks : Masks, optional
        Of the shape of ``labels``.

    Returns
    -------
    (z, y, x) unsigned integers
        Of the same width; the input itself, not copied, where nothing changes.

    Raises
    ------
    InputError
        ``labels`` is not a volume of non-negative integers, or a mask has another shape.
    """
    ids: NDArray[Any] = unsigned_labels(labels)
    masks = masks or Masks()
    _check_shape(masks.background, ids, "background")
    _check_shape(masks.region, ids, "region")
    ids = without_segments(ids, params.background)
    if masks.background is not None:
        ids = np.where(masks.background != 0, 0, ids).astype(ids.dtype)
    if params.max_gap_nm > 0:
        ids = grow_segments(ids, grid.voxel_size_nm, params.max_gap_nm)
    ids = without_segments(ids, params.excluded_segments)
    if masks.region is not None:
        ids = np.where(masks.region != 0, ids, 0).astype(ids.dtype)
    return ids


def without_segments(ids: NDArray[Any], left_out: Sequence[int]) -> NDArray[Any]:
    """The ids with those of ``left_out`` made 0; the array itself where the list is empty."""
    table = _listed(ids, left_out)
    return (
        _cleared(np.ascontiguousarray(ids).ravel(), table).reshape(ids.shape) if len(table) else ids
    )


def absent_segments(ids: NDArray[Any], wanted: Sequence[int]) -> list[int]:
    """Those of ``wanted`` that no voxel of ``ids`` (z, y, x) has, in their order."""
    table = _listed(unsigned_labels(ids), wanted)
    seen = _seen(np.ascontiguousarray(unsigned_labels(ids)).ravel(), table)
    there = set(table[seen].tolist())
    return [k for k in wanted if k not in there]


def _listed(ids: NDArray[Any], listed: Sequence[int]) -> NDArray[Any]:
    """The ids of the list that the type can hold, sorted, without 0."""
    largest = np.iinfo(ids.dtype).max
    return np.array(sorted({k for k in listed if 0 < k <= largest}), dtype=ids.dtype)


@compiled
def _cleared(ids: NDArray[Any], table: NDArray[Any]) -> NDArray[Any]:
    out = np.empty_like(ids)
    is_listed = False
    for k in range(len(ids)):
        if k == 0 or ids[k] != ids[k - 1]:
            place = np.searchsorted(table, ids[k])
            is_listed = place < len(table) and table[place] == ids[k]
        out[k] = 0 if is_listed else ids[k]
    return out


@compiled
def _seen(ids: NDArray[Any], table: NDArray[Any]) -> NDArray[np.bool_]:
    seen = np.zeros(len(table), np.bool_)
    for k in range(len(ids)):
        if k == 0 or ids[k] != ids[k - 1]:
            place = np.searchsorted(table, ids[k])
            if place < len(table) and table[place] == ids[k]:
                seen[place] = True
    return seen


def _check_shape(mask: NDArray[Any] | None, ids: NDArray[Any], name: str) -> None:
    if mask is not None and mask.shape != ids.shape:
        raise InputError(
            f"The {name} mask and the segmentation differ in size",
            found=f"a mask of shape {mask.shape}",
            expected=f"shape {ids.shape}",
            fix="give a mask of the same volume",
        )
