"""Places: a true synapse with the volumes around it, and what a fault changes there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from napari_synapse_debug.domain import records
from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.simulate.distances import distance_nm

REACH_NM = 400.0
"""Faults change nothing farther than this from the cleft point."""

Volume = NDArray[Any]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Place:
    """A true synapse and the volumes around it.

    Parameters
    ----------
    grid : Grid
        The grid of the whole volumes.
    row : Series
        The synapse's row in the truth.
    box : Box
        What is cut out around the cleft point.
    volumes : mapping of str to array
        The crops by name; the last three axes are zyx.
    pre, post : int
        Ids of the partners in ``volumes["segmentation"]``.
    distance_nm : (Z, Y, X) float32
        Distance of the voxels to the cleft point.
    is_own : (Z, Y, X) bool
        Whether no other cleft point is nearer.
    """

    grid: Grid
    row: pd.Series[Any]
    box: Box
    volumes: Mapping[str, Volume]
    pre: int
    post: int
    distance_nm: NDArray[np.float32]
    is_own: Mask

    @property
    def segments(self) -> Volume:
        """Segments in the box."""
        return self.volumes["segmentation"]

    def within(self, radius_nm: float) -> Mask:
        """Voxels of the box that are this synapse's own and within ``radius_nm`` of its cleft."""
        return self.is_own & (self.distance_nm <= radius_nm)

    def point(self, end: str) -> NDArray[np.float64]:
        """The point ``pre``, ``cleft`` or ``post`` of the row: (3,) zyx, nm."""
        return np.array([self.row[column] for column in records.point_columns(end)], np.float64)

    def index(self, point_nm: NDArray[np.float64]) -> tuple[int, int, int]:
        """The voxel of the box nearest to a point; points outside are moved to its faces."""
        local = self.grid.to_index([point_nm])[0] - np.asarray(self.box.start)
        z, y, x = np.clip(local, 0, np.asarray(self.box.shape) - 1)
        return int(z), int(y), int(x)

    def to_nm(self, index: NDArray[np.int64]) -> NDArray[np.float64]:
        """Centres of voxels of the box: (N, 3) zyx, nm."""
        return self.grid.crop(self.box).to_nm(index)

    def far_from(self, mask: Mask) -> NDArray[np.float64]:
        """Distance of each voxel to the nearest one of ``mask``, nm; infinite without one."""
        if not mask.any():
            return np.full(mask.shape, np.inf)
        voxel = self.grid.voxel_size_nm
        return np.asarray(ndimage.distance_transform_edt(~mask, sampling=voxel))


@dataclass(frozen=True)
class Change:
    """What a fault changes: values of volumes inside ``box``, and rows of the truth.

    Parameters
    ----------
    box : Box
        Where the crops belong.
    volumes : mapping of str to array
        New crops by name.
    row : mapping
        New values of columns of the synapse's row.
    is_dropped : bool
        Takes the row away.
    added : tuple of mapping
        Columns in which new rows differ from the synapse's (old) row.
    also_rows : tuple of int
        Other truth rows that may be lost in place of this one.
    """

    box: Box
    volumes: Mapping[str, Volume] = field(default_factory=dict)
    row: Mapping[str, float | int | str] = field(default_factory=dict)
    is_dropped: bool = False
    added: tuple[Mapping[str, float | int | str], ...] = ()
    also_rows: tuple[int, ...] = ()


def as_columns(end: str, point_nm: NDArray[np.float64]) -> dict[str, float]:
    """A point as the three columns of ``end``."""
    return dict(zip(records.point_columns(end), map(float, point_nm), strict=True))


def place_at(
    grid: Grid,
    truth: pd.DataFrame,
    row: pd.Series[Any],
    volumes: Mapping[str, Volume],
    partners: tuple[int, int],
) -> Place:
    """The surroundings of the true synapse ``row``, wide enough for every fault.

    ``volumes`` are whole ones, ``partners`` the ids of pre and post in the segmentation.
    """
    center = np.array([row[column] for column in records.point_columns("cleft")], np.float64)
    z, y, x = np.clip(grid.to_index([center])[0], 0, np.asarray(grid.shape) - 1)
    box = Box((z, y, x), (z + 1, y + 1, x + 1)).grow(grid.margin_vx(REACH_NM), within=grid.box)
    distance = distance_nm(grid, box, center)
    same_cleft = (truth["row"] == row["row"]) | (truth["synapse"] == row["synapse"]).fillna(False)
    others = records.points(truth[~same_cleft.to_numpy(bool)], "cleft")
    gaps = np.linalg.norm(others - center, axis=1)
    is_own = np.ones(box.shape, bool)
    for other in others[gaps < 2 * REACH_NM]:
        is_own &= distance < distance_nm(grid, box, other)
    crops = {name: volume[(..., *box.slices)] for name, volume in volumes.items()}
    return Place(grid, row, box, crops, *partners, distance, is_own)
