"""A segmentation derived from the truth's points, for want of a true one.

::

    in use          the true points         derived
    7777777         7pre7777                7777777
    7777777    →    7777777            →    7788888
    7777777         777post7                8888888

A watershed parts any two points, wherever the membrane is. So it shows what would come of partners
that are apart, but proves nothing about the segmentation: what it mends is never confirmed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.segmentation import watershed

from napari_synapse_debug.diagnose.evidence import Evidence
from napari_synapse_debug.diagnose.scene import Scene
from napari_synapse_debug.domain.distances import distances_to
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.roles import Role

DEPTH_NM = 300.0
"""How deep the inside of a segment is told apart where no membrane was predicted."""

Marker = tuple[int, NDArray[np.int64]]
"""Number of the part that grows from it, and a voxel (3,)."""


def is_derived(evidence: Evidence) -> bool:
    """Whether the segmentation's oracle is a derived one."""
    return evidence.true_segmentation is None and evidence.segmentation is not None


def derived_segmentation(scene: Scene) -> NDArray[Any]:
    """The segmentation in use with each segment that holds pre and post of one row parted.

    From the true points in it: those of pre of one cleft, and each post. The watershed follows the
    predicted membranes, or the depth inside the segment where there is no such class. The part of
    the first pre keeps the id; the others get new ones. All else stays as it is.

    Returns
    -------
    (z, y, x) unsigned integers
        The segmentation itself where nothing is to be parted, else a copy as uint64.
    """
    segmentation = np.asarray(scene.segmentation)
    parts = _markers_by_segment(scene, segmentation)
    if not parts:
        return segmentation
    out = segmentation.astype(np.uint64)
    following = int(out.max()) + 1
    for segment, markers in sorted(parts.items()):
        is_own = segmentation == segment
        seeds = np.zeros(is_own.shape, dtype=np.int32)
        for number, voxel in markers:
            seeds[tuple(voxel)] = number
        parted = watershed(_height(scene, is_own), seeds, mask=is_own)
        for number in range(2, int(parted.max()) + 1):
            out[parted == number] = following
            following += 1
    return out


def _markers_by_segment(scene: Scene, segmentation: NDArray[Any]) -> dict[int, list[Marker]]:
    """The true points in each segment that holds both ends of a row; by segment."""
    survey, grid = scene.survey, scene.grid
    index = grid.to_index(survey.truth.ends_nm[:, [0, 2]].reshape(-1, 3)).reshape(-1, 2, 3)
    near = np.flatnonzero(grid.box.contains(index.reshape(-1, 3)).reshape(-1, 2).all(axis=1))
    held = {int(row): _under(segmentation, index[row]) for row in near}
    merged = {pre for pre, post in held.values() if pre == post and pre != 0}
    found: dict[int, list[Marker]] = {segment: [] for segment in merged}
    numbers: dict[tuple[int, str], int] = {}
    for row, segments in held.items():
        names = f"pre {survey.cleft_key[row]}", f"post {survey.truth.row[row]}"
        for segment, name, voxel in zip(segments, names, index[row], strict=True):
            if segment in merged:
                taken = sum(key[0] == segment for key in numbers)
                number = numbers.setdefault((segment, name), taken + 1)
                found[segment].append((number, voxel))
    return found


def _under(segmentation: NDArray[Any], voxels: NDArray[np.int64]) -> tuple[int, int]:
    pre, post = (int(segmentation[tuple(voxel)]) for voxel in voxels)
    return pre, post


def _height(scene: Scene, is_own: NDArray[np.bool_]) -> NDArray[np.float64]:
    """What the watershed climbs: the predicted membrane, or the way to the segment's middle."""
    classes, grid = scene.survey.evidence.classes, scene.grid
    channels = [k for k, spec in enumerate(classes) if spec.role is Role.MEMBRANE]
    if channels and scene.probability is not None:
        return np.asarray(scene.probability[channels].max(axis=0), dtype=np.float64)
    return _depth(is_own, grid)


def _depth(is_own: NDArray[np.bool_], grid: Grid) -> NDArray[np.float64]:
    depth = distances_to(~is_own, grid.voxel_size_nm, DEPTH_NM)
    return -np.minimum(depth, DEPTH_NM)
