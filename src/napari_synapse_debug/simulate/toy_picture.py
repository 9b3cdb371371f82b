"""A toy world as text: one section around synapse 2, as docs/errors.md shows it."""

from __future__ import annotations

import numpy as np

from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.records import points
from napari_synapse_debug.simulate.toy import CLASSES, INTERFACE_Y, World
from napari_synapse_debug.simulate.toy_faults import X

SECTION = 4
CHARACTER_VX = (4, 6)
"""Voxels (y, x) of a character."""

AROUND = Box((SECTION, INTERFACE_Y - 14, X - 54), (SECTION + 1, INTERFACE_Y + 14, X + 120))
LETTERS = ".ABCDEFGHJK"
SIGNAL, WEAK, CLEFT = "#", "+", "○"


def draw_picture(world: World) -> str:
    """The segments in use as letters, signal, and true cleft points; lines without ends.

    ``#`` is signal from the threshold on, ``+`` signal below it, ``○`` a true cleft point,
    ``.`` background. A character shows the voxel in its middle; signal goes before segments.
    """
    synapse = [k for k, spec in enumerate(CLASSES) if spec.role.is_synapse]
    strength = world.probability[synapse].max(axis=0)[SECTION] / 255
    segments = world.segmentation[SECTION]
    index = world.grid.to_index(points(world.truth, "cleft"))
    clefts = {(int(y), int(x)) for _, y, x in index}
    lines = []
    for y in range(AROUND.start[1], AROUND.stop[1], CHARACTER_VX[0]):
        line = ""
        for x in range(AROUND.start[2], AROUND.stop[2], CHARACTER_VX[1]):
            patch = (slice(y, y + CHARACTER_VX[0]), slice(x, x + CHARACTER_VX[1]))
            inside = {(a, b) for a, b in clefts if y <= a < y + 4 and x <= b < x + 6}
            line += _character(strength[patch], segments[patch], world.threshold, bool(inside))
        lines.append(line)
    return "\n".join(lines)


def _character(strength: np.ndarray, segments: np.ndarray, threshold: float, is_cleft: bool) -> str:
    if is_cleft:
        return CLEFT
    peak = float(strength.max())
    if peak >= threshold:
        return SIGNAL
    if peak > 0:
        return WEAK
    ids, sizes = np.unique(segments, return_counts=True)
    return LETTERS[int(ids[np.argmax(sizes)])]
