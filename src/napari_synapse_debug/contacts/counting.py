"""Pairs of touching segments with their faces per axis: faster than patches, without place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.contacts.background import Masks, touching_labels
from napari_synapse_debug.contacts.labels import Labels, check_fit, sweepable
from napari_synapse_debug.contacts.rows import flagged_places
from napari_synapse_debug.domain.compiled import compiled, kernel
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.params import ContactParams
from napari_synapse_debug.domain.records import CONTACT_PAIRS, conform


def find_pairs(
    labels: Labels, grid: Grid, params: ContactParams, masks: Masks | None = None
) -> pd.DataFrame:
    """Every pair of touching segments with the faces between them, sorted by pair.

    Parameters
    ----------
    labels : (z, y, x) integers
        Segment ids, 0 is background; a whole volume.
    grid : Grid
        The grid of the volume.
    params : ContactParams
        Gap, background and left-out segments; the area filter is for patches and not asked.
    masks : Masks, optional
        Voxels that are background, or that contacts are looked for in.

    Returns
    -------
    DataFrame
        ``segment_a < segment_b`` (uint64), ``faces_z, faces_y, faces_x`` (int64),
        ``raw_area_nm2``; without rows if nothing touches.

    Raises
    ------
    InputError
        ``labels`` has another shape than the grid, or is no volume of non-negative integers.
    """
    check_fit(labels, grid)
    ids = sweepable(touching_labels(labels, grid, params, masks))
    pair, faces = _count_faces(ids)
    order = np.lexsort((pair[:, 1], pair[:, 0]))
    pair, faces = pair[order], faces[order]
    return pd.DataFrame(
        {
            "segment_a": pair[:, 0],
            "segment_b": pair[:, 1],
            "faces_z": faces[:, 0],
            "faces_y": faces[:, 1],
            "faces_x": faces[:, 2],
            "raw_area_nm2": (faces * np.asarray(grid.voxel_area_nm2)).sum(axis=1),
        }
    )


def contact_pairs(contacts: pd.DataFrame) -> pd.DataFrame:
    """The pairs (``records.CONTACT_PAIRS``) of a table of contacts, sorted by pair.

    Faces and areas are the sums over the patches of the pair.
    """
    summed = ["faces_z", "faces_y", "faces_x", "raw_area_nm2", "area_nm2"]
    pairs = contacts.groupby(["segment_a", "segment_b"], as_index=False)
    table = pairs[summed].sum().assign(patches=pairs.size()["size"])
    return conform(table, CONTACT_PAIRS, "contact pairs")


@compiled
def _count_faces(labels: NDArray[Any]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Pairs (P, 2) and their faces (P, 3), in the order they are met."""
    sections, rows, columns = labels.shape
    flags = np.zeros((columns + 7) // 8 * 8, np.uint8)
    words = flags.view(np.uint64)
    places = np.empty(len(flags) + 8, np.int32)
    book = _book(1024)
    last = np.zeros(3, np.int64)
    for z in range(sections):
        for y in range(rows):
            while book[2][0] + 3 * columns > len(book[0]):
                book = _larger(book)
            here = labels[z, y]
            for axis in range(3):
                if (z, y, 1)[axis] == 0:
                    continue
                near = (labels[z - (axis == 0), y - (axis == 1)], here)
                if axis == 2:
                    near = (here[:-1], here[1:])
                _flag_faces(flags, near[0], near[1])
                found = places[: flagged_places(words, flags, places)]
                last[axis] = _count_row(found, near[0], near[1], book, (axis, last[axis]))
    count = book[2][0]
    return book[0][1:count].copy(), book[1][1:count].copy()


@compiled
def _book(size: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Room for pairs, faces, and how many; entry 0 stays free. Slots for finding them."""
    return (
        np.zeros((size, 2), np.uint64),
        np.zeros((size, 3), np.int64),
        np.ones(1, np.int64),
        np.zeros(4 * size, np.int32),
    )


@compiled
def _larger(book: Any) -> Any:
    larger = _book(2 * len(book[0]))
    count = book[2][0]
    for k in range(1, count):
        entry = _entry(larger, book[0][k, 0], book[0][k, 1])
        larger[1][entry] = book[1][k]
    return larger


@kernel
def _flag_faces(flags: NDArray[Any], before: NDArray[Any], here: NDArray[Any]) -> None:
    """Write which voxels of a row have a face to the voxel before them."""
    for x in range(len(here)):
        flags[x] = (here[x] != before[x]) & (here[x] != 0) & (before[x] != 0)
    flags[len(here) :] = 0


@kernel
def _count_row(places: Any, before: Any, here: Any, book: Any, of: Any) -> Any:
    """Add the faces at ``places`` of one row; the entry of its last pair, to be tried first."""
    axis, last = of
    pairs, faces, _, _ = book
    a, b = pairs[last, 0], pairs[last, 1]
    count = 0
    for x in places:
        one, two = np.uint64(here[x]), np.uint64(before[x])
        low, high = min(one, two), max(one, two)
        if low != a or high != b:
            faces[last, axis] += count
            last, count, a, b = _entry(book, low, high), 0, low, high
        count += 1
    faces[last, axis] += count
    return last


@kernel
def _entry(book: Any, a: Any, b: Any) -> Any:
    """The entry of a pair, a new one if it has none (open addressing, linear probing)."""
    pairs, _, used, slots = book
    mixed = (np.uint64(a) * np.uint64(0x9E3779B97F4A7C15)) ^ (
        np.uint64(b) * np.uint64(0xC2B2AE3D27D4EB4F)
    )
    slot = np.int64((mixed >> np.uint64(30)) & np.uint64(len(slots) - 1))
    while slots[slot] != 0:
        entry = slots[slot]
        if pairs[entry, 0] == a and pairs[entry, 1] == b:
            return np.int64(entry)
        slot = (slot + 1) & (len(slots) - 1)
    entry = used[0]
    slots[slot] = entry
    pairs[entry, 0], pairs[entry, 1] = a, b
    used[0] = entry + 1
    return np.int64(entry)
