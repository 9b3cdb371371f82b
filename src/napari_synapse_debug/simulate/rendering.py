"""Rendering: the electron micrograph of a tissue, with and without its synapses.

Every structure absorbs: the picture is ``base × Π (1 − absorption)``. Sections are thick, so
membranes and clefts are averaged over the depth of the section, which blurs oblique ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.special import expit

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.roles import Kind
from napari_synapse_debug.simulate.neurites import FIRST_HEAD
from napari_synapse_debug.simulate.noise import Floats, smooth_noise
from napari_synapse_debug.simulate.organelles import Vesicles, vesicle_voxels
from napari_synapse_debug.simulate.sites import Site, interface_of
from napari_synapse_debug.simulate.synapses import CORNER_NM
from napari_synapse_debug.simulate.tissue import Tissue

BLACK = 35.0
SPACE_GREY = 192.0
THIN_NM = 15.0
"""Sections up to this thickness are taken as planes."""

FADE_NM = 12.0
"""Clefts fade out over this distance at their rim."""


@dataclass(frozen=True)
class Organelles:
    """What the neurites hold.

    Parameters
    ----------
    mitochondria : (Z, Y, X) float32
        Depth below the surface of a mitochondrion, nm; negative outside.
    vesicles : Vesicles
        All vesicles.
    microtubules : (N, 3) int64
        Voxels on microtubules, zyx.
    """

    mitochondria: Floats
    vesicles: Vesicles
    microtubules: NDArray[np.int64]


def render(
    tissue: Tissue,
    sites: Sequence[Site],
    organelles: Organelles,
    gap_nm: Floats,
    rng: np.random.Generator,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The raw image, and the same without clefts, densities and vesicles; (Z, Y, X) uint8 each.

    Both have the same texture and noise, so they differ at synapses only.
    """
    width = np.maximum(gap_nm, CORNER_NM - tissue.corner_nm)
    membrane = _membranes(tissue, width)
    light = _cytoplasm(tissue, width, rng) * (1.0 - _mitochondria(tissue, organelles, rng))
    light *= 1.0 - _microtubules(tissue.grid, organelles)
    bare = light * (1.0 - membrane)
    covered = membrane.copy()
    for site in sites:
        _draw_synapse(tissue, site, covered)
    full = light * (1.0 - covered) * (1.0 - _vesicles(tissue.grid, organelles.vesicles))
    camera = _Camera.drawn(tissue.grid, rng)
    return camera.expose(full), camera.expose(bare)


@dataclass(frozen=True)
class _Camera:
    """Contrast and brightness of each section, uneven light and noise."""

    gain: Floats
    offset: Floats
    noise: Floats

    @classmethod
    def drawn(cls, grid: Grid, rng: np.random.Generator) -> _Camera:
        sections = (grid.shape[0], 1, 1)
        gain = rng.normal(1.0, 0.05, sections)
        offset = rng.normal(0.0, 4.0, sections)
        haze = 2.5 * smooth_noise(grid, 1200.0, rng)
        grain = ndimage.gaussian_filter(
            rng.standard_normal(grid.shape, dtype=np.float32), (0.0, 0.45, 0.45)
        )
        return cls(
            gain.astype(np.float32),
            (offset + haze).astype(np.float32),
            8.0 * grain,
        )

    def expose(self, light: Floats) -> NDArray[np.uint8]:
        blurred = ndimage.gaussian_filter(light, (0.0, 0.55, 0.55))
        grey = (BLACK + blurred - 140.0) * self.gain + 140.0 + self.offset + self.noise
        return np.asarray(np.clip(np.rint(grey), 0, 255), dtype=np.uint8)


def _cytoplasm(tissue: Tissue, width: Floats, rng: np.random.Generator) -> Floats:
    """Light of the cytoplasm: its own grey in each neurite, granular; bright outside of cells."""
    count = len(tissue.neurites)
    grey = rng.normal(163.0, 7.0, count + 1)
    grey[1 : tissue.dendrites + 1] = rng.normal(171.0, 4.0, tissue.dendrites)
    grey[0] = SPACE_GREY
    base = (grey - BLACK).astype(np.float32)[tissue.owners]
    base += 3.5 * smooth_noise(tissue.grid, 90.0, rng)
    grains = rng.standard_normal(tissue.grid.shape, dtype=np.float32)
    grains = ndimage.gaussian_filter(grains, (0.0, 1.1, 1.1))
    # Spine heads are full of actin: darker and more flocculent than the shaft.
    is_head = (tissue.parts >= FIRST_HEAD) & (tissue.owners <= tissue.dendrites)
    base += np.where(is_head, 34.0 * grains - 16.0, 16.0 * grains).astype(np.float32)
    return np.where(tissue.depth_nm < width - 3.0, np.float32(SPACE_GREY - BLACK), base)


def _through_section(
    values: Floats, owners: NDArray[np.uint32], thickness_nm: float
) -> list[Floats]:
    """Signed distances to a membrane at depths through each section.

    A voxel has its own distance; towards the next section it goes linearly to the distance
    there, negative if another neurite lies there: it passes 0 where the membrane is crossed.
    """
    if thickness_nm <= THIN_NM:
        return [values]
    layers: list[Floats] = [values]
    for toward, edge in ((-1, -1), (1, 0)):
        ahead = np.roll(values, toward, axis=0)
        other = np.roll(owners, toward, axis=0) != owners
        ahead[edge], other[edge] = values[edge], False
        signed = np.where(other, -ahead, ahead)
        for share in (0.2, 0.4):
            mixed = (1.0 - share) * values + share * signed
            layers.append(mixed.astype(np.float32, copy=False))
    return layers


