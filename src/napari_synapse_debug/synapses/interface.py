"""The interface of neurons at a candidate: which faces count as in it, and how much they are."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion
from scipy.spatial import cKDTree

from napari_synapse_debug.domain.grid import Grid

_SLACK_NM = 1e-6
"""Rounding that a distance may have."""


class InterfaceFaces(Protocol):
    """Voxel faces between two segments, ``segment_a < segment_b``; all arrays have length N."""

    @property
    def axis(self) -> NDArray[np.int8]:
        """Axis that the face is normal to: (N,), 0 z, 1 y, 2 x."""

    @property
    def low_vx(self) -> NDArray[np.int64]:
        """The voxel below the face: (N, 3), zyx, in the crop."""

    @property
    def segment_a(self) -> NDArray[np.uint64]:
        """The smaller id: (N,)."""

    @property
    def segment_b(self) -> NDArray[np.uint64]:
        """The larger id: (N,)."""

    @property
    def a_is_low(self) -> NDArray[np.bool_]:
        """Whether the voxel below belongs to ``segment_a``: (N,)."""

    @property
    def midpoint_nm(self) -> NDArray[np.float64]:
        """Centre of the face: (N, 3), zyx, nm."""


@dataclass(frozen=True)
class PairInterface:
    """The faces of one pair of segments at one candidate; arrays have length N >= 1.

    Parameters
    ----------
    segment_a, segment_b : int
        The pair, ``segment_a < segment_b``.
    axis : (N,) int8
        Axis that each face is normal to.
    below, above : (N, 3) int64
        The voxels on either side, zyx, in the crop.
    is_up : (N,) bool
        Whether from a to b is along the axis.
    midpoint_nm : (N, 3) float64
        Centres of the faces, zyx, nm.
    """

    segment_a: int
    segment_b: int
    axis: NDArray[np.int8]
    below: NDArray[np.int64]
    above: NDArray[np.int64]
    is_up: NDArray[np.bool_]
    midpoint_nm: NDArray[np.float64]

    def area_nm2(self, grid: Grid) -> float:
        """The corrected area ``sqrt(Az² + Ay² + Ax²)`` of the faces' areas along each axis."""
        per_axis = np.bincount(self.axis, minlength=3) * np.asarray(grid.voxel_area_nm2)
        return float(np.linalg.norm(per_axis))

    def flatness(self, grid: Grid) -> float:
        """How flat the interface is: 1 for a sheet that nowhere turns back, 0 if it closes.

        The length of the faces' summed areas with their direction, over that without.
        """
        return float(np.linalg.norm(self._directed_nm2(grid))) / self.area_nm2(grid)

    def extent_nm(self) -> float:
        """How long the interface is: the diameter of a disc with the largest spread it has."""
        centred = self.midpoint_nm - self.midpoint_nm.mean(axis=0)
        largest = float(np.linalg.eigvalsh(centred.T @ centred / len(centred))[-1])
        return 4.0 * float(np.sqrt(max(largest, 0.0)))

    def nearest_to(self, point_nm: NDArray[np.float64]) -> int:
        """Number of the face nearest ``point_nm`` (3,); of equally near ones the first."""
        distance = np.linalg.norm(self.midpoint_nm - point_nm, axis=1)
        return int(np.argmin(np.round(distance, 6)))

    def normal_at(self, face: int, grid: Grid) -> NDArray[np.float64]:
        """Unit vector (3,) from a to b: of all faces, or of ``face`` where these cancel out."""
        vector = self._directed_nm2(grid)
        length = float(np.linalg.norm(vector))
        if length == 0:
            sign = 1.0 if self.is_up[face] else -1.0
            return np.asarray(sign * np.eye(3)[self.axis[face]])
        return np.asarray(vector / length)

    def _directed_nm2(self, grid: Grid) -> NDArray[np.float64]:
        """Summed area (3,) of the faces along each axis, less those that lead back to a."""
        signed = np.where(self.is_up, 1.0, -1.0)
        total = np.bincount(self.axis, weights=signed, minlength=3)
        return np.asarray(total * np.asarray(grid.voxel_area_nm2))


