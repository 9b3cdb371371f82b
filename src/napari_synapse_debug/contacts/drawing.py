"""The interface of a pair as labels, and the outlines of a contact: what a viewer shows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.contacts.faces import Faces, interface_faces
from napari_synapse_debug.contacts.labels import Labels
from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.params import ContactParams


def interface_labels(
    labels: Labels, grid: Grid, params: ContactParams, *pairs: tuple[int, int]
) -> NDArray[np.uint32]:
    """The voxels on both sides of the interface of each pair: (z, y, x) uint32.

    Parameters
    ----------
    labels : (z, y, x) integers
        Segment ids of a crop, 0 is background.
    grid : Grid
        The grid of the crop.
    params : ContactParams
        The gap that is bridged: the interface is then the sheet midway.
    *pairs : tuple of int
        Segments, in either order; pair k (from 1) is drawn as k, a later one over an earlier.

    Returns
    -------
    (z, y, x) uint32
        0 everywhere if no pair touches.

    Raises
    ------
    InputError
        ``labels`` has another shape than the grid, or is no volume of non-negative integers.
    """
    drawn = np.zeros(labels.shape, dtype=np.uint32)
    faces = interface_faces(labels, grid, params)
    for number, pair in enumerate(pairs, start=1):
        low = faces.take(_of_pair(faces, pair))
        high = low.low_vx + np.eye(3, dtype=np.int64)[low.axis]
        for voxels in (low.low_vx, high):
            drawn[tuple(voxels.T)] = number
    return drawn


def outline_paths(
    labels: Labels, grid: Grid, params: ContactParams, pair: tuple[int, int], box: Box
) -> list[NDArray[np.float64]]:
    """The interface of a pair within a contact's box, section by section, as polylines.

    In each section the faces normal to y and x are seen edge on; chains of them that share
    end points become one path. Faces normal to z lie in between sections and are not drawn.

    Parameters
    ----------
    labels : (z, y, x) integers
        Segment ids of a crop, 0 is background.
    grid : Grid
        The grid of the crop.
    params : ContactParams
        The gap that is bridged.
    pair : tuple of int
        Segments, in either order.
    box : Box
        Voxels of the crop that both sides must lie in: the contact's ``start .. stop``.

    Returns
    -------
    list of (N, 3) float64
        zyx, nm; N ≥ 2, the first point again at the end where a path is closed. Empty if the
        pair does not touch in any section.

    Raises
    ------
    InputError
        ``labels`` has another shape than the grid, or is no volume of non-negative integers.
    """
    faces = interface_faces(labels, grid, params)
    high = faces.low_vx + np.eye(3, dtype=np.int64)[faces.axis]
    is_wanted = _of_pair(faces, pair) & (faces.axis > 0)
    is_wanted &= box.contains(faces.low_vx) & box.contains(high)
    faces = faces.take(is_wanted)
    paths = []
    for z in np.unique(faces.low_vx[:, 0]):
        here = faces.take(faces.low_vx[:, 0] == z)
        for corners in _chains(_segments(here)):
            # corner (y, x) is the lower corner of voxel (y, x)
            index = np.column_stack([np.full(len(corners), z), np.asarray(corners) - 0.5])
            paths.append(grid.to_nm(index))
    return paths


Corner = tuple[int, int]


def _of_pair(faces: Faces, pair: tuple[int, int]) -> NDArray[Any]:
    low, high = sorted(pair)
    return np.asarray((faces.segment_a == low) & (faces.segment_b == high))


def _segments(faces: Faces) -> list[tuple[Corner, Corner]]:
    """Both corners (y, x) of each face of one section."""
    out = []
    for axis, (_, y, x) in zip(faces.axis.tolist(), faces.low_vx.tolist(), strict=True):
        start = (y + 1, x) if axis == 1 else (y, x + 1)
        out.append((start, (y + 1, x + 1)))
    return out


def _chains(segments: list[tuple[Corner, Corner]]) -> list[list[Corner]]:
    """Segments strung together: each is in one path, which turns back nowhere."""
    left: dict[Corner, list[Corner]] = {}
    for one, two in segments:
        left.setdefault(one, []).append(two)
        left.setdefault(two, []).append(one)
    # open ends first, so that an open line is one path and not two
    starts = sorted(left, key=lambda corner: (len(left[corner]) % 2 == 0, corner))
    chains = []
    for start in starts:
        while left[start]:
            chain = [start]
            while left[chain[-1]]:
                following = left[chain[-1]].pop(0)
                left[following].remove(chain[-1])
                chain.append(following)
            chains.append(chain)
    return chains
