"""Neuropil: a simulated piece of tissue with its image and the complete truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.params import SimulateParams
from napari_synapse_debug.domain.roles import ClassSpec, Kind, Role
from napari_synapse_debug.simulate.noise import Floats, smooth_noise
from napari_synapse_debug.simulate.organelles import (
    mark_vesicles,
    place_microtubules,
    place_mitochondria,
    place_vesicles,
)
from napari_synapse_debug.simulate.rendering import Organelles, render
from napari_synapse_debug.simulate.sites import Site, choose_sites, find_sites
from napari_synapse_debug.simulate.synapses import mark_clefts, segment_tissue, tabulate_truth
from napari_synapse_debug.simulate.tissue import Tissue, grow_tissue

SMALLEST_NM = 400.0
LARGEST_VOXEL_NM = (60.0, 24.0, 24.0)
FEW = 4
ATTEMPTS, ATTEMPTS_FOR_FEW = 3, 24
"""Tissues grown, at most, before the best is taken; more where only a ``FEW`` synapses fit."""

ENOUGH, HOPELESS = 0.75, 0.4
"""Parts of the synapses that make a tissue good, and further attempts at it vain."""

CLASSES = (
    ClassSpec("spine_head", Role.SPINE_HEAD),
    ClassSpec("shaft", Role.SHAFT),
    ClassSpec("vesicle", Role.VESICLE),
    ClassSpec("mitochondrion", Role.MITOCHONDRION),
)


@dataclass(frozen=True)
class Neuropil:
    """A volume and all that is true of it.

    Parameters
    ----------
    grid : Grid
        The voxels.
    raw : (Z, Y, X) uint8
        The image.
    bare : (Z, Y, X) uint8
        The same image without clefts, densities and vesicles.
    segmentation : (Z, Y, X) uint32
        True neurons; 0 is extracellular space.
    masks : mapping of str to (Z, Y, X) array
        ``spine_head`` and ``shaft``: uint32, clefts by the ``synapse`` id of the truth;
        ``vesicle`` and ``mitochondrion``: uint8, 0 or 1.
    classes : tuple of ClassSpec
        The masks and what they stand for, in their order.
    truth : DataFrame
        ``records.TRUTH``, complete: one row a synapse, segments as in ``segmentation``.
    """

    grid: Grid
    raw: NDArray[np.uint8]
    bare: NDArray[np.uint8]
    segmentation: NDArray[np.uint32]
    masks: Mapping[str, NDArray[np.uint32] | NDArray[np.uint8]]
    classes: tuple[ClassSpec, ...]
    truth: pd.DataFrame


def simulate_neuropil(params: SimulateParams) -> Neuropil:
    """Neuropil of the shape, voxel size and synapse density of ``params``; same seed, same volume.

    ``params.planted`` is left to ``plant_errors``.

    Raises
    ------
    InputError
        A volume too small, voxels too coarse, or synapses denser than there is room for.
    """
    grid = Grid(params.shape_vx, params.voxel_size_nm)
    _check(grid)
    layout, image = np.random.default_rng(params.seed).spawn(2)
    tissue, sites = _grow(grid, _wanted(grid, params), layout)
    mitochondria = place_mitochondria(tissue, sites, layout)
    vesicles = place_vesicles(tissue, sites, mitochondria, layout)
    organelles = Organelles(mitochondria, vesicles, place_microtubules(tissue, layout))
    gap = _gaps(grid, layout)
    segmentation = segment_tissue(tissue, sites, gap)
    raw, bare = render(tissue, sites, organelles, gap, image)
    clefts = mark_clefts(tissue, sites)
    return Neuropil(
        grid=grid,
        raw=raw,
        bare=bare,
        segmentation=segmentation,
        masks={
            "spine_head": clefts["spine_head"],
            "shaft": clefts["shaft"],
            "vesicle": mark_vesicles(tissue, vesicles),
            "mitochondrion": (mitochondria > 0).astype(np.uint8),
        },
        classes=CLASSES,
        truth=tabulate_truth(tissue, sites, segmentation),
    )


def _check(grid: Grid) -> None:
    extent = [n * v for n, v in zip(grid.shape, grid.voxel_size_nm, strict=True)]
    if min(extent) < SMALLEST_NM:
        raise InputError(
            "The volume is too small for a synapse",
            found=" × ".join(f"{e:g}" for e in extent) + " nm",
            expected=f"at least {SMALLEST_NM:g} nm along each axis",
            fix="take more voxels along the short axis",
        )
    if any(v > most for v, most in zip(grid.voxel_size_nm, LARGEST_VOXEL_NM, strict=True)):
        raise InputError(
            "The voxels are too coarse to show a synapse",
            found=f"{grid.voxel_size_nm} nm",
            expected=f"at most {LARGEST_VOXEL_NM} nm (zyx)",
            fix="take smaller voxels, for example 40,8,8",
        )


def _wanted(grid: Grid, params: SimulateParams) -> dict[Kind, int]:
    volume_um3 = grid.box.size * grid.voxel_volume_nm3 / 1e9
    total = max(1, round(params.synapses_per_um3 * volume_um3))
    on_shafts = round(params.shaft_fraction * total)
    return {Kind.SPINE_HEAD: total - on_shafts, Kind.SHAFT: on_shafts}


def _grow(
    grid: Grid, wanted: dict[Kind, int], rng: np.random.Generator
) -> tuple[Tissue, list[Site]]:
    """The tissue, of a few, with the most of the synapses that are ``wanted``, and their sites."""
    total = sum(wanted.values())
    best: tuple[Tissue, list[Site]] | None = None
    for _ in range(ATTEMPTS_FOR_FEW if total <= FEW else ATTEMPTS):
        tissue = grow_tissue(grid, round(1.7 * wanted[Kind.SPINE_HEAD]), rng)
        sites = choose_sites(find_sites(tissue, rng), tissue, wanted)
        if best is None or len(sites) > len(best[1]):
            best = tissue, sites
        if len(sites) >= ENOUGH * total or (total > FEW and len(sites) < HOPELESS * total):
            break
    if best is None or len(best[1]) < max(1, total // 2):
        placed = 0 if best is None else len(best[1])
        raise InputError(
            "There is no room for that many synapses",
            found=f"{placed} of {total} could be placed",
            expected="at least half of them",
            fix="lower the density of synapses, take a larger volume, or another seed",
        )
    return best


def _gaps(grid: Grid, rng: np.random.Generator) -> Floats:
    """Half the width of extracellular space between two neurites: 0 to 9 nm, mostly 0."""
    return np.asarray(np.clip(6.0 * smooth_noise(grid, 220.0, rng) - 4.0, 0.0, 9.0))
