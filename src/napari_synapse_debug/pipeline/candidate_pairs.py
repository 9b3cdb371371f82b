"""Candidates and their pairs with contacts, over a volume that need not fit in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from napari_synapse_debug.contacts import Masks, contact_halo_vx, interface_faces
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
    soma_halo_vx,
    soma_places,
    split_touching,
    stitch_candidates,
)

STEP = "synapses"
SOMATA = "somata.parquet"
CHUNK_VX = (32, 128, 128)

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
    halo = soma_halo_vx(grid, radius)

    def places(core: Box) -> pd.DataFrame:
        read = core.grow(halo, within=grid.box)
        return soma_places(segmentation.read(read), read, core, grid, radius)

    blocks = list(grid.box.blocks(params.block_vx))
    found = []
    for _, part in work.context.map_blocks(places, blocks):
        found.append(part)
        work.tell(STEP, f"looking for somata, block {len(found)} of {len(blocks)}")
    return join_places(found)


def _sum(a: Triple, b: Triple) -> Triple:
    z, y, x = (i + k for i, k in zip(a, b, strict=True))
    return z, y, x
