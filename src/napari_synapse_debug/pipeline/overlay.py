"""Masks of several classes seen as one volume of cleft ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.io import Project, Volume


class OverlaidMasks:
    """An array-like (Z, Y, X) uint64: the ids of several masks, a later one over an earlier.

    Read by slicing, like the arrays below it.
    """

    def __init__(self, masks: Sequence[Volume]) -> None:
        self._masks = tuple(masks)

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along z, y, x."""
        return tuple(self._masks[0].array.shape)

    @property
    def ndim(self) -> int:
        """Three."""
        return len(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """uint64."""
        return np.dtype(np.uint64)

    def __getitem__(self, index: Any) -> NDArray[np.uint64]:
        ids = np.asarray(self._masks[0].array[index]).astype(np.uint64)
        for mask in self._masks[1:]:
            above = np.asarray(mask.array[index]).astype(np.uint64)
            ids = np.where(above > 0, above, ids)
        return ids


def true_clefts(project: Project) -> Volume | None:
    """Instance ids of all true clefts; None where no mask marks synapses.

    The ids are those of the masks, which are the ``synapse`` ids of the truth where the masks
    hold instances.
    """
    masks = [project.mask(m.name) for m in project.config.masks if m.role.is_synapse]
    if not masks:
        return None
    return Volume("true clefts", masks[0].grid, OverlaidMasks(masks))
