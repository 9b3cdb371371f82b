"""Candidates and their pairs with contacts, over a volume that need not fit in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.contacts import Masks, contact_halo_vx, interface_faces
from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box, Grid, Triple
from napari_synapse_debug.domain.params import SynapseParams
from napari_synapse_debug.domain.project import Source
from napari_synapse_debug.domain.records import AXES, CONTACTS, PAIRS, empty
from napari_synapse_debug.domain.roles import Role
from napari_synapse_debug.io import Volume, create_volume, open_volume, read_table
from napari_synapse_debug.pipeline.contact_scene import open_contact_scene
from napari_synapse_debug.pipeline.work import Work, as_made
from napari_synapse_debug.synapses import (
    CandidatePieces,
    Crop,
    candidate_pieces,
    draw_candidates,
    join_places,
    link_contacts,
    mark_somata,
    measure_pairs,
    pair_margin_vx,
    soma_grid,
    soma_halo_vx,
    soma_places,
    soma_stride_vx,
    split_touching,
    stitch_candidates,
)

STEP = "synapses"
SOMATA = "somata.parquet"
CHUNK_VX = (32, 128, 128)
COARSE_VX = (64, 64, 64)
"""Of the voxels that are looked at for somata."""

MOST_CROP_VX = 2_000_000_000
"""A candidate with more voxels around it is no synapse: foreground runs through the volume."""

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Scene:
    """What candidates are found in and measured against; all volumes lie on one grid.

    Parameters
    ----------
    work : Work
        The step.
    raw, segmentation, probability : Volume
        As the step reads them.
    contacts : DataFrame
        ``records.CONTACTS``.
    somata : DataFrame
        From ``soma_places``.
    background : Volume or None
        Where it is not 0, contacts have background; of those in ``contacts``.
    """

    work: Work
    raw: Volume
    segmentation: Volume
    probability: Volume
    contacts: pd.DataFrame
    somata: pd.DataFrame
    background: Volume | None = None

    def background_in(self, box: Box) -> Masks:
        """The background of contacts in a box."""
        return Masks(None if self.background is None else self.background.read(box))

    @property
    def grid(self) -> Grid:
        """The grid of all volumes."""
        return self.segmentation.grid


def open_scene(work: Work, params: SynapseParams) -> Scene:
    """The volumes and contacts of the run, and where its neurons are as thick as somata.

    Raises
    ------
    ProjectError
        Prediction, contacts or segmentation are missing.
    StepCancelledError
        Stopped.
    """
    work = as_made(work, "contacts")  # pairs are measured across the gap that contacts bridge
    segmentation = work.project.segmentation()
    return Scene(
        work,
        work.project.raw(),
        segmentation,
        open_volume(Source(path=str(work.folder / "prediction.zarr"))),
        read_table(work.folder / "contacts.parquet", CONTACTS),
        _find_somata(work, segmentation, params),
        # contacts were found across this background, whatever the project names by now
        open_contact_scene(work.project).background,
    )


def label_candidates(
    scene: Scene, params: SynapseParams, path: Path, min_size_vx: int
) -> tuple[pd.DataFrame, Volume]:
    """The candidates of the volume (``records.CANDIDATES``), and their labels at ``path``."""
    work, probability = scene.work, scene.probability
    grid, classes = probability.grid, work.project.config.classes
    labels = create_volume(path, grid, "uint32", chunks=CHUNK_VX)

    def pieces_in(core: Box) -> CandidatePieces:
        read = probability.read(core)
        return candidate_pieces(read, core, grid, classes, params.threshold or 0.0)

    blocks = list(grid.box.blocks(params.block_vx))
    pieces = []
    for _, found in work.context.map_blocks(pieces_in, blocks):
        pieces.append(found)
        message = f"candidates at {params.threshold:.2f}, block {len(pieces)} of {len(blocks)}"
        work.tell(STEP, message)
    candidates, relabelling = stitch_candidates(
        pieces, grid, classes, min_size_vx, params.high_threshold
    )
    check_extent(candidates, params)

    def draw(found: CandidatePieces) -> None:
        ids = relabelling[found.core]
        if ids.any():
            labels.write(found.core, draw_candidates(found, ids))

    for _ in work.context.map_blocks(draw, pieces):
        pass
    if params.split_touching:
        candidates = split_touching(
            candidates,
            lambda box: (labels.read(box), probability.read(box)),
            labels.write,
            grid,
            classes,
            min_size_vx,
        )
    return candidates, open_volume(Source(path=str(path)))


class CandidateTooLargeError(InputError):
    """A candidate that reaches through so much of the volume that it cannot be looked at."""


def check_extent(candidates: pd.DataFrame, params: SynapseParams) -> None:
    """Refuse candidates one of which has a box of more than ``MOST_CROP_VX`` voxels.

    Raises
    ------
    CandidateTooLargeError
        It tells which, and what to do.
    """
    edges = [candidates[f"stop_{a}"] - candidates[f"start_{a}"] for a in AXES]
    voxels = np.prod([edge.to_numpy(np.float64) for edge in edges], axis=0)
    if len(voxels) and voxels.max() > MOST_CROP_VX:
        largest = candidates.iloc[[int(voxels.argmax())]].iloc[0]
        raise CandidateTooLargeError(
            f"At the threshold {params.threshold:.2f} candidates run into one another",
            found=f"candidate {largest['candidate']}, which reaches over {box_of(largest)}",
            expected=f"at most {MOST_CROP_VX:,} voxels around a candidate",
            fix="raise synapses.threshold, or look whether the prediction is right there",
        )


def pairs_of(
    scene: Scene, candidates: pd.DataFrame, labels: Volume, params: SynapseParams
) -> pd.DataFrame:
    """The pairs (``records.PAIRS``) of the kept candidates that have a contact, by the rule.

    Each candidate is measured in a crop around it, so memory does not grow with the volume.
    """
    work, grid, contact_params = scene.work, scene.grid, scene.work.params.contacts
    kept = candidates[candidates["is_kept"]]
    margin = _sum(pair_margin_vx(grid, params), contact_halo_vx(grid, contact_params))

    def measure(number: int) -> pd.DataFrame:
        one = kept.iloc[[number]]
        box = box_of(one.iloc[0]).grow(margin, within=grid.box)
        crop = Crop(
            grid.crop(box),
            labels.read(box),
            scene.segmentation.read(box),
            scene.probability.read(box),
            work.project.config.classes,
            scene.raw.read(box),
        )
        background = scene.background_in(box)
        faces = interface_faces(crop.segmentation, crop.grid, contact_params, background)
        return measure_pairs(crop, one, faces, params)

    parts = [empty(PAIRS)]
    for number, found in work.context.map_blocks(measure, range(len(kept))):
        if len(found):
            parts.append(found)
        message = f"candidate {number + 1} of {len(kept)}, threshold {params.threshold:.2f}"
        work.tell(STEP, message, number + 1, len(kept))
    pairs = pd.concat(parts[1:] or parts, ignore_index=True)
    pairs = mark_somata(pairs, scene.somata, params.soma_radius_nm)
    pairs = link_contacts(pairs, scene.contacts, grid)
    return pairs[pairs["contact"].notna()].reset_index(drop=True)


def box_of(row: pd.Series) -> Box:
    """The box in the columns ``start_z … stop_x`` of a candidate or contact."""
    start, stop = ([int(row[f"{end}_{axis}"]) for axis in AXES] for end in ("start", "stop"))
    return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))


def _find_somata(work: Work, segmentation: Volume, params: SynapseParams) -> pd.DataFrame:
    """The places in somata; none where a class tells them, or they are not asked for."""
    radius, grid = params.soma_radius_nm, segmentation.grid
    has_class = any(spec.role is Role.SOMA for spec in work.project.config.classes)
    extent = [n * size for n, size in zip(grid.shape, grid.voxel_size_nm, strict=True)]
    # A profile of this radius needs room in the section plane; where there is none, none is.
    if radius <= 0 or has_class or sorted(extent)[1] < 2 * radius:
        return join_places(())
    path = work.folder / "somata.partial.zarr"
    try:
        coarse = _thin_out(work, segmentation, params, path)
        halo = soma_halo_vx(coarse.grid, radius)
        found = []
        for core in coarse.grid.box.blocks(COARSE_VX):
            read = core.grow(halo, within=coarse.grid.box)
            found.append(soma_places(coarse.read(read), read, core, coarse.grid, radius))
        return join_places(found)
    finally:
        rmtree(path, ignore_errors=True)


def _thin_out(work: Work, segmentation: Volume, params: SynapseParams, path: Path) -> Volume:
    """Every n-th voxel of the segmentation (``soma_grid``), written to ``path``.

    Each block is read once: a ball reaches over hundreds of voxels, and a block with so wide a
    margin would be a hundred times as large.
    """
    grid, radius = segmentation.grid, params.soma_radius_nm
    stride = soma_stride_vx(grid, radius)
    coarse = create_volume(path, soma_grid(grid, radius), str(segmentation.dtype), chunks=COARSE_VX)

    def sample(core: Box) -> NDArray[np.integer[Any]]:
        z, y, x = (slice(-a % s, None, s) for a, s in zip(core.start, stride, strict=True))
        return segmentation.read(core)[z, y, x]

    blocks = list(grid.box.blocks(params.block_vx))
    for number, (core, ids) in enumerate(work.context.map_blocks(sample, blocks), start=1):
        z, y, x = (-(-a // s) for a, s in zip(core.start, stride, strict=True))
        c, b, a = ids.shape
        if ids.size:
            coarse.write(Box((z, y, x), (z + c, y + b, x + a)), ids)
        work.tell(STEP, f"looking for somata, block {number} of {len(blocks)}")
    return open_volume(Source(path=str(path)))


def _sum(a: Triple, b: Triple) -> Triple:
    z, y, x = (i + k for i, k in zip(a, b, strict=True))
    return z, y, x
