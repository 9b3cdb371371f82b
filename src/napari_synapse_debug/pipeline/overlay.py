"""Masks of several classes seen as one volume of cleft ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.io import Project, Volume
from napari_synapse_debug.pipeline.instances import join_instances

_BLOCK_VX = (64, 256, 256)
_MOST_VX = 2**29


class OverlaidMasks:
    """An array-like (Z, Y, X) uint64: the ids of several masks, a later one over an earlier.

    Read by slicing, like the arrays below it.
    """

    def __init__(self, masks: Sequence[Volume]) -> None:
        self.masks = tuple(masks)

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along z, y, x."""
        return tuple(self.masks[0].array.shape)

    @property
    def ndim(self) -> int:
        """Three."""
        return len(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """uint64."""
        return np.dtype(np.uint64)

    def __getitem__(self, index: Any) -> NDArray[np.uint64]:
        ids = np.asarray(self.masks[0].array[index]).astype(np.uint64)
        for mask in self.masks[1:]:
            above = np.asarray(mask.array[index]).astype(np.uint64)
            ids = np.where(above > 0, above, ids)
        return ids


def cleft_instances(clefts: Volume, box: Box) -> Volume | None:
    """The true clefts in ``box`` as instances, for detection alone: ids are not those of rows.

    ``clefts`` itself where its masks hold instances that are numbered together, which is told
    block by block. Masks that only say where clefts are, or that are numbered each for itself,
    are joined in memory (``join_instances``); None where the box is too large for that.

    Parameters
    ----------
    clefts : Volume
        Of ``true_clefts``, or a single mask.
    box : Box
        What will be read of the result.
    """
    array = clefts.array
    masks = array.masks if isinstance(array, OverlaidMasks) else (clefts,)
    ids = [_present(mask, box) for mask in masks]
    is_shared = sum(map(len, ids)) > len(set().union(*ids))
    if not is_shared and all(len(found) != 1 for found in ids):
        return clefts
    if box.size > _MOST_VX:
        return None
    parts = [np.asarray(mask.read(box)).astype(np.uint64) for mask in masks]
    return Volume(clefts.name, clefts.grid, _Placed(join_instances(parts), clefts.grid, box))


class _Placed:
    """An array-like of the shape of ``grid`` of which only the voxels in ``box`` are known."""

    def __init__(self, values: NDArray[np.uint64], grid: Grid, box: Box) -> None:
        self._values, self._box = values, box
        self.shape, self.ndim, self.dtype = grid.shape, 3, values.dtype

    def __getitem__(self, index: Any) -> NDArray[np.uint64]:
        slices = [part for part in index if part is not Ellipsis]
        at = zip(slices, self._box.start, strict=True)
        return self._values[tuple(slice(s.start - a, s.stop - a) for s, a in at)]


def _present(mask: Volume, box: Box) -> set[int]:
    found: set[int] = set()
    for block in box.blocks(_BLOCK_VX):
        found |= set(np.unique(mask.read(block)).tolist())
    return found - {0}


def true_clefts(project: Project) -> Volume | None:
    """Instance ids of all true clefts; None where no mask marks synapses.

    The ids are those of the masks, which are the ``synapse`` ids of the truth where the masks
    hold instances.
    """
    masks = [project.mask(m.name) for m in project.config.masks if m.role.is_synapse]
    if not masks:
        return None
    return Volume("true clefts", masks[0].grid, OverlaidMasks(masks))
