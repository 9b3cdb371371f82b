"""Packing: an additively weighted Voronoi partition that neurites are added to one by one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.simulate.neurites import Neurite
from napari_synapse_debug.simulate.noise import Floats

REACH_NM = 100.0
"""How far outside of its balls a neurite may still win a voxel."""


class Packing:
    """Ranking of the three nearest neurites of each voxel, by ``distance − radius`` in nm.

    Parameters
    ----------
    grid : Grid
        The voxels.
    bent_nm : (3, Z, Y, X) float32
        Their positions in the space of the neurites.

    Attributes
    ----------
    values : (3, Z, Y, X) float32
        The three smallest values, ``REACH_NM`` where nobody is near; negative inside.
    owners : (2, Z, Y, X) uint32
        Whose the first two are; 0 is nobody.
    parts : (Z, Y, X) uint16
        Part code of the first.
    """

    def __init__(self, grid: Grid, bent_nm: Floats) -> None:
        self.values = np.full((3, *grid.shape), REACH_NM, np.float32)
        self.owners = np.zeros((2, *grid.shape), np.uint32)
        self.parts = np.zeros(grid.shape, np.uint16)
        self._grid = grid
        self._bent = bent_nm
        self._field = np.full(grid.shape, REACH_NM, np.float32)
        self._field_parts = np.zeros(grid.shape, np.uint16)

    def add(self, neurite: Neurite, owner: int) -> None:
        """Let ``neurite``, called ``owner``, take the voxels that it is nearest to."""
        balls = zip(neurite.centers_nm, neurite.radii_nm, neurite.parts, strict=True)
        touched = [self._stamp(center, float(radius), int(part)) for center, radius, part in balls]
        touched = [box for box in touched if not box.is_empty]
        if not touched:
            return
        start = np.min([box.start for box in touched], axis=0)
        stop = np.max([box.stop for box in touched], axis=0)
        at = Box(tuple(start), tuple(stop)).slices
        self._rank(at, owner)
        self._field[at] = REACH_NM
        self._field_parts[at] = 0

    def _stamp(self, center: NDArray[np.float64], radius: float, part: int) -> Box:
        """Lower the field to ``distance − radius`` of one ball; the box that was touched."""
        box = self._window(center, radius)
        if box.is_empty:
            return box
        at = box.slices
        z, y, x = (self._bent[axis][at] - np.float32(c) for axis, c in enumerate(center))
        value = np.sqrt(z * z + y * y + x * x) - np.float32(radius)
        closer = value < self._field[at]
        np.copyto(self._field[at], value, where=closer)
        np.copyto(self._field_parts[at], np.uint16(part), where=closer)
        return box

    def _window(self, center: NDArray[np.float64], radius: float) -> Box:
        """Box of the voxels that a ball at ``center`` (bent space) can reach."""
        last = np.asarray(self._grid.shape) - 1
        z, y, x = np.clip(self._grid.to_index([center])[0], 0, last)
        shift = self._bent[:, z, y, x] - self._grid.to_nm([(z, y, x)])[0]
        middle = self._grid.to_index([center - shift])[0]
        margin = self._grid.margin_vx(1.4 * (radius + REACH_NM) + 20.0)
        return Box(tuple(middle), tuple(middle + 1)).grow(margin, within=self._grid.box)

    def _rank(self, at: tuple[slice, slice, slice], owner: int) -> None:
        """Insert the field of ``owner`` into the ranking."""
        field = self._field[at]
        first, second, third = (self.values[k][at] for k in range(3))
        first_owner, second_owner = (self.owners[k][at] for k in range(2))
        wins = field < first
        is_second = ~wins & (field < second)
        moves = wins | is_second
        np.copyto(third, np.minimum(third, field), where=~moves)
        np.copyto(third, second, where=moves)
        np.copyto(second, first, where=wins)
        np.copyto(second, field, where=is_second)
        np.copyto(second_owner, first_owner, where=wins)
        np.copyto(second_owner, np.uint32(owner), where=is_second)
        np.copyto(first, field, where=wins)
        np.copyto(first_owner, np.uint32(owner), where=wins)
        np.copyto(self.parts[at], self._field_parts[at], where=wins)
