"""What a work package needs of the volumes: the surroundings of its findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.grid import Box, Grid, Triple
from napari_synapse_debug.domain.records import AXES, ENDS, points


def crop_boxes(findings: pd.DataFrame, grid: Grid, margin_nm: float) -> list[Box]:
    """A box around the three points of each finding, ``margin_nm`` more on every side.

    Boxes are cut to the volume; findings outside of it give none.
    """
    ends = np.stack([grid.to_index(points(findings, end)) for end in ENDS], axis=1)
    margin = grid.margin_vx(margin_nm)
    boxes = []
    for voxels in ends:
        low, high = voxels.min(axis=0), voxels.max(axis=0) + 1
        box = Box(_triple(low), _triple(high)).grow(margin, within=grid.box)
        if not box.is_empty:
            boxes.append(box)
    return boxes


def chunks_around(boxes: Iterable[Box], chunk_vx: Triple, within: Box) -> Iterator[Box]:
    """Each chunk of ``chunk_vx`` voxels that a box meets, once, in zyx order, cut to ``within``."""
    corners = {
        tuple(a // c for a, c in zip(block.start, chunk_vx, strict=True))
        for box in boxes
        for block in box.blocks(chunk_vx)
    }
    for corner in sorted(corners):
        start = _triple([k * c for k, c in zip(corner, chunk_vx, strict=True)])
        stop = _triple([a + c for a, c in zip(start, chunk_vx, strict=True)])
        yield Box(start, stop).intersect(within)


def rows_meeting(table: pd.DataFrame, boxes: Sequence[Box]) -> NDArray[np.bool_]:
    """Which rows of ``table`` have a box (``start_z … stop_x``, voxels) that meets one: (N,) bool.

    ``table`` is one of ``records.CONTACTS`` or ``records.CANDIDATES``.
    """
    starts, stops = (
        table[[f"{end}_{axis}" for axis in AXES]].to_numpy(np.int64) for end in ("start", "stop")
    )
    meets = np.zeros(len(table), dtype=bool)
    for box in boxes:
        meets |= ((starts < box.stop) & (stops > box.start)).all(axis=1)
    return meets


def _triple(values: Sequence[int] | NDArray[np.int64]) -> Triple:
    z, y, x = (int(v) for v in values)
    return z, y, x
