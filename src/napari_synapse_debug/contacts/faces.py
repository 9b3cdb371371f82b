"""The faces between voxels of two segments: what every contact is made of."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.contacts.background import Masks, touching_labels
from napari_synapse_debug.contacts.labels import Labels, check_fit, sweepable
from napari_synapse_debug.domain.compiled import compiled, kernel
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.params import ContactParams

NO_GAP = ContactParams()


@dataclass(frozen=True)
class Faces:
    """Voxel faces between two segments, ``segment_a < segment_b``; all arrays have length N.

    Parameters
    ----------
    axis : (N,) int8
        Axis that the face is normal to: 0 z, 1 y, 2 x.
    low_vx : (N, 3) int64
        The voxel below the face (zyx); the one above is one further along ``axis``.
    segment_a, segment_b : (N,) uint64
        The two segments.
    a_is_low : (N,) bool
        Whether ``segment_a`` holds the voxel below, so that from a to b is along ``+axis``.
    midpoint_nm : (N, 3) float64
        Centre of the face, zyx, nm.
    """

    axis: NDArray[np.int8]
    low_vx: NDArray[np.int64]
    segment_a: NDArray[np.uint64]
    segment_b: NDArray[np.uint64]
    a_is_low: NDArray[np.bool_]
    midpoint_nm: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.axis)

    def take(self, which: NDArray[Any]) -> Faces:
        """The faces at ``which`` (a mask, or indices)."""
        return Faces(**{part.name: getattr(self, part.name)[which] for part in fields(self)})


def interface_faces(
    labels: Labels, grid: Grid, params: ContactParams = NO_GAP, masks: Masks | None = None
) -> Faces:
    """All faces between two segments, by axis and then in zyx order.

    Parameters
    ----------
    labels : (z, y, x) integers
        Segment ids, 0 is background; ids up to 2**64 - 1.
    grid : Grid
        Where these voxels lie; ``low_vx`` are indices of this grid.
    params : ContactParams
        The gap that is bridged and the segments left out; by default none.
    masks : Masks, optional
        Voxels that are background, or that contacts are looked for in; the shape of ``labels``.

    Returns
    -------
    Faces
        Without any face if there are fewer than two touching segments.

    Raises
    ------
    InputError
        ``labels`` has another shape than the grid, or is no volume of non-negative integers.
    """
    check_fit(labels, grid)
    ids = sweepable(touching_labels(labels, grid, params, masks))
    counts = _count_faces(ids)
    count = int(counts.sum())
    low = np.empty((count, 3), dtype=np.int64)
    below, above = np.empty(count, dtype=np.uint64), np.empty(count, dtype=np.uint64)
    _write_faces(ids, low, below, above)
    axis, a_is_low = np.repeat(np.arange(3), counts), below < above
    return Faces(
        axis=axis.astype(np.int8),
        low_vx=low,
        segment_a=np.where(a_is_low, below, above),
        segment_b=np.where(a_is_low, above, below),
        a_is_low=a_is_low,
        midpoint_nm=grid.to_nm(low + 0.5 * np.eye(3)[axis]),
    )


@compiled
def _count_faces(ids: Any) -> Any:
    """How many faces there are normal to z, y and x: (3,)."""
    counts = np.zeros(3, np.int64)
    for axis in range(3):
        dz, dy, dx = np.int64(axis == 0), np.int64(axis == 1), np.int64(axis == 2)
        for z in range(dz, ids.shape[0]):
            for y in range(dy, ids.shape[1]):
                counts[axis] += _faces_of_row(ids[z - dz, y - dy], ids[z, y], dx)
    return counts


@kernel
def _faces_of_row(before: Any, here: Any, dx: Any) -> Any:
    count = 0
    for x in range(dx, len(here)):
        one, two = before[x - dx], here[x]
        count += (one != two) & (one != 0) & (two != 0)
    return count


@compiled
def _write_faces(ids: Any, low: Any, below: Any, above: Any) -> None:
    """Write the faces by axis and then in zyx order: lower voxel, and the ids on both sides."""
    count = 0
    for axis in range(3):
        dz, dy, dx = np.int64(axis == 0), np.int64(axis == 1), np.int64(axis == 2)
        for z in range(dz, ids.shape[0]):
            for y in range(dy, ids.shape[1]):
                for x in range(dx, ids.shape[2]):
                    one, two = ids[z - dz, y - dy, x - dx], ids[z, y, x]
                    if (one != two) & (one != 0) & (two != 0):
                        low[count, 0], low[count, 1], low[count, 2] = z - dz, y - dy, x - dx
                        below[count], above[count] = one, two
                        count += 1