def _bell(distance_nm: NDArray[np.floating[Any]], spread_nm: float) -> Floats:
    bell = np.exp(-0.5 * np.square(distance_nm / np.float32(spread_nm)))
    return np.asarray(bell, dtype=np.float32)


def _membranes(tissue: Tissue, width: Floats) -> Floats:
    """Absorption of the cell membranes: one dark line, or two beside extracellular space."""
    in_plane = max(tissue.grid.voxel_size_nm[1:])
    spread = float(np.hypot(5.0, 0.4 * in_plane))
    gap = np.maximum(width, 0.0) + 3.0
    layers = _through_section(tissue.depth_nm, tissue.owners, tissue.grid.voxel_size_nm[0])
    total = np.mean([_bell(np.abs(layer) - gap, spread) for layer in layers], axis=0)
    return np.asarray(0.7 * total, dtype=np.float32)


def _mitochondria(tissue: Tissue, organelles: Organelles, rng: np.random.Generator) -> Floats:
    """Absorption of mitochondria: dark outline, grey matrix, darker folded cristae."""
    depth = organelles.mitochondria
    folds = np.zeros_like(depth)
    inside = depth > 8.0
    z, y, x = (tissue.bent_nm[axis][inside] for axis in range(3))
    wobble = 25.0 * smooth_noise(tissue.grid, 120.0, rng)[inside]
    # The direction of the folds turns slowly through the volume.
    turn = 1.2 * smooth_noise(tissue.grid, 700.0, rng)[inside]
    phase = np.cos(turn) * y + np.sin(turn) * x + 0.4 * z + wobble
    folds[inside] = np.clip(np.sin(2 * np.pi * phase / 48.0), 0.0, 1.0) ** 2
    outline = 0.62 * _bell(depth, 8.0)
    matrix = np.where(depth > 0, 0.26 + 0.3 * folds, 0.0)
    return np.asarray(np.maximum(outline, matrix), dtype=np.float32)


def _microtubules(grid: Grid, organelles: Organelles) -> Floats:
    """Absorption of microtubules: fine lines, dots where they cross the section."""
    lines = np.zeros(grid.shape, np.float32)
    lines[tuple(organelles.microtubules.T)] = 1.0
    lines[organelles.mitochondria > -10.0] = 0.0
    return np.asarray(np.minimum(0.9 * ndimage.gaussian_filter(lines, (0.0, 0.7, 0.7)), 0.4))


def _vesicles(grid: Grid, vesicles: Vesicles) -> Floats:
    """Absorption of vesicles: a dark ring around a grey lumen."""
    absorption = np.zeros(grid.shape, np.float32)
    voxels, distance, rows = vesicle_voxels(grid, vesicles, 6.0)
    outside = distance - vesicles.radii_nm[rows]
    spread = np.hypot(4.0, 0.35 * grid.voxel_size_nm[1])
    ring = 0.55 * np.exp(-0.5 * np.square((outside + 4.0) / spread))
    lumen = np.where(outside < -4.0, 0.14, 0.0)
    np.maximum.at(absorption, tuple(voxels.T), np.maximum(ring, lumen).astype(np.float32))
    return absorption


def _draw_synapse(tissue: Tissue, site: Site, membrane: Floats) -> None:
    """Put cleft and densities of ``site`` over the plain ``membrane`` (changed in place)."""
    around = interface_of(tissue, site, site.radius_nm + 3 * FADE_NM)
    at = around.box.slices
    owners = tissue.owners[at]
    profile = _spine_profile if site.kind is Kind.SPINE_HEAD else _shaft_profile
    side = np.where(owners == site.pre, np.float32(-1), np.float32(1))
    layers = _through_section(np.abs(around.signed_nm), owners, tissue.grid.voxel_size_nm[0])
    total = np.mean([profile(side * layer) for layer in layers], axis=0)
    rim = np.clip((site.radius_nm + FADE_NM - around.radius_nm) / (2 * FADE_NM), 0.0, 1.0)
    weight = np.where(around.is_pair, rim, 0.0)
    membrane[at] = (1.0 - weight) * membrane[at] + weight * total


def _spine_profile(signed_nm: Floats) -> Floats:
    """Asymmetric synapse (Gray's type I): a thick dark density on the post side only."""
    pre = 0.75 * _bell(signed_nm + 11.0, 6.0)
    density = 0.9 * expit((24.0 - np.abs(signed_nm - 28.0)) / 4.5)
    cleft = 0.35 * _bell(signed_nm, 8.0)
    return np.asarray(np.maximum(np.maximum(pre, density), cleft))


def _shaft_profile(signed_nm: Floats) -> Floats:
    """Symmetric synapse (Gray's type II): equal thin densities, a clear cleft between them."""
    sides = 0.95 * expit((10.0 - np.abs(np.abs(signed_nm) - 18.0)) / 2.5)
    return np.asarray(np.maximum(sides, 0.2 * _bell(signed_nm, 8.0)))
