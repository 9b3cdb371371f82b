"""Sites: the pieces of axon–dendrite interface where synapses form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.roles import Kind
from napari_synapse_debug.simulate.distances import distance_nm
from napari_synapse_debug.simulate.neurites import FIRST_HEAD, SHAFT
from napari_synapse_debug.simulate.noise import Floats
from napari_synapse_debug.simulate.tissue import Tissue

RIM_NM = 14.0
"""Voxels this near a membrane stand for it."""

LARGEST_TILT = 0.65
"""Largest z part of the interface's normal: flatter ones hardly show in the sections."""

SEPARATIONS_NM = (420.0, 360.0, 310.0)
PAIR_SEPARATION_NM = 650.0
"""Two synapses of one ordered pair stay farther apart than a match tolerates."""


@dataclass(frozen=True)
class Site:
    """A place for a synapse.

    Parameters
    ----------
    pre, post : int
        Ids of the axon and the dendrite in the tissue.
    kind : Kind
        ``spine_head`` or ``shaft``.
    center_nm : (3,) float64
        A voxel centre at the middle of the interface, zyx.
    radius_nm : float
        Radius of the cleft.
    quality : float
        Larger is better placed.
    """

    pre: int
    post: int
    kind: Kind
    center_nm: NDArray[np.float64]
    radius_nm: float
    quality: float


@dataclass(frozen=True)
class Interface:
    """Surroundings of a site: ``box`` and, in it, the signed distance to the interface.

    ``signed_nm`` (float32) is negative in pre and positive in post, ``is_pair`` tells where it
    holds: the voxels of either one whose neighbour is the other; ``radius_nm`` is the distance
    from the centre of the site.
    """

    box: Box
    signed_nm: Floats
    is_pair: NDArray[np.bool_]
    radius_nm: Floats


def interface_of(tissue: Tissue, site: Site, reach_nm: float) -> Interface:
    """The interface of ``site`` within ``reach_nm`` of its centre (a cube, cut to the volume)."""
    z, y, x = tissue.grid.to_index([site.center_nm])[0]
    middle = Box((z, y, x), (z + 1, y + 1, x + 1))
    box = middle.grow(tissue.grid.margin_vx(reach_nm), within=tissue.grid.box)
    at = box.slices
    owners, neighbours = tissue.owners[at], tissue.neighbours[at]
    is_pre = owners == site.pre
    is_pair = (is_pre & (neighbours == site.post)) | (
        (owners == site.post) & (neighbours == site.pre)
    )
    depth = tissue.depth_nm[at]
    return Interface(
        box=box,
        signed_nm=np.where(is_pre, -depth, depth).astype(np.float32),
        is_pair=is_pair,
        radius_nm=distance_nm(tissue.grid, box, site.center_nm),
    )


def find_sites(tissue: Tissue, rng: np.random.Generator) -> list[Site]:
    """All places where a synapse could form, best first; they may overlap.

    A site needs an interface that fills most of its disc and stands steep enough in the
    sections, and room for vesicles before and a density behind it.
    """
    sites = [
        site
        for pre, post, kind, cloud in _interfaces(tissue)
        for center, radius in _centers(cloud, kind, rng)
        if (site := _assess(tissue, Site(pre, post, kind, center, radius, 0.0), cloud)) is not None
    ]
    return sorted(sites, key=lambda site: -site.quality)


