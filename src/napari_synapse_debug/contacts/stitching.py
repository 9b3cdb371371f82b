"""The contacts of a volume: pieces of blocks joined, with area, place and normal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.contacts.background import Masks
from napari_synapse_debug.contacts.growth import contact_halo_vx
from napari_synapse_debug.contacts.labels import Labels, check_fit
from napari_synapse_debug.contacts.measure import FINE_FACES, Sums, middle_of_spans
from napari_synapse_debug.contacts.patches import ContactPieces, contacts_in_block
from napari_synapse_debug.contacts.seams import joined_pieces
from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.params import ContactParams
from napari_synapse_debug.domain.records import AXES, CONTACTS, empty, point_columns


def find_contacts(
    labels: Labels, grid: Grid, params: ContactParams, masks: Masks | None = None
) -> pd.DataFrame:
    """The contacts (``records.CONTACTS``) of a volume that lies in memory.

    Worked on in slabs of whole sections, which are not copied; the table is the same for any.

    Raises
    ------
    InputError
        ``labels`` has another shape than the grid, or is no volume of non-negative integers.
    """
    check_fit(labels, grid)
    whole = masks or Masks()

    def pieces_in(core: Box) -> ContactPieces:
        read = core.grow(contact_halo_vx(grid, params), within=grid.box)
        part = Masks(_cut(whole.background, read), _cut(whole.region, read))
        return contacts_in_block(labels[read.slices], read, core, grid, params, part)

    slabs = grid.box.blocks((params.block_vx[0], *grid.shape[1:]))
    return stitch_contacts(map(pieces_in, slabs), grid, params)


def stitch_contacts(
    pieces: Iterable[ContactPieces], grid: Grid, params: ContactParams
) -> pd.DataFrame:
    """The contacts (``records.CONTACTS``), numbered from 1 in zyx order of their points.

    The corrected area is ``sqrt(Az² + Ay² + Ax²)``, where ``Ak`` is the area of all faces
    normal to axis k. A flat sheet of area A with unit normal n shows ``A |n_k|`` of faces along
    k (the projections of a plane region; see Cauchy's surface area formula), so this is exact
    for near-flat patches, where the sum of the faces overstates by up to √3 = 1.73. The faces
    are not signed, so that a patch that bends round does not cancel out: a whole sphere comes
    out 13 % too small. It follows from ``faces_z, faces_y, faces_x`` alone.

    ``point`` is the middle of the face nearest the centroid, equal distances by zyx order; a
    patch of more than 256 faces looks for it in the rows of voxels with z + y divisible by
    four, or takes its first face where it has none there. ``normal`` is the signed sum of the
    face areas, from a to b, made a unit vector; where it vanishes (a closed surface) the normal
    of the face at ``point``.

    Parameters
    ----------
    pieces : iterable of ContactPieces
        One of each block, in any order; together the blocks tile the volume.
    grid : Grid
        The grid of the volume.
    params : ContactParams
        ``min_area_nm2`` is asked of the whole contact, after stitching.

    Returns
    -------
    DataFrame
        A well-formed table without rows if nothing touches.
    """
    blocks = [block for block in pieces if len(block)]
    if not blocks:
        return empty(CONTACTS)
    whole, middle = _joined(blocks, grid)
    blocks.clear()  # before the table is made, so that the two are not in memory at once
    return _table(whole, middle, grid, params)


def _joined(blocks: list[ContactPieces], grid: Grid) -> tuple[Sums, NDArray[np.int64]]:
    """The sums of each patch, and its middle face."""
    offsets = np.cumsum([0, *map(len, blocks)])[:-1]
    edge = np.concatenate([block.edge for block in blocks])
    owner = _moved([block.edge_piece for block in blocks], offsets)
    pair = np.concatenate([block.sums.pair for block in blocks])
    patch = joined_pieces(pair, edge, owner)
    sums = Sums(*(np.concatenate(part) for part in zip(*(b.sums for b in blocks), strict=True)))
    whole = _summed(sums, patch)
    return whole, _middles(blocks, offsets, patch, whole, grid)


def _summed(sums: Sums, patch: NDArray[np.int64]) -> Sums:
    """The sums of each patch, from those of its pieces."""
    order = np.argsort(patch, kind="stable")
    firsts = np.flatnonzero(np.diff(patch[order], prepend=-1))
    by_place = np.lexsort((*sums.first[:, :3].T[::-1], patch))
    return Sums(
        pair=sums.pair[order[firsts]],
        faces=np.add.reduceat(sums.faces[order], firsts, axis=0),
        signed_faces=np.add.reduceat(sums.signed_faces[order], firsts, axis=0),
        place_sum=np.add.reduceat(sums.place_sum[order], firsts, axis=0),
        start=np.minimum.reduceat(sums.start[order], firsts, axis=0),
        stop=np.maximum.reduceat(sums.stop[order], firsts, axis=0),
        first=sums.first[by_place[firsts]],
    )


def _middles(
    blocks: list[ContactPieces],
    offsets: NDArray[np.int64],
    patch: NDArray[np.int64],
    whole: Sums,
    grid: Grid,
) -> NDArray[np.int64]:
    """Place and direction of the face of each patch nearest its centroid: (G, 4)."""
    parts = [
        (block.spans, patch[block.spans.piece + by])
        for block, by in zip(blocks, offsets, strict=True)
    ]
    count = whole.faces.sum(axis=1)
    centroid = whole.place_sum / count[:, None]
    is_large = count > FINE_FACES
    middle = middle_of_spans(parts, centroid, whole.first, is_large, grid.voxel_size_nm)
    is_whole = np.bincount(patch)[patch] == 1
    for (spans, _), by in zip(parts, offsets, strict=True):
        is_whole[spans.piece + by] = False
    of_pieces = np.concatenate([block.middle for block in blocks])
    middle[patch[is_whole]] = of_pieces[is_whole]
    return middle


def _table(
    whole: Sums, middle: NDArray[np.int64], grid: Grid, params: ContactParams
) -> pd.DataFrame:
    """The rows of the contacts that are large enough."""
    face_area = np.asarray(grid.voxel_area_nm2)
    area = np.sqrt(((whole.faces * face_area) ** 2).sum(axis=1))
    in_order = np.lexsort(middle[:, :3].T[::-1])
    in_order = in_order[area[in_order] >= params.min_area_nm2]
    whole = Sums(*(part[in_order] for part in whole))
    middle, area = middle[in_order], area[in_order]
    place, count = middle[:, :3], whole.faces.sum(axis=1, keepdims=True)
    normals = _unit_normals(whole.signed_faces * face_area, place, middle[:, 3] != 0)
    columns = {
        "contact": np.arange(1, len(in_order) + 1),
        **_columns(["segment_a", "segment_b"], whole.pair),
        **_columns([f"faces_{axis}" for axis in AXES], whole.faces),
        "raw_area_nm2": (whole.faces * face_area).sum(axis=1),
        "area_nm2": area,
        **_columns(point_columns("centroid"), grid.to_nm(whole.place_sum / count / 2)),
        **_columns(point_columns("point"), grid.to_nm(place / 2)),
        **_columns([f"normal_{axis}" for axis in AXES], normals),
        **_columns([f"start_{axis}" for axis in AXES], whole.start),
        **_columns([f"stop_{axis}" for axis in AXES], whole.stop),
    }
    # not copied, and not copied again by ``conform``: the table is the largest thing here
    typed = {name: columns[name].astype(kind, copy=False) for name, kind in CONTACTS.items()}
    return pd.DataFrame(typed, copy=False)


def _moved(pieces: list[NDArray[np.int64]], offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers of pieces as they go on from block to block."""
    return np.concatenate([piece + by for piece, by in zip(pieces, offsets, strict=True)])


def _cut(mask: NDArray[Any] | None, box: Box) -> NDArray[Any] | None:
    return None if mask is None else mask[box.slices]


def _unit_normals(
    area_vector: NDArray[np.float64], place: NDArray[np.int64], is_up: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Area vectors as unit vectors; zero ones by the face at ``place`` (odd along its axis)."""
    length = np.linalg.norm(area_vector, axis=1)
    vanishes = length == 0
    of_face = np.where(is_up[:, None], 1.0, -1.0) * (place % 2)
    return np.where(
        vanishes[:, None], of_face, area_vector / np.where(vanishes, 1.0, length)[:, None]
    )


def _columns(names: list[str], values: NDArray[Any]) -> dict[str, NDArray[Any]]:
    return dict(zip(names, values.T, strict=True))
