"""Pieces of contacts in one block: faces of one pair that share a lattice edge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from napari_synapse_debug.contacts.faces import Faces, interface_faces, touching_labels
from napari_synapse_debug.contacts.growth import contact_halo_vx
from napari_synapse_debug.contacts.labels import Labels
from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box, Grid, Triple
from napari_synapse_debug.domain.params import ContactParams


@dataclass(frozen=True)
class ContactPieces:
    """The pieces of contacts that one block owns, and what is needed to stitch them.

    A place is twice an index, zyx, so that the middle of a face is whole (odd along its axis)
    and sums of places are exact: the stitched table is the same for any block size.

    Parameters
    ----------
    segment_a, segment_b : (P,) uint64
        The pair of each piece, ``segment_a < segment_b``.
    faces, signed_faces : (P, 3) int64
        Faces normal to z, y, x; signed: those that lead from a to b along the axis, less those
        that lead against it.
    place_sum : (P, 3) int64
        Sum of the places of the faces.
    start, stop : (P, 3) int64
        Half-open box of the voxels on both sides, in the volume.
    face_piece, face_place, face_is_up : (K,) int64, (K, 3) int64, (K,) bool
        Faces that may turn out nearest the centroid: all faces of an open piece, one of each
        other piece. ``is_up``: from a to b is along the axis.
    edge, edge_piece : (E,) int64
        Lattice edges on the block's border that a face of another block may share.
    """

    segment_a: NDArray[np.uint64]
    segment_b: NDArray[np.uint64]
    faces: NDArray[np.int64]
    signed_faces: NDArray[np.int64]
    place_sum: NDArray[np.int64]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    face_piece: NDArray[np.int64]
    face_place: NDArray[np.int64]
    face_is_up: NDArray[np.bool_]
    edge: NDArray[np.int64]
    edge_piece: NDArray[np.int64]


def contacts_in_block(
    labels: Labels, read: Box, core: Box, grid: Grid, params: ContactParams
) -> ContactPieces:
    """The pieces of contacts of one block; a face belongs to the block of its lower voxel.

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
        Gap and left-out segments; the area filter is for ``stitch_contacts``.

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
    owned = Box(core.start, _plus_one(core.stop)).intersect(grid.box)
    ids = touching_labels(labels, grid, params)[owned.relative_to(read).slices]
    faces = interface_faces(ids, grid.crop(owned))
    is_owned = np.all(faces.low_vx < np.asarray(core.shape), axis=1)
    return _connect(faces.take(np.flatnonzero(is_owned)), core, grid)


