"""Pieces of contacts in one block: faces of one pair that share a lattice edge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.contacts.background import Masks, touching_labels
from napari_synapse_debug.contacts.growth import contact_halo_vx
from napari_synapse_debug.contacts.labels import Labels, sweepable
from napari_synapse_debug.contacts.measure import (
    Spans,
    Sums,
    measure_pieces,
    middle_faces,
    spans_of,
)
from napari_synapse_debug.contacts.scan import connect_faces
from napari_synapse_debug.contacts.seams import border_edges
from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.params import ContactParams


@dataclass(frozen=True)
class ContactPieces:
    """The pieces of contacts that one block owns, and what is needed to stitch them.

    Parameters
    ----------
    core : Box
        What the block owns.
    sums : Sums
        What is known of each of P pieces.
    middle : (P, 4) int64
        Place of the face nearest the centroid of each piece that ends in this block, and
        whether a to b is along its axis there.
    spans : Spans
        Faces of the pieces that other blocks may continue.
    edge, edge_piece : (E,) int64
        Lattice edges on the block's border that a face of another block may share.
    """

    core: Box
    sums: Sums
    middle: NDArray[np.int64]
    spans: Spans
    edge: NDArray[np.int64]
    edge_piece: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.middle)


def contacts_in_block(
    labels: Labels,
    read: Box,
    core: Box,
    grid: Grid,
    params: ContactParams,
    masks: Masks | None = None,
) -> ContactPieces:
    """The pieces of contacts of one block; a face belongs to the block of its upper voxel.

    Parameters
    ----------
    labels : (z, y, x) integers
        Segment ids of ``read``, 0 is background.
    read : Box
        What was read: ``core`` grown by ``contact_halo_vx``, cut to the volume.
    core : Box
        What this block owns; the cores of all blocks tile the volume.
    grid : Grid
        The grid of the whole volume.
    params : ContactParams
        Gap, background and left-out segments; the area filter is for ``stitch_contacts``.
    masks : Masks, optional
        Voxels of ``read`` that are background, or that contacts are looked for in.

    Raises
    ------
    InputError
        ``labels`` does not fit ``read``, ``read`` lacks some of the halo, or the labels are no
        volume of non-negative integers.
    """
    needed = core.grow(contact_halo_vx(grid, params), within=grid.box)
    if labels.shape != read.shape or not read.holds(needed):
        raise InputError(
            "A block for contacts was cut wrongly",
            found=f"labels of shape {labels.shape} for the box {read}",
            expected=f"labels of a box that holds {needed}",
            fix="read the core grown by contact_halo_vx, cut to the volume",
        )
    ids = sweepable(touching_labels(labels, grid, params, masks))
    runs = connect_faces(ids, core.relative_to(read))
    sums = measure_pieces(ids, read.start, core, runs)
    edge, edge_piece = border_edges(core, grid.shape, runs)
    is_open = np.zeros(runs.pieces, dtype=bool)
    is_open[edge_piece] = True
    middle = middle_faces(core, runs, sums, ~is_open, grid.voxel_size_nm)
    return ContactPieces(core, sums, middle, spans_of(core, runs, sums, is_open), edge, edge_piece)
