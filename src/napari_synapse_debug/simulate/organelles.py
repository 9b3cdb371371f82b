"""Organelles: mitochondria, vesicle clouds and microtubules, as places in the tissue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.roles import Kind
from napari_synapse_debug.simulate.neurites import Neurite
from napari_synapse_debug.simulate.noise import Floats
from napari_synapse_debug.simulate.sites import Site, interface_of
from napari_synapse_debug.simulate.tissue import Tissue

Points = NDArray[np.float64]

VESICLE_RADIUS_NM = {Kind.SPINE_HEAD: 20.0, Kind.SHAFT: 14.0}
"""Symmetric synapses have smaller vesicles (Colonnier 1968, Brain Research 9, 268–287)."""

VESICLE_SPACING_NM = 44.0
CLOUD_NM = 270.0
"""Vesicles lie within this distance of the middle of their cleft."""

MASK_RIM_NM = 6.0
"""The mask of a vesicle reaches this far beyond it, so that a cloud becomes one piece."""

MEMBRANE_ROOM_NM = 22.0
SYNAPSE_ROOM_NM = 190.0
"""Mitochondria stay this far from a cleft's middle."""


@dataclass(frozen=True)
class Vesicles:
    """All vesicles: ``centers_nm`` (N, 3) zyx, ``radii_nm`` (N,), and their ``owners`` (N,)."""

    centers_nm: Points
    radii_nm: Points
    owners: NDArray[np.int64]


def place_mitochondria(tissue: Tissue, sites: Sequence[Site], rng: np.random.Generator) -> Floats:
    """Depth below the surface of a mitochondrion, (Z, Y, X) float32, nm; negative outside.

    Sausages along the middle of neurites that are thick enough, away from clefts.
    """
    depth = np.full(tissue.grid.shape, -100.0, np.float32)
    clefts = cKDTree([site.center_nm for site in sites]) if sites else None
    for owner, neurite in enumerate(tissue.neurites, start=1):
        for piece in _stretches(neurite, owner <= tissue.dendrites, rng):
            for center, radius in zip(piece.centers_nm, piece.radii_nm, strict=True):
                here = unbend(tissue, center)
                if here is None or tissue.owners[tuple(here)] != owner:
                    continue
                place = tissue.grid.to_nm([here])[0]
                if clefts is not None and clefts.query(place)[0] < SYNAPSE_ROOM_NM + radius:
                    continue
                _stamp_organelle(tissue, depth, center, float(radius), here, owner)
    return depth


def place_vesicles(
    tissue: Tissue, sites: Sequence[Site], mitochondria: Floats, rng: np.random.Generator
) -> Vesicles:
    """The vesicles of all sites: packed at random in pre, denser towards the cleft."""
    clouds = [_cloud(tissue, site, mitochondria, rng) for site in sites]
    counts = [len(cloud) for cloud in clouds]
    return Vesicles(
        centers_nm=np.concatenate([np.zeros((0, 3)), *clouds]),
        radii_nm=np.repeat([VESICLE_RADIUS_NM[site.kind] for site in sites], counts),
        owners=np.repeat(np.array([site.pre for site in sites], np.int64), counts),
    )


def place_microtubules(tissue: Tissue, rng: np.random.Generator) -> NDArray[np.int64]:
    """Voxels (N, 3) on microtubules: bundles along the shafts, a few in each axon."""
    found = [np.zeros((0, 3), np.int64)]
    for owner, neurite in enumerate(tissue.neurites, start=1):
        count = 14 if owner <= tissue.dendrites else 3
        for _ in range(count):
            course = _parallel(neurite, rng)
            voxels = _unbend_all(tissue, course)
            at = tuple(voxels.T)
            kept = (tissue.owners[at] == owner) & (tissue.depth_nm[at] > MEMBRANE_ROOM_NM + 6.0)
            found.append(voxels[kept])
    return np.concatenate(found)


def unbend(tissue: Tissue, point_nm: Points) -> NDArray[np.int64] | None:
    """The voxel (3,) of a point in the space of the neurites; None outside of the volume."""
    index = _unbend_all(tissue, point_nm[np.newaxis])
    return index[0] if len(index) else None


def _unbend_all(tissue: Tissue, points_nm: Points) -> NDArray[np.int64]:
    """Voxels (M, 3) of those of the ``points_nm`` (N, 3) of bent space that lie in the volume."""
    grid = tissue.grid
    last = np.asarray(grid.shape) - 1
    guess = points_nm
    for _ in range(3):
        index = np.clip(grid.to_index(guess), 0, last)
        shift = tissue.bent_nm[(slice(None), *index.T)].T - grid.to_nm(index)
        guess = points_nm - shift
    index = grid.to_index(guess)
    return index[grid.box.contains(index)]


def _stretches(neurite: Neurite, is_dendrite: bool, rng: np.random.Generator) -> list[Neurite]:
    """Pieces of the middle line that hold a mitochondrion, with its radii."""
    pieces = []
    start = int(rng.integers(0, 20))
    while start < len(neurite.radii_nm):
        length = int(rng.integers(9, 22))
        piece = slice(start, start + length)
        radii = neurite.radii_nm[piece]
        if radii.min() > 95.0:
            radius = np.minimum(rng.uniform(0.5, 0.62) * radii, rng.uniform(95.0, 140.0))
            aside = rng.normal(0.0, 0.12 * radii.min(), 3)
            pieces.append(Neurite(neurite.centers_nm[piece] + aside, radius, neurite.parts[piece]))
        start += length + int(rng.integers(6, 20) if is_dendrite else rng.integers(10, 40))
    return pieces


