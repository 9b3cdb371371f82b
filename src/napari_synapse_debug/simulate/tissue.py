"""Tissue: neurites packed so that they fill space, with the distance to the next membrane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.measure import label as label_components

from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.simulate.neurites import (
    FIRST_HEAD,
    NECK,
    Neurite,
    grow_axon,
    grow_dendrites,
    grow_spines,
)
from napari_synapse_debug.simulate.noise import Floats, bend_space

REACH_NM = 150.0
"""How far outside of its balls a neurite may still win a voxel."""

DENDRITE_SHARE = 0.24
SMALLEST_PIECE_UM3 = 0.008


@dataclass(frozen=True)
class Tissue:
    """Who owns each voxel, who is next, and how far the membrane between them is.

    Parameters
    ----------
    grid : Grid
        The voxels.
    owners, neighbours : (Z, Y, X) uint32
        The neurite of each voxel and the second nearest one; ids from 1 in the order of
        ``neurites``, neighbours 0 where nobody else is near.
    depth_nm : (Z, Y, X) float32
        Distance to the membrane shared with the neighbour.
    corner_nm : (Z, Y, X) float32
        The same for the third neurite: small where three neurites meet.
    parts : (Z, Y, X) uint16
        Part codes of the neurite (axon, shaft, neck, head k).
    bent_nm : (3, Z, Y, X) float32
        Positions of the voxels in the space of ``neurites``.
    neurites : tuple of Neurite
        All of them, dendrites first.
    dendrites : int
        How many of them are dendrites.
    """

    grid: Grid
    owners: NDArray[np.uint32]
    neighbours: NDArray[np.uint32]
    depth_nm: Floats
    corner_nm: Floats
    parts: NDArray[np.uint16]
    bent_nm: Floats
    neurites: tuple[Neurite, ...]
    dendrites: int


def grow_tissue(grid: Grid, spines: int, rng: np.random.Generator) -> Tissue:
    """Dendrites with about ``spines`` spines, and axons in all the space that is left.

    Each voxel goes to the neurite with the smallest ``distance − radius`` (an additively
    weighted Voronoi partition of bent space). Spines are cut out of the axons they meet. The
    next axon always goes through the deepest void, until there is none.
    """
    extent = np.asarray(grid.shape) * np.asarray(grid.voxel_size_nm)
    packing = _Packing(grid, bend_space(grid, rng))
    dendrites = grow_spines(grow_dendrites(extent, DENDRITE_SHARE, rng), spines, extent, rng)
    for dendrite in dendrites:
        packing.add(dendrite)
    neurites = list(dendrites)
    for _ in range(20 + int(20 * np.prod(extent) / 1e9)):
        place, depth = packing.deepest_void(rng)
        if depth < 60.0:
            break
        axon = grow_axon(place, float(np.clip(rng.uniform(75, 125), 60, depth)), extent, rng)
        packing.add(axon)
        neurites.append(axon)
    packing.absorb_loose_pieces()
    return packing.tissue(tuple(neurites), len(dendrites))


class _Packing:
    """The partition while neurites are added one after the other."""

    def __init__(self, grid: Grid, bent_nm: Floats) -> None:
        self.grid = grid
        self.bent = bent_nm
        self.values = np.full((3, *grid.shape), REACH_NM, np.float32)
        self.owners = np.zeros((2, *grid.shape), np.uint32)
        self.parts = np.zeros(grid.shape, np.uint16)
        self.spines = np.full(grid.shape, REACH_NM, np.float32)
        self.field = np.full(grid.shape, REACH_NM, np.float32)
        self.field_parts = np.zeros(grid.shape, np.uint16)
        self.count = 0

    def add(self, neurite: Neurite) -> None:
        """Let ``neurite`` take the voxels that it is nearest to."""
        self.count += 1
        touched = [
            box
            for center, radius, part in zip(
                neurite.centers_nm, neurite.radii_nm, neurite.parts, strict=True
            )
            if not (box := self._stamp(center, float(radius), int(part))).is_empty
        ]
        if not touched:
            return
        start = np.min([box.start for box in touched], axis=0)
        stop = np.max([box.stop for box in touched], axis=0)
        at = Box(tuple(start), tuple(stop)).slices
        if neurite.parts.max() < NECK:
            np.maximum(self.field[at], -self.spines[at], out=self.field[at])
        self._rank(at)
        self.field[at] = REACH_NM
        self.field_parts[at] = 0

    def deepest_void(self, rng: np.random.Generator) -> tuple[NDArray[np.float64], float]:
        """A place (zyx, nm, bent space) among the deepest voids, and its depth in nm."""
        step = self.grid.margin_vx(30.0)
        sparse = self.values[0, :: step[0], :: step[1], :: step[2]]
        deepest = float(sparse.max())
        choices = np.argwhere(sparse >= 0.85 * deepest)
        z, y, x = choices[rng.integers(len(choices))] * step
        return self.bent[:, z, y, x].astype(np.float64), deepest

    def absorb_loose_pieces(self) -> None:
        """Give small pieces that are cut off from their neurite to the neighbour."""
        pieces = label_components(self.owners[0], connectivity=1)
        sizes = np.bincount(pieces.ravel())
        small = sizes * self.grid.voxel_volume_nm3 < SMALLEST_PIECE_UM3 * 1e9
        owner_of = np.zeros(len(sizes), np.int64)
        owner_of[pieces.ravel()] = self.owners[0].ravel()
        largest = np.zeros(self.count + 1, np.int64)
        np.maximum.at(largest, owner_of, sizes)
        small &= sizes < largest[owner_of]
        loose = small[pieces] & (self.owners[1] > 0)
        self.owners[0][loose] = self.owners[1][loose]
        self.owners[1][loose] = 0
        self.values[0][loose] = self.values[1][loose]
        self.values[1][loose] = self.values[2][loose]
        self.parts[loose] = np.where(self.owners[0][loose] > 0, NECK, 0)

    def tissue(self, neurites: tuple[Neurite, ...], dendrites: int) -> Tissue:
        """The finished tissue."""
        return Tissue(
            grid=self.grid,
            owners=self.owners[0],
            neighbours=self.owners[1],
            depth_nm=(self.values[1] - self.values[0]) / 2,
            corner_nm=(self.values[2] - self.values[0]) / 2,
            parts=self.parts,
            bent_nm=self.bent,
            neurites=neurites,
            dendrites=dendrites,
        )

    def _stamp(self, center: NDArray[np.float64], radius: float, part: int) -> Box:
        """Lower the field to ``distance − radius`` of one ball; the box that was touched."""
        box = self._window(center, radius)
        if box.is_empty:
            return box
        at = box.slices
        z, y, x = (
            np.float32(c) - self.bent[axis][at] for axis, c in enumerate(center.astype(np.float32))
        )
        value = np.sqrt(z * z + y * y + x * x) - np.float32(radius)
        closer = value < self.field[at]
        np.copyto(self.field[at], value, where=closer)
        np.copyto(self.field_parts[at], np.uint16(part), where=closer)
        if part == NECK or part >= FIRST_HEAD:
            np.minimum(self.spines[at], value, out=self.spines[at])
        return box

    def _window(self, center: NDArray[np.float64], radius: float) -> Box:
        size = np.asarray(self.grid.shape)
        index = np.clip(self.grid.to_index([center])[0], 0, size - 1)
        bent = self.bent[:, index[0], index[1], index[2]]
        straight = self.grid.to_nm([index])[0]
        middle = self.grid.to_index([center - (bent - straight)])[0]
        margin = self.grid.margin_vx(1.15 * (radius + REACH_NM) + 30.0)
        point = Box(tuple(middle), tuple(middle + 1))
        return point.grow(margin, within=self.grid.box)

    def _rank(self, at: tuple[slice, slice, slice]) -> None:
        """Insert the field into the ranking of the three nearest neurites."""
        field = self.field[at]
        first, second, third = (self.values[k][at] for k in range(3))
        owner, neighbour = (self.owners[k][at] for k in range(2))
        wins = field < first
        is_second = ~wins & (field < second)
        moves = wins | is_second
        np.copyto(third, np.minimum(third, field), where=~moves)
        np.copyto(third, second, where=moves)
        np.copyto(second, first, where=wins)
        np.copyto(second, field, where=is_second)
        np.copyto(neighbour, owner, where=wins)
        np.copyto(neighbour, np.uint32(self.count), where=is_second)
        np.copyto(first, field, where=wins)
        np.copyto(owner, np.uint32(self.count), where=wins)
        np.copyto(self.parts[at], self.field_parts[at], where=wins)
