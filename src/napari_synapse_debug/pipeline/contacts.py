"""The step `contacts`: every place where two segments touch, block by block."""

from __future__ import annotations

from napari_synapse_debug.contacts import (
    ContactPieces,
    contact_halo_vx,
    contacts_in_block,
    stitch_contacts,
)
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.io import check_segmentation, write_table
from napari_synapse_debug.pipeline.plan import StepDone
from napari_synapse_debug.pipeline.work import Work


def find_all_contacts(work: Work) -> StepDone:
    """Write ``contacts.parquet``: the patches of the segmentation in use.

    Raises
    ------
    ProjectError
        The project has no segmentation.
    InputError
        It does not hold whole numbers.
    StepCancelledError
        Stopped.
    """
    segmentation = work.project.segmentation()
    check_segmentation(segmentation)
    grid, params = segmentation.grid, work.params.contacts
    halo = contact_halo_vx(grid, params)

    def pieces_in(core: Box) -> ContactPieces:
        read = core.grow(halo, within=grid.box)
        return contacts_in_block(segmentation.read(read), read, core, grid, params)

    blocks = list(grid.box.blocks(params.block_vx))
    pieces = []
    for _, found in work.context.map_blocks(pieces_in, blocks):
        pieces.append(found)
        work.tell("contacts", f"block {len(pieces)} of {len(blocks)}", len(pieces), len(blocks))
    contacts = stitch_contacts(pieces, grid, params)
    write_table(contacts, work.folder / "contacts.parquet")
    pairs = len(contacts[["segment_a", "segment_b"]].drop_duplicates())
    made = f"{len(contacts)} contacts between {pairs} pairs of segments"
    return StepDone(made, {"contacts": len(contacts), "pairs": pairs})
