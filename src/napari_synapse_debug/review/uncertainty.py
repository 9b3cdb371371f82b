"""Boxes to annotate next: where the classifier is least sure.

::

    cells of half a box           a box is 2 × 2 × 2 cells; the best one is taken,
    ·  ·  ▒  ▓  ·  ·              then the best of those that do not meet it, …
    ·  ·  ▓  █  ▒  ·       →      ┌─────┐
    ·  ·  ·  ▒  ·  ·              │  ▓ █│
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box, Triple

ReadBox = Callable[[Box], NDArray[np.floating]]

_READ_VX: Triple = (64, 256, 256)


def uncertain_boxes(
    read: ReadBox,
    within: Box,
    shape_vx: Triple,
    count: int,
    annotated: Sequence[Box] = (),
    on_read: Callable[[int, int], object] | None = None,
) -> list[tuple[Box, float]]:
    """The ``count`` boxes where the classifier is least sure, and how unsure it is there.

    Parameters
    ----------
    read : function
        Probabilities in a box: (Z, Y, X) or (C, Z, Y, X) float in [0, 1]; of several channels
        the least sure one counts in each voxel. It is asked for one half box at a time.
    within : Box
        Where to look. Cells that its faces would cut are left out.
    shape_vx : tuple of int
        Voxels of a box along z, y, x, at least 2; an odd number is rounded up.
    count : int
        Most boxes to give.
    annotated : sequence of Box
        Boxes that are annotated already; no box that meets one of them is given.
    on_read : function, optional
        Told after each reading how many there were, of how many. What it raises ends the search.

    Returns
    -------
    list of (Box, float)
        Boxes that do not meet one another, with their mean p(1 - p), in [0, 0.25], the least
        sure first; equal ones in zyx order. Fewer, down to none, where there is no room.

    Raises
    ------
    InputError
        A length below 2.
    """
    if min(shape_vx) < 2:
        raise InputError(
            "The boxes to annotate are too small",
            found=" × ".join(map(str, shape_vx)),
            expected="at least 2 voxels along z, y and x",
            fix="ask for larger boxes, for example 16 × 128 × 128",
        )
    half = -(-np.asarray(shape_vx) // 2)
    cells = _cell_means(read, within, half, on_read)
    chosen: list[tuple[Box, float]] = []
    for mean, corner in _ranked(cells):
        start = np.asarray(within.start) + np.asarray(corner) * half
        box = Box(_triple(start), _triple(start + 2 * half))
        taken = [*annotated, *(other for other, _ in chosen)]
        if len(chosen) < count and not any(box.overlaps(other) for other in taken):
            chosen.append((box, mean))
    return chosen


def _cell_means(
    read: ReadBox,
    within: Box,
    half: NDArray[np.int64],
    on_read: Callable[[int, int], object] | None,
) -> NDArray[np.float64]:
    """Mean p(1 - p) of each whole cell of ``within``: (z, y, x) cells."""
    numbers = np.asarray(within.shape) // half
    means = np.zeros(numbers, np.float64)
    many = np.maximum(np.asarray(_READ_VX) // half, 1)
    blocks = list(Box.of_shape(numbers).blocks(many))
    for done, cells in enumerate(blocks, start=1):
        first, past = np.asarray(cells.start), np.asarray(cells.stop)
        start, stop = (np.asarray(within.start) + at * half for at in (first, past))
        values = np.asarray(read(Box(_triple(start), _triple(stop))), np.float64)
        unsure = values * (1.0 - values)
        flat = unsure.max(axis=0) if unsure.ndim == 4 else unsure
        (z, y, x), (dz, dy, dx) = past - first, half
        means[cells.slices] = flat.reshape(z, dz, y, dy, x, dx).mean(axis=(1, 3, 5))
        if on_read is not None:
            on_read(done, len(blocks))
    return means


def _ranked(cells: NDArray[np.float64]) -> list[tuple[float, tuple[int, ...]]]:
    """Mean and first cell of every block of 2 × 2 × 2 cells, the least sure first."""
    if min(cells.shape) < 2:
        return []
    blocks = np.lib.stride_tricks.sliding_window_view(cells, (2, 2, 2)).mean(axis=(3, 4, 5))
    ranked = [(float(blocks[at]), tuple(int(i) for i in at)) for at in np.ndindex(blocks.shape)]
    return sorted(ranked, key=lambda item: (-item[0], item[1]))


def _triple(values: NDArray[np.int64]) -> Triple:
    z, y, x = (int(v) for v in values)
    return z, y, x
