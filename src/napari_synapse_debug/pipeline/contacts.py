"""The step `contacts`: every place where two segments touch, block by block."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from napari_synapse_debug.contacts import (
    ContactPieces,
    absent_segments,
    contact_halo_vx,
    contact_pairs,
    contacts_in_block,
    needs_compiling,
    stitch_contacts,
)
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.io import write_table
from napari_synapse_debug.pipeline.contact_scene import open_contact_scene
from napari_synapse_debug.pipeline.ladder import forget_gaps
from napari_synapse_debug.pipeline.plan import StepDone
from napari_synapse_debug.pipeline.work import Work


def find_all_contacts(work: Work) -> StepDone:
    """Write ``contacts.parquet`` and ``contact_pairs.parquet``: patches, and sums of each pair.

    Raises
    ------
    ProjectError, InputError, StepCancelledError
        As ``contacts_of``.
    """
    contacts, absent = contacts_of(work)
    pairs = contact_pairs(contacts)
    work.forget("contacts")
    forget_gaps(work.folder)
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


def contacts_of(work: Work) -> tuple[pd.DataFrame, set[int]]:
    """The contacts of the project (``records.CONTACTS``); ids listed that no voxel has.

    Raises
    ------
    ProjectError, InputError
        What the parameters name is not there, or does not fit; see ``open_contact_scene``.
    StepCancelledError
        Stopped.
    """
    params = work.params.contacts
    scene = open_contact_scene(work.project)
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

    first, last = blocks[0], blocks[-1]  # in zyx order, the corners of what they tile
    return stitch_contacts(all_pieces(), grid, params, Box(first.start, last.stop)), absent
