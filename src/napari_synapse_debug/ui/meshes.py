"""Surfaces of segments around a place, as triangles; plain numpy, made in a thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter
from skimage.measure import marching_cubes

from napari_synapse_debug.domain.grid import Box, Grid

SPACING_NM = 25.0
"""Voxels are thinned to about this along each axis: fine enough to see a spine neck."""

_SMOOTHING = 0.7


@dataclass(frozen=True)
class Mesh:
    """Triangles: ``vertices`` (N, 3) float32, fractional voxels zyx; ``faces`` (M, 3) int64."""

    vertices: NDArray[np.float32]
    faces: NDArray[np.int64]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not len(self.faces)


NO_MESH = Mesh(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int64))


@dataclass(frozen=True)
class Thinned:
    """A part of a label volume with voxels left out, and how to find them again.

    Parameters
    ----------
    labels : (Z, Y, X) array
    start, stride : (3,) int64
        Voxel ``k`` of ``labels`` is voxel ``start + k * stride`` of the volume.
    """

    labels: NDArray[Any]
    start: NDArray[np.int64]
    stride: NDArray[np.int64]


def read_thinned(array: Any, grid: Grid, center_nm: ArrayLike, half_nm: float) -> Thinned:
    """The labels within ``half_nm`` of ``center_nm`` (zyx), thinned to about ``SPACING_NM``."""
    z, y, x = grid.to_index(center_nm)[0].tolist()
    middle = Box((z, y, x), (z + 1, y + 1, x + 1))
    box = middle.grow(grid.margin_vx(half_nm), within=grid.box)
    stride = np.maximum(1, np.round(SPACING_NM / np.array(grid.voxel_size_nm))).astype(np.int64)
    if box.is_empty:
        return Thinned(np.zeros((0, 0, 0), np.uint8), np.zeros(3, np.int64), stride)
    dz, dy, dx = (int(step) for step in stride)
    return Thinned(
        np.asarray(array[box.slices])[::dz, ::dy, ::dx], np.array(box.start, np.int64), stride
    )


def surface_of(part: Thinned, ids: ArrayLike) -> Mesh:
    """The surface of the segments ``ids`` in ``part``, closed where it is cut; 0 is no segment.

    Empty where none of them is in ``part``.
    """
    wanted = [label for label in np.atleast_1d(np.asarray(ids)).tolist() if label]
    mask = np.isin(part.labels, np.array(wanted, dtype=part.labels.dtype))
    if not mask.any():
        return NO_MESH
    soft = gaussian_filter(np.pad(mask, 1).astype(np.float32), _SMOOTHING)
    if soft.max() <= 0.5:  # too thin to survive the smoothing
        soft = np.pad(mask, 1).astype(np.float32)
    vertices, faces, _, _ = marching_cubes(soft, 0.5)
    voxels = part.start + (vertices - 1.0) * part.stride
    return Mesh(voxels.astype(np.float32), faces.astype(np.int64))
