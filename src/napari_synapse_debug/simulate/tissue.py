"""Tissue: neurites packed so that they fill space, with the distance to the next membrane."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import label as label_components

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.simulate.neurites import (
    NECK,
    Neurite,
    grow_axon,
    grow_dendrites,
    grow_spines,
)
from napari_synapse_debug.simulate.noise import Floats, bend_space
from napari_synapse_debug.simulate.packing import Packing

DENDRITE_SHARE = 0.24
SMALLEST_PIECE_NM3 = 8e6
SHALLOWEST_VOID_NM = 65.0
"""Smaller voids are left to the neurites around them."""

ALONE_NM = 75.0
"""Depth where no other neurite is near."""


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
        Shafts of the dendrites first, then axons.
    dendrites : int
        How many of them are dendrites: ids 1 to ``dendrites``.
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
    """Dendrites with up to ``spines`` spines, and axons in all the space that is left.

    The next axon always goes through one of the deepest voids, until none is left. Spines are
    then cut out of the axons that they meet.
    """
    extent = np.asarray(grid.shape) * np.asarray(grid.voxel_size_nm)
    bent = bend_space(grid, rng)
    shafts = grow_dendrites(extent, DENDRITE_SHARE, rng)
    body, bulbs = Packing(grid, bent), Packing(grid, bent)
    for owner, spine in grow_spines(shafts, spines, extent, rng):
        bulbs.add(spine, owner + 1)
    for owner, shaft in enumerate(shafts):
        body.add(shaft, owner + 1)
    neurites = list(shafts)
    for _ in range(20 + int(20 * np.prod(extent) / 1e9)):
        place, depth = _deepest_void(grid, bent, np.minimum(body.values[0], bulbs.values[0]), rng)
        if depth < SHALLOWEST_VOID_NM:
            break
        axon = grow_axon(place, min(rng.uniform(80.0, 130.0), depth), extent, rng)
        neurites.append(axon)
        body.add(axon, len(neurites))
    tissue = _cut_out(body, bulbs, grid, bent, tuple(neurites), len(shafts))
    return _even_out(_absorb_loose_pieces(tissue))


def _deepest_void(
    grid: Grid, bent_nm: Floats, values: Floats, rng: np.random.Generator
) -> tuple[NDArray[np.float64], float]:
    """A place (zyx, nm, bent space) among the deepest voids, and its depth in nm."""
    step = grid.margin_vx(30.0)
    sparse = values[:: step[0], :: step[1], :: step[2]]
    deepest = float(sparse.max())
    choices = np.argwhere(sparse >= 0.85 * deepest)
    z, y, x = choices[rng.integers(len(choices))] * step
    return bent_nm[:, z, y, x].astype(np.float64), deepest


def _cut_out(
    body: Packing,
    bulbs: Packing,
    grid: Grid,
    bent_nm: Floats,
    neurites: tuple[Neurite, ...],
    dendrites: int,
) -> Tissue:
    """The tissue in which the spines displace what they meet (solid geometry: body − bulbs).

    Inside a spine the next membrane is its own surface, and the neighbour whoever lies beyond;
    beside one it is that surface, if it is nearer than the membrane that was there.
    """
    owners, neighbours = body.owners
    depth = np.where(neighbours == 0, ALONE_NM, (body.values[1] - body.values[0]) / 2)
    corner = (body.values[2] - body.values[0]) / 2
    spine, rival = bulbs.values[0], (bulbs.values[1] - bulbs.values[0]) / 2
    is_own = owners == bulbs.owners[0]
    joint = is_own & (spine < 0)
    inside = ~is_own & (spine < 0)
    beside = ~is_own & ~inside & (spine < depth)
    at_rival = inside & (rival < -spine)
    cases = [at_rival, inside, beside, joint]
    beyond = owners[_nearest_outside(inside, grid)]
    return Tissue(
        grid=grid,
        owners=np.where(inside, bulbs.owners[0], owners),
        neighbours=np.select(cases[:3], [bulbs.owners[1], beyond, bulbs.owners[0]], neighbours),
        depth_nm=np.select(cases, [rival, -spine, spine, np.maximum(depth, -spine)], depth).astype(
            np.float32
        ),
        corner_nm=np.select([inside, beside], [np.maximum(-spine, depth), depth], corner).astype(
            np.float32
        ),
        parts=np.where(inside | (joint & (-spine > depth)), bulbs.parts, body.parts),
        bent_nm=bent_nm,
        neurites=neurites,
        dendrites=dendrites,
    )


def _nearest_outside(inside: NDArray[np.bool_], grid: Grid) -> tuple[NDArray[np.int32], ...]:
    """Index arrays z, y, x of the nearest voxel that is not ``inside``, for each voxel."""
    nearest = ndimage.distance_transform_edt(
        inside, sampling=grid.voxel_size_nm, return_distances=False, return_indices=True
    )
    return tuple(nearest)


def _absorb_loose_pieces(tissue: Tissue) -> Tissue:
    """The tissue whose small pieces that are cut off from their neurite go to the neighbour."""
    pieces = label_components(tissue.owners, connectivity=1)
    sizes = np.bincount(pieces.ravel())
    owner_of = np.zeros(len(sizes), np.int64)
    owner_of[pieces.ravel()] = tissue.owners.ravel()
    largest = np.zeros(len(tissue.neurites) + 1, np.int64)
    np.maximum.at(largest, owner_of, sizes)
    small = sizes * tissue.grid.voxel_volume_nm3 < SMALLEST_PIECE_NM3
    loose = (small & (sizes < largest[owner_of]))[pieces] & (tissue.neighbours > 0)
    depth = np.where(loose, np.maximum(tissue.corner_nm, 20.0), tissue.depth_nm)
    taken_by_dendrite = loose & (tissue.neighbours <= tissue.dendrites)
    return replace(
        tissue,
        owners=np.where(loose, tissue.neighbours, tissue.owners),
        neighbours=np.where(loose, 0, tissue.neighbours).astype(np.uint32),
        depth_nm=depth.astype(np.float32),
        parts=np.where(loose, np.where(taken_by_dendrite, NECK, 0), tissue.parts).astype(np.uint16),
    )


def _even_out(tissue: Tissue) -> Tissue:
    """The tissue with depths that grow by 1 nm per nm away from a membrane.

    Half the difference of two ``distance − radius`` grows slower where the neurites do not
    face each other, which would draw membranes and clefts too broad there.
    """
    squares = np.zeros(tissue.grid.shape, np.float32)
    for axis, voxel in enumerate(tissue.grid.voxel_size_nm):
        step = np.abs(np.diff(tissue.depth_nm, axis=axis)) / np.float32(voxel)
        step[np.diff(tissue.owners.astype(np.int64), axis=axis) != 0] = 0.0
        ahead, behind = np.zeros_like(squares), np.zeros_like(squares)
        np.moveaxis(ahead, axis, 0)[:-1] = np.moveaxis(step, axis, 0)
        np.moveaxis(behind, axis, 0)[1:] = np.moveaxis(step, axis, 0)
        squares += np.square(np.maximum(ahead, behind))
    slope = ndimage.gaussian_filter(np.sqrt(squares), (0.0, 1.0, 1.0))
    return replace(tissue, depth_nm=tissue.depth_nm / np.clip(slope, 0.4, 1.0))
