"""The surroundings of an error: the volumes of a run cut to a box, read when first asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.diagnose.evidence import Array
from napari_synapse_debug.diagnose.survey import Survey, synapse_probability
from napari_synapse_debug.diagnose.zones import Zones, find_zones
from napari_synapse_debug.domain.grid import Box, Grid

Pair = tuple[int, int]
"""Ids of pre and post."""


@dataclass(frozen=True)
class LocalFaces:
    """Faces between voxels of two segments in a crop.

    Parameters
    ----------
    ids : (N, 2) uint64
        The two segments, the smaller first.
    zone : (N,) int64
        Key of the zone that holds one of the two voxels; 0 is none.
    axis : (N,) int64
        Axis that the face is normal to.
    low_vx : (N, 3) int64
        The voxel below the face, zyx, in the crop.
    """

    ids: NDArray[np.uint64]
    zone: NDArray[np.int64]
    axis: NDArray[np.int64]
    low_vx: NDArray[np.int64]

    def between(self, pair: Pair) -> NDArray[np.bool_]:
        """Which faces are between these two segments, in any order: (N,) bool."""
        low, high = np.uint64(min(pair)), np.uint64(max(pair))
        return np.asarray((self.ids[:, 0] == low) & (self.ids[:, 1] == high))


@dataclass(frozen=True)
class Scene:
    """The volumes of a run cut to a box, read when first asked for."""

    survey: Survey
    box: Box

    @cached_property
    def grid(self) -> Grid:
        """The grid of the crop."""
        return self.survey.evidence.grid.crop(self.box)

    @cached_property
    def zones(self) -> Zones:
        """The zones of all true clefts here."""
        survey, params = self.survey, self.survey.params
        grid = self.grid
        margin = params.oracle_radius_nm + params.zone_growth_nm
        low, high = grid.to_nm([(0, 0, 0), tuple(n - 1 for n in grid.shape)])
        near = survey.truth.inside((low - margin, high + margin))
        return find_zones(
            survey.truth.ends_nm[near, 1],
            survey.cleft_key[near],
            self._read(survey.evidence.true_clefts),
            grid,
            params,
        )

    @cached_property
    def probability(self) -> NDArray[np.uint8] | None:
        """All classes: (C, Z, Y, X) uint8."""
        volume = self.survey.evidence.probability
        return None if volume is None else np.asarray(volume[(slice(None), *self.box.slices)])

    @cached_property
    def synapse(self) -> NDArray[np.float64] | None:
        """The strongest synapse class: (Z, Y, X), in [0, 1]."""
        if self.survey.evidence.probability is None:
            return None
        return synapse_probability(self.survey.evidence, self.box) / 255.0

    @cached_property
    def labels(self) -> NDArray[Any] | None:
        """Candidates by id: (Z, Y, X)."""
        return self._read(self.survey.evidence.candidate_labels)

    @cached_property
    def segmentation(self) -> NDArray[Any] | None:
        """The segmentation in use: (Z, Y, X)."""
        return self._read(self.survey.evidence.segmentation)

    @cached_property
    def true_segmentation(self) -> NDArray[Any] | None:
        """The ground truth's segmentation: (Z, Y, X)."""
        return self._read(self.survey.evidence.true_segmentation)

    @cached_property
    def faces(self) -> LocalFaces | None:
        """The faces between segments here; None without a segmentation or a way to find them."""
        find = self.survey.tools.faces
        if find is None or self.segmentation is None:
            return None
        found = find(self.segmentation, self.grid)
        axis = np.asarray(found.axis, dtype=np.int64)
        low = np.asarray(found.low_vx)
        high = low + np.eye(3, dtype=np.int64)[axis]
        zone = self.zones.grown[tuple(low.T)]
        zone = np.where(zone != 0, zone, self.zones.grown[tuple(high.T)])
        return LocalFaces(np.stack([found.segment_a, found.segment_b], axis=1), zone, axis, low)

    def _read(self, volume: Array | None) -> NDArray[Any] | None:
        return None if volume is None else np.asarray(volume[self.box.slices])