@dataclass(frozen=True)
class FaceIndex:
    """All faces of a crop, ready to be asked for those near a candidate."""

    faces: InterfaceFaces
    order: NDArray[np.int64]
    z_nm: NDArray[np.float64]

    @classmethod
    def of(cls, faces: InterfaceFaces) -> FaceIndex:
        """The index of ``faces``."""
        z = faces.midpoint_nm[:, 0]
        order = np.argsort(z, kind="stable")
        return cls(faces, order, z[order])

    def near(self, voxels: NDArray[np.int64], reach_nm: float, grid: Grid) -> list[PairInterface]:
        """The faces with their centre within ``reach_nm`` of a candidate's voxels, by pair.

        The candidate is the solid made of ``voxels`` ((N, 3), zyx, in the crop, N >= 1): the
        faces of its own voxels are 0 nm away, however thick the sections are.
        """
        solid = _surface_nm(voxels, grid)
        low, high = solid.min(axis=0) - reach_nm, solid.max(axis=0) + reach_nm
        first = int(np.searchsorted(self.z_nm, low[0] - _SLACK_NM, side="left"))
        last = int(np.searchsorted(self.z_nm, high[0] + _SLACK_NM, side="right"))
        some = self.order[first:last]
        middle = self.faces.midpoint_nm[some]
        is_close = (middle >= low - _SLACK_NM) & (middle <= high + _SLACK_NM)
        some = np.sort(some[is_close.all(axis=1)])
        distance, _ = cKDTree(solid).query(
            self.faces.midpoint_nm[some], distance_upper_bound=reach_nm + 2 * _SLACK_NM
        )
        return self._by_pair(some[(distance <= reach_nm + _SLACK_NM) | self._is_in(voxels, some)])

    def area_near_nm2(
        self, pair: PairInterface, point_nm: NDArray[np.float64], within_nm: float, grid: Grid
    ) -> float:
        """The corrected area of all faces of the pair's segments near a point (3,), in nm²."""
        is_pair = self.faces.segment_a == np.uint64(pair.segment_a)
        is_pair &= self.faces.segment_b == np.uint64(pair.segment_b)
        rows = np.flatnonzero(is_pair)
        distance = np.linalg.norm(self.faces.midpoint_nm[rows] - point_nm, axis=1)
        rows = rows[distance <= within_nm + _SLACK_NM]
        return self._pair(rows).area_nm2(grid) if len(rows) else 0.0

    def _is_in(self, voxels: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which faces have one of the voxels below."""
        low = self.faces.low_vx[rows]
        shape = tuple(np.maximum(voxels.max(axis=0), low.max(axis=0, initial=0)) + 1)
        own, below = (np.ravel_multi_index(tuple(part.T), shape) for part in (voxels, low))
        return np.isin(below, own)

    def _by_pair(self, rows: NDArray[np.int64]) -> list[PairInterface]:
        a, b = self.faces.segment_a[rows], self.faces.segment_b[rows]
        order = np.lexsort((b, a))
        rows, a, b = rows[order], a[order], b[order]
        changes = np.flatnonzero((a[1:] != a[:-1]) | (b[1:] != b[:-1])) + 1
        return [self._pair(part) for part in np.split(rows, changes) if len(part)]

    def _pair(self, rows: NDArray[np.int64]) -> PairInterface:
        axis, low = self.faces.axis[rows], self.faces.low_vx[rows]
        return PairInterface(
            segment_a=int(self.faces.segment_a[rows[0]]),
            segment_b=int(self.faces.segment_b[rows[0]]),
            axis=axis,
            below=low,
            above=low + np.eye(3, dtype=np.int64)[axis],
            is_up=self.faces.a_is_low[rows],
            midpoint_nm=self.faces.midpoint_nm[rows],
        )


def _surface_nm(voxels: NDArray[np.int64], grid: Grid) -> NDArray[np.float64]:
    """Points (M, 3) of the surface of a solid of voxels, zyx, nm.

    These are the centres, corners, middles of edges and of faces of its outer voxels: the point
    of a voxel that is nearest to the middle of any face of the grid is always one of them.
    """
    start = voxels.min(axis=0)
    mask = np.zeros(voxels.max(axis=0) - start + 1, dtype=bool)
    mask[tuple((voxels - start).T)] = True
    inner = binary_erosion(mask, structure=np.ones((3, 3, 3), dtype=bool))
    outer = 2 * np.argwhere(mask & ~inner) + 1
    around = np.array(list(product((-1, 0, 1), repeat=3)))
    doubled = np.unique((outer[:, None, :] + around).reshape(-1, 3) @ _strides(mask.shape))
    places = np.stack(np.unravel_index(doubled, [2 * n + 1 for n in mask.shape]), axis=1)
    return grid.to_nm((places - 1) / 2 + start)


def _strides(shape: tuple[int, ...]) -> NDArray[np.int64]:
    """What turns half-voxel places of a box of ``shape`` voxels into flat indices."""
    _, y, x = (2 * n + 1 for n in shape)
    return np.array([y * x, x, 1])
