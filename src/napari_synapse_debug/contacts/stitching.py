"""The contacts of a volume: pieces of blocks joined, with area, place and normal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.contacts.background import Masks
from napari_synapse_debug.contacts.growth import contact_halo_vx
from napari_synapse_debug.contacts.joining import Layers, Patches, join_pieces
from napari_synapse_debug.contacts.labels import Labels, check_fit
from napari_synapse_debug.contacts.patches import ContactPieces, contacts_in_block
from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.params import ContactParams
from napari_synapse_debug.domain.records import AXES, CONTACTS, empty, point_columns

_SLAB_VX, _GROWN_SLAB_VX = 32, 16
"""Sections of a slab of a volume in memory, where halos are thin: few, to save memory, and fewer
where segments are grown, which needs copies of the slab."""


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
    halo = contact_halo_vx(grid, params)

    def pieces_in(core: Box) -> ContactPieces:
        read = core.grow(halo, within=grid.box)
        part = Masks(_cut(whole.background, read), _cut(whole.region, read))
        return contacts_in_block(labels[read.slices], read, core, grid, params, part)

    thickness = _GROWN_SLAB_VX if params.max_gap_nm > 0 else _SLAB_VX
    slabs = grid.box.blocks((max(thickness, 4 * halo[0]), *grid.shape[1:]))
    return stitch_contacts(map(pieces_in, slabs), grid, params)


def stitch_contacts(
    pieces: Iterable[ContactPieces], grid: Grid, params: ContactParams, tiled: Box | None = None
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
        One of each block, in any order; together the blocks tile the volume, or a box of it.
        In order of z the least memory is needed: a patch is kept as pieces only until all
        sections that it reaches are complete.
    grid : Grid
        The grid of the volume.
    params : ContactParams
        ``min_area_nm2`` is asked of the whole contact, after stitching.
    tiled : Box, optional
        What the blocks tile; by default the volume.

    Returns
    -------
    DataFrame
        A well-formed table without rows if nothing touches.
    """
    layers = Layers(tiled or grid.box)
    waiting: list[ContactPieces] = []
    tables: list[dict[str, NDArray[Any]]] = []
    for found in pieces:
        if len(found):
            waiting.append(found)
        is_more = layers.add(found.core)
        del found  # or it would live on while the next block is worked on
        if is_more and waiting:
            whole, rest = join_pieces(waiting, grid, layers.complete_to)
            tables.append(_columns_of(whole, grid, params))
            waiting = [rest]
    if waiting:
        whole, _ = join_pieces(waiting, grid, None)
        waiting.clear()
        tables.append(_columns_of(whole, grid, params))
    return _table(tables)


def _columns_of(whole: Patches, grid: Grid, params: ContactParams) -> dict[str, NDArray[Any]]:
    """The columns of ``CONTACTS``, without the numbers, of those that are large enough."""
    sums, middle = whole
    face_area = np.asarray(grid.voxel_area_nm2)
    area = np.sqrt(((sums.faces * face_area) ** 2).sum(axis=1))
    place, count = middle[:, :3], sums.faces.sum(axis=1, keepdims=True)
    columns = {
        **_by_axis(["segment_a", "segment_b"], sums.pair),
        **_by_axis([f"faces_{axis}" for axis in AXES], sums.faces),
        "raw_area_nm2": (sums.faces * face_area).sum(axis=1),
        "area_nm2": area,
        **_by_axis(point_columns("centroid"), grid.to_nm(sums.place_sum / count / 2)),
        **_by_axis(point_columns("point"), grid.to_nm(place / 2)),
        **_by_axis(
            [f"normal_{axis}" for axis in AXES],
            _unit_normals(sums.signed_faces * face_area, place, middle[:, 3] != 0),
        ),
        **_by_axis([f"start_{axis}" for axis in AXES], sums.start),
        **_by_axis([f"stop_{axis}" for axis in AXES], sums.stop),
    }
    is_large = area >= params.min_area_nm2
    return {name: values[is_large] for name, values in columns.items()}


def _table(parts: list[dict[str, NDArray[Any]]]) -> pd.DataFrame:
    """The rows of all ``parts``, which are emptied, in order of their points."""
    if not sum(len(part["area_nm2"]) for part in parts):
        return empty(CONTACTS)
    order = np.lexsort(
        [np.concatenate([part[name] for part in parts]) for name in point_columns("point")[::-1]]
    )
    columns = {"contact": np.arange(1, len(order) + 1)}
    for name in parts[0].copy():
        columns[name] = np.concatenate([part.pop(name) for part in parts])[order]
    # not copied, and not copied again by ``conform``: the table is the largest thing here
    typed = {name: columns[name].astype(kind, copy=False) for name, kind in CONTACTS.items()}
    return pd.DataFrame(typed, copy=False)


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


def _by_axis(names: list[str], values: NDArray[Any]) -> dict[str, NDArray[Any]]:
    return dict(zip(names, values.T, strict=True))