def choose_sites(sites: list[Site], tissue: Tissue, wanted: dict[Kind, int]) -> list[Site]:
    """The best sites of each kind, at most ``wanted``, apart from each other and even in y.

    Distances are relaxed step by step where places are rare.
    """
    extent = tissue.grid.shape[1] * tissue.grid.voxel_size_nm[1]
    bins = max(1, min(4, int(extent / 500.0)))
    chosen: list[Site] = []
    for kind in sorted(wanted, key=lambda kind: wanted[kind]):
        quota = dict.fromkeys(range(bins), -(-wanted[kind] // bins))
        for separation in SEPARATIONS_NM:
            for is_even in (True, False):
                for site in sites:
                    b = min(int(site.center_nm[1] / extent * bins), bins - 1)
                    if sum(s.kind == kind for s in chosen) >= wanted[kind]:
                        break
                    if site.kind != kind or (is_even and quota[b] < 1):
                        continue
                    if _is_apart(site, chosen, separation):
                        chosen.append(site)
                        quota[b] -= 1
    return sorted(chosen, key=lambda site: tuple(site.center_nm))


def _is_apart(site: Site, chosen: list[Site], separation_nm: float) -> bool:
    for other in chosen:
        is_same_pair = (site.pre, site.post) == (other.pre, other.post)
        nearest = max(separation_nm, PAIR_SEPARATION_NM if is_same_pair else 0.0)
        if np.linalg.norm(site.center_nm - other.center_nm) < nearest:
            return False
    return True


def _interfaces(tissue: Tissue) -> Iterator[tuple[int, int, Kind, NDArray[np.float64]]]:
    """Each interface of an axon with a spine head or a shaft: pre, post, kind, points in nm."""
    count = tissue.dendrites
    is_face = (
        (tissue.depth_nm < RIM_NM)
        & (tissue.owners > 0)
        & (tissue.owners <= count)
        & (tissue.neighbours > count)
    )
    voxels = np.argwhere(is_face)
    at = tuple(voxels.T)
    keys = np.stack(
        [tissue.neighbours[at], tissue.owners[at], tissue.parts[at].astype(np.uint32)], axis=1
    )
    is_site = (keys[:, 2] == SHAFT) | (keys[:, 2] >= FIRST_HEAD)
    keys, voxels = keys[is_site], voxels[is_site]
    unique, inverse, counts = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    order = np.argsort(inverse.ravel(), kind="stable")
    for (pre, post, part), group in zip(
        unique, np.split(voxels[order], np.cumsum(counts)[:-1]), strict=True
    ):
        kind = Kind.SHAFT if part == SHAFT else Kind.SPINE_HEAD
        yield int(pre), int(post), kind, tissue.grid.to_nm(group)


def _centers(
    cloud: NDArray[np.float64], kind: Kind, rng: np.random.Generator
) -> Iterator[tuple[NDArray[np.float64], float]]:
    """Centres to try on one interface, with a radius: its middle, and places on a large one."""
    middle = cloud[np.argmin(((cloud - cloud.mean(axis=0)) ** 2).sum(axis=1))]
    yield middle, rng.uniform(105.0, 150.0)
    if kind is Kind.SHAFT:
        for _ in range(min(30, len(cloud) // 60)):
            yield cloud[rng.integers(len(cloud))], rng.uniform(110.0, 165.0)


def _assess(tissue: Tissue, site: Site, cloud: NDArray[np.float64]) -> Site | None:
    """The site with its quality; None where no synapse can form."""
    voxel = np.asarray(tissue.grid.voxel_size_nm)
    last = (np.asarray(tissue.grid.shape) - 1) * voxel
    face = np.maximum(90.0, 2 * voxel)
    if np.any(site.center_nm < face) or np.any(site.center_nm > last - face):
        return None
    near = cloud[((cloud - site.center_nm) ** 2).sum(axis=1) <= site.radius_nm**2]
    covered = len(near) * tissue.grid.voxel_volume_nm3 / RIM_NM / (np.pi * site.radius_nm**2)
    if len(near) < 8 or covered < 0.55:
        return None
    normal = np.linalg.eigh(np.cov(near.T))[1][:, 0]
    if abs(normal[0]) > LARGEST_TILT:
        return None
    around = interface_of(tissue, site, 260.0)
    owners, depth = tissue.owners[around.box.slices], tissue.depth_nm[around.box.slices]
    reach = (around.radius_nm > 50.0) & (around.radius_nm < 120.0)
    if _deepest(depth, reach & (owners == site.pre)) < 50.0:
        return None
    if _deepest(depth, reach & (owners == site.post)) < 45.0:
        return None
    room = (around.radius_nm < 260.0) & (owners == site.pre) & (depth > 22.0)
    cloud_nm3 = float(room.sum()) * tissue.grid.voxel_volume_nm3
    if cloud_nm3 < 5e6:
        return None
    quality = min(covered, 1.0) + 0.4 * (1 - abs(normal[0])) + min(cloud_nm3 / 2e7, 1.0)
    return Site(site.pre, site.post, site.kind, site.center_nm, site.radius_nm, quality)


def _deepest(depth: Floats, where: NDArray[np.bool_]) -> float:
    return float(depth[where].max()) if where.any() else 0.0
