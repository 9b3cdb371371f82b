"""Pieces of blocks joined to patches, section by section, so that few are kept at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.contacts.measure import (
    FINE_FACES,
    Spans,
    Sums,
    is_coarse_row,
    middle_of_spans,
)
from napari_synapse_debug.contacts.patches import ContactPieces
from napari_synapse_debug.contacts.seams import joined_pieces
from napari_synapse_debug.domain.compiled import compiled
from napari_synapse_debug.domain.grid import Box, Grid


class Patches(NamedTuple):
    """Whole patches: their sums, and place and direction of their middle faces, (G, 4) int64."""

    sums: Sums
    middle: NDArray[np.int64]


class Layers:
    """Which sections of a volume are complete, as blocks come in any order.

    Parameters
    ----------
    box : Box
        The volume, which the blocks tile.
    """

    def __init__(self, box: Box) -> None:
        self._section_vx = box.shape[1] * box.shape[2]
        self._open: dict[tuple[int, int], int] = {}
        self._full: dict[int, int] = {}
        self.complete_to = box.start[0]

    def add(self, core: Box) -> bool:
        """Note a block; whether more sections are complete now."""
        layer = core.start[0], core.stop[0]
        left = self._open.get(layer, self._section_vx) - core.shape[1] * core.shape[2]
        self._open[layer] = left
        if left == 0:
            self._full[layer[0]] = layer[1]
        before = self.complete_to
        while self.complete_to in self._full:
            self.complete_to = self._full.pop(self.complete_to)
        return self.complete_to > before


def join_pieces(
    blocks: Sequence[ContactPieces], grid: Grid, top: int | None
) -> tuple[Patches, ContactPieces]:
    """The patches that are whole, and the others, each as one piece.

    Parameters
    ----------
    blocks : sequence of ContactPieces
        At least one; those of all blocks below ``top``, as they are or joined before.
    grid : Grid
        The grid of the volume.
    top : int, optional
        Section from which on blocks may be missing; None where none is.
    """
    offsets = np.cumsum([0, *map(len, blocks)])[:-1]
    edge = np.concatenate([block.edge for block in blocks])
    owner = _moved([block.edge_piece for block in blocks], offsets)
    sums = Sums._make(map(np.concatenate, zip(*(b.sums for b in blocks), strict=True)))
    patch = joined_pieces(sums.pair, edge, owner)
    whole = _summed(sums, patch)
    is_open = np.zeros(len(whole.pair), np.bool_)
    if top is not None:
        corners = (grid.shape[1] + 1) * (grid.shape[2] + 1)
        reaches = edge >= 3 * corners * top
        edge, owner = edge[reaches], patch[owner[reaches]]
        is_open[owner] = True
    of_spans = [patch[b.spans.piece + by] for b, by in zip(blocks, offsets, strict=True)]
    middle = _middles(blocks, of_spans, patch, whole, is_open, grid)
    number = np.cumsum(is_open) - 1
    rest = ContactPieces(
        core=grid.box,
        sums=_chosen(whole, is_open),
        middle=middle[is_open],
        spans=_open_spans(blocks, of_spans, whole, is_open),
        edge=edge if top is not None else edge[:0],
        edge_piece=number[owner] if top is not None else owner[:0],
    )
    return Patches(_chosen(whole, ~is_open), middle[~is_open]), rest


def _chosen(sums: Sums, is_chosen: NDArray[np.bool_]) -> Sums:
    return Sums._make(part[is_chosen] for part in sums)


def _moved(pieces: Sequence[NDArray[np.int64]], offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers of pieces as they go on from block to block."""
    return np.concatenate([piece + by for piece, by in zip(pieces, offsets, strict=True)])


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
    blocks: Sequence[ContactPieces],
    of_spans: Sequence[NDArray[np.int64]],
    patch: NDArray[np.int64],
    whole: Sums,
    is_open: NDArray[np.bool_],
    grid: Grid,
) -> NDArray[np.int64]:
    """Place and direction of the face of each patch nearest its centroid: (G, 4).

    Of open patches the first face, since their centroid is not known yet.
    """
    count = whole.faces.sum(axis=1)
    centroid = whole.place_sum / count[:, None]
    has_spans = np.zeros(len(count), np.bool_)
    for of in of_spans:
        has_spans[of] = True
    is_alone = (np.bincount(patch) == 1)[patch] & ~has_spans[patch]
    parts = zip((block.spans for block in blocks), of_spans, strict=True)
    asked = ~is_open, count > FINE_FACES
    middle = middle_of_spans(parts, centroid, whole.first, asked, grid.voxel_size_nm)
    of_pieces = np.concatenate([block.middle for block in blocks])
    middle[patch[is_alone]] = of_pieces[is_alone]
    return middle


def _open_spans(
    blocks: Sequence[ContactPieces],
    of_spans: Sequence[NDArray[np.int64]],
    whole: Sums,
    is_open: NDArray[np.bool_],
) -> Spans:
    """The spans among which the middle faces of open patches will be looked for."""
    number = (np.cumsum(is_open) - 1).astype(np.int32)
    is_large = whole.faces.sum(axis=1) > FINE_FACES
    kept = []
    for block, of in zip(blocks, of_spans, strict=True):
        wanted = _are_asked(block.spans.place, of, is_open, is_large)
        spans = Spans._make(part[wanted] for part in block.spans)
        kept.append(spans._replace(piece=number[of[wanted]]))
    return Spans._make(np.concatenate(part) for part in zip(*kept, strict=True))


@compiled
def _are_asked(
    place: NDArray[np.int32],
    patch: NDArray[np.int64],
    is_open: NDArray[np.bool_],
    is_large: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Which spans are of open patches, and in a row that is asked (see ``is_coarse_row``)."""
    asked = np.empty(len(patch), np.bool_)
    for k in range(len(patch)):
        z, y = (place[k, 0] + 1) // 2, (place[k, 1] + 1) // 2
        asked[k] = is_open[patch[k]] and (not is_large[patch[k]] or is_coarse_row(z, y))
    return asked