def _stamp_organelle(
    tissue: Tissue,
    depth: Floats,
    center: Points,
    radius: float,
    voxel: NDArray[np.int64],
    owner: int,
) -> None:
    """Raise ``depth`` (changed in place) by one ball, inside ``owner``."""
    point = Box(tuple(voxel), tuple(voxel + 1))
    box = point.grow(tissue.grid.margin_vx(1.3 * radius + 20.0), within=tissue.grid.box)
    at = box.slices
    z, y, x = (tissue.bent_nm[axis][at] - np.float32(c) for axis, c in enumerate(center))
    ball = np.float32(radius) - np.sqrt(z * z + y * y + x * x)
    ball = np.minimum(ball, tissue.depth_nm[at] - np.float32(MEMBRANE_ROOM_NM))
    np.copyto(depth[at], np.maximum(depth[at], ball), where=tissue.owners[at] == owner)


def _cloud(tissue: Tissue, site: Site, mitochondria: Floats, rng: np.random.Generator) -> Points:
    """Centres (N, 3) of the vesicles of one site, at least ``VESICLE_SPACING_NM`` apart."""
    around = interface_of(tissue, site, CLOUD_NM)
    at = around.box.slices
    room = (tissue.owners[at] == site.pre) & (tissue.depth_nm[at] > MEMBRANE_ROOM_NM)
    room &= (mitochondria[at] < -VESICLE_RADIUS_NM[site.kind]) & (around.radius_nm < CLOUD_NM)
    voxels = np.argwhere(room)
    if not len(voxels):
        return np.zeros((0, 3))
    nearness = 1.0 - 0.8 * around.radius_nm[room].astype(np.float64) / CLOUD_NM
    tries = min(len(voxels), 900)
    picked = rng.choice(len(voxels), tries, replace=False, p=nearness / nearness.sum())
    jitter = rng.uniform(-0.5, 0.5, (tries, 3))
    places = tissue.grid.to_nm(voxels[picked] + np.asarray(around.box.start) + jitter)
    crowded = cKDTree(places).query_ball_point(places, VESICLE_SPACING_NM)
    taken = np.zeros(tries, bool)
    for number, others in enumerate(crowded):
        taken[number] = not taken[others].any()
    return np.asarray(places[taken])


def _parallel(neurite: Neurite, rng: np.random.Generator) -> Points:
    """A course beside the middle line of ``neurite``, every 4 nm."""
    heading = np.gradient(neurite.centers_nm, axis=0) if len(neurite.radii_nm) > 1 else 0.0
    aside = rng.normal(0.0, 1.0, 3)
    offset = aside - (aside * heading).sum(axis=-1, keepdims=True) * heading / np.maximum(
        (np.square(heading)).sum(axis=-1, keepdims=True), 1e-9
    )
    course = neurite.centers_nm + 0.38 * neurite.radii_nm[:, np.newaxis] * offset
    steps = np.arange(len(course))
    fine = np.arange(0.0, len(course) - 1 + 1e-9, 0.08)
    return np.stack([np.interp(fine, steps, course[:, axis]) for axis in range(3)], axis=1)


def vesicle_voxels(
    grid: Grid, vesicles: Vesicles, rim_nm: float
) -> tuple[NDArray[np.int64], Points, NDArray[np.int64]]:
    """Voxels within ``rim_nm`` of vesicles: indices (M, 3), distances (M,), rows (M,).

    Distances are to the centre, in nm; rows are those of ``vesicles``. A section shows
    all that lies within its thickness, so distance along z counts from its face.
    """
    centers = vesicles.centers_nm
    margin = grid.margin_vx(max(VESICLE_RADIUS_NM.values()) + rim_nm)
    ranges = (np.arange(-m, m + 1) for m in margin)
    steps = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 3)
    voxels = (grid.to_index(centers)[:, np.newaxis] + steps).reshape(-1, 3)
    rows = np.repeat(np.arange(len(centers)), len(steps))
    inside = grid.box.contains(voxels)
    voxels, rows = voxels[inside], rows[inside]
    offset = np.abs(grid.to_nm(voxels) - centers[rows])
    offset[:, 0] = np.maximum(offset[:, 0] - grid.voxel_size_nm[0] / 2, 0.0)
    distance = np.linalg.norm(offset, axis=1)
    near = distance <= vesicles.radii_nm[rows] + rim_nm
    return voxels[near], distance[near], rows[near]


def mark_vesicles(tissue: Tissue, vesicles: Vesicles) -> NDArray[np.uint8]:
    """Mask (Z, Y, X) uint8 of the vesicle clouds: 1 within a vesicle and a little around it."""
    mask = np.zeros(tissue.grid.shape, np.uint8)
    voxels, _, rows = vesicle_voxels(tissue.grid, vesicles, MASK_RIM_NM)
    at = tuple(voxels.T)
    own = tissue.owners[at] == vesicles.owners[rows]
    mask[tuple(voxels[own].T)] = 1
    return mask