def joined(groups: int, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number of the connected component of each of ``groups`` nodes, given linked nodes."""
    links = coo_array((np.ones(len(first), bool), (first, second)), shape=(groups, groups))
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)


def nearest_face(
    group: NDArray[np.int64],
    place: NDArray[np.int64],
    centroid: NDArray[np.float64],
    grid: Grid,
) -> NDArray[np.int64]:
    """For each group, in order, the row of its face nearest the centroid; ties: first in zyx.

    ``group`` (K,) numbers from 0 on, each with a face; ``place`` (K, 3); ``centroid`` (G, 3) as
    place.
    """
    distance = (((place - centroid[group]) * np.asarray(grid.voxel_size_nm)) ** 2).sum(axis=1)
    least = np.full(len(centroid), np.inf)
    np.minimum.at(least, group, distance)
    tied = np.flatnonzero(distance == least[group])
    tied = tied[np.lexsort((*place[tied].T[::-1], group[tied]))]
    return tied[np.unique(group[tied], return_index=True)[1]]


def _connect(faces: Faces, core: Box, grid: Grid) -> ContactPieces:
    """Pieces of ``faces`` (indices relative to ``core``) with their sums and open edges."""
    vertex, along = _lattice_edges(faces)
    piece = _pieces(faces, _encode(vertex, along, _plus_one(core.shape)))
    order = np.argsort(piece, kind="stable")
    firsts = np.flatnonzero(np.diff(piece[order], prepend=-1))
    unit = np.eye(3, dtype=np.int64)[faces.axis]
    low = faces.low_vx + np.asarray(core.start)
    place = 2 * low + unit
    signed = np.where(faces.a_is_low[:, None], unit, -unit)
    count = np.add.reduceat(unit[order], firsts, axis=0)
    place_sum = np.add.reduceat(place[order], firsts, axis=0)

    is_open_edge = _is_shared(vertex, along, core, grid)
    is_open = np.zeros(len(firsts), dtype=bool)
    is_open[piece[is_open_edge.any(axis=1)]] = True
    centroid = place_sum / count.sum(axis=1, keepdims=True)
    kept = np.unique(
        np.concatenate([np.flatnonzero(is_open[piece]), nearest_face(piece, place, centroid, grid)])
    )
    edge = _encode(vertex + np.asarray(core.start), along, _plus_one(grid.shape))[is_open_edge]
    edge_piece = np.broadcast_to(piece[:, None], is_open_edge.shape)[is_open_edge]
    return ContactPieces(
        segment_a=faces.segment_a[order[firsts]],
        segment_b=faces.segment_b[order[firsts]],
        faces=count,
        signed_faces=np.add.reduceat(signed[order], firsts, axis=0),
        place_sum=place_sum,
        start=np.minimum.reduceat(low[order], firsts, axis=0),
        stop=np.maximum.reduceat((low + unit + 1)[order], firsts, axis=0),
        face_piece=piece[kept],
        face_place=place[kept],
        face_is_up=faces.a_is_low[kept],
        edge=edge,
        edge_piece=edge_piece,
    )


def _pieces(faces: Faces, edge: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number of the piece of each face; ``edge`` (N, 4) are its lattice edges."""
    pairs = np.stack([faces.segment_a, faces.segment_b], axis=1)
    unique, pair = np.unique(pairs, axis=0, return_inverse=True)
    key = (edge * max(1, len(unique)) + pair.reshape(-1, 1)).ravel()
    order = np.argsort(key, kind="stable")
    same = np.flatnonzero(key[order[1:]] == key[order[:-1]])
    return joined(len(faces), order[same] // 4, order[same + 1] // 4)


def _lattice_edges(faces: Faces) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The four lattice edges around each face: first corner (N, 4, 3), direction (N, 4).

    Corner (z, y, x) of the lattice is the lower corner of voxel (z, y, x)::

        corner ── along j ──┐     a face normal to k with its two other axes i and j
           │                │
        along i          along i (corner + j)
           └── along j ─────┘ (corner + i)
    """
    unit = np.eye(3, dtype=np.int64)
    corner = np.repeat((faces.low_vx + unit[faces.axis])[:, None, :], 4, axis=1)
    i, j = (faces.axis + 1) % 3, (faces.axis + 2) % 3
    corner[:, 1] += unit[j]
    corner[:, 3] += unit[i]
    return corner, np.stack([i, i, j, j], axis=1).astype(np.int64)


def _encode(
    vertex: NDArray[np.int64], along: NDArray[np.int64], lattice: Triple
) -> NDArray[np.int64]:
    """One number for each edge of a lattice of ``lattice`` corners."""
    _, y, x = lattice
    return 3 * ((vertex[..., 0] * y + vertex[..., 1]) * x + vertex[..., 2]) + along


def _is_shared(
    vertex: NDArray[np.int64], along: NDArray[np.int64], core: Box, grid: Grid
) -> NDArray[np.bool_]:
    """Which edges lie on a border of the block that is no border of the volume."""
    low = np.where(np.asarray(core.start) > 0, 0, -1)
    high = np.where(np.asarray(core.stop) < np.asarray(grid.shape), np.asarray(core.shape), -1)
    on_border = (vertex == low) | (vertex == high)
    lengthwise = np.eye(3, dtype=bool)[along]
    return np.asarray((on_border & ~lengthwise).any(axis=-1))


def _plus_one(shape: Triple) -> Triple:
    z, y, x = shape
    return z + 1, y + 1, x + 1
