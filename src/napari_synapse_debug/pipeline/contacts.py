"""The step `contacts`: every place where two segments touch, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from napari_synapse_debug.contacts import (
    ContactPieces,
    Masks,
    absent_segments,
    contact_halo_vx,
    contact_pairs,
    contacts_in_block,
    needs_compiling,
    stitch_contacts,
)
from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.io import Project, Volume, check_mask, check_segmentation, write_table
from napari_synapse_debug.pipeline.plan import StepDone
from napari_synapse_debug.pipeline.work import Work


def find_all_contacts(work: Work) -> StepDone:
    """Write ``contacts.parquet`` and ``contact_pairs.parquet``: patches, and sums of each pair.

    Raises
    ------
    ProjectError
        The project has no segmentation, or lacks a layer that the parameters name.
    InputError
        It does not hold whole numbers, or a layer or the box does not fit it.
    StepCancelledError
        Stopped.
    """
    params = work.params.contacts
    scene = _open_scene(work.project)
    grid = scene.segmentation.grid
    listed = {*params.background, *params.excluded_segments}
    if needs_compiling():
        work.tell("contacts", "compiling for this machine; only the first time, about a minute")

    def pieces_in(core: Box) -> tuple[ContactPieces, list[int]]:
        read = core.grow(contact_halo_vx(grid, params), within=grid.box)
        ids = scene.segmentation.read(read)
        absent = absent_segments(ids, sorted(listed)) if listed else []
        found = contacts_in_block(ids, read, core, grid, params, scene.masks(read))
        return found, absent

    blocks = [core for core in grid.box.blocks(params.block_vx) if core.overlaps(scene.box)]
    absent = set(listed)

    def all_pieces() -> Iterator[ContactPieces]:
        found = work.context.map_blocks(pieces_in, blocks)
        for number, (_, (pieces, not_here)) in enumerate(found, start=1):
            absent.intersection_update(not_here)
            work.tell("contacts", f"block {number} of {len(blocks)}", number, len(blocks))
            yield pieces

    contacts = stitch_contacts(all_pieces(), grid, params)
    pairs = contact_pairs(contacts)
    work.forget("contacts")
    write_table(contacts, work.folder / "contacts.parquet")
    write_table(pairs, work.folder / "contact_pairs.parquet")
    made = f"{len(contacts)} contacts between {len(pairs)} pairs of segments"
    if absent:
        missing = ", ".join(map(str, sorted(absent)))
        made += f"; listed ids that no voxel has: {missing}"
        work.tell("contacts", f"listed ids that no voxel has: {missing}")
    return StepDone(
        made, {"contacts": len(contacts), "pairs": len(pairs), "absent_ids": len(absent)}
    )


@dataclass(frozen=True)
class _Scene:
    """What contacts are looked for in."""

    segmentation: Volume
    background: Volume | None
    region: Volume | None
    box: Box

    def masks(self, read: Box) -> Masks:
        """The masks of a block; what lies outside the box is outside the region."""
        background = None if self.background is None else self.background.read(read)
        region = None if self.region is None else self.region.read(read) != 0
        if not self.box.holds(read):
            inside = np.zeros(read.shape, dtype=bool)
            inside[self.box.intersect(read).relative_to(read).slices] = True
            region = inside if region is None else region & inside
        return Masks(background, region)


def _open_scene(project: Project) -> _Scene:
    segmentation = project.segmentation()
    check_segmentation(segmentation)
    params = project.config.params.contacts
    whole = segmentation.grid.box
    box = whole if params.box is None else Box.parse(params.box)
    if not whole.holds(box):
        raise InputError(
            "The box for contacts lies outside the segmentation",
            found=str(box),
            expected=f"a box in {whole}",
            fix="correct contacts.box",
        )
    return _Scene(
        segmentation,
        _layer(project, params.background_layer, segmentation),
        _layer(project, params.region_layer, segmentation),
        box,
    )


def _layer(project: Project, name: str | None, segmentation: Volume) -> Volume | None:
    """The mask or extra layer ``name``, checked to fit the segmentation."""
    if name is None:
        return None
    masks = {mask.name for mask in project.config.masks}
    layer = project.mask(name) if name in masks else project.extra_layer(name)
    check_mask(layer)
    if layer.grid.shape != segmentation.grid.shape:
        raise InputError(
            f"The layer {name!r} and the segmentation differ in size",
            found=f"shape {layer.grid.shape}",
            expected=f"shape {segmentation.grid.shape}",
            fix="name a mask or extra layer of the same volume",
        )
    return layer
