"""What lies on either side of an interface: close to its faces, and in the neurons around."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.domain.distances import distances_to
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.roles import Role
from napari_synapse_debug.synapses.channels import (
    FULL,
    role_probability,
    synapse_probability,
)
from napari_synapse_debug.synapses.crop import Crop
from napari_synapse_debug.synapses.interface import PairInterface

NEAR_NM = 60.0
"""Shell at the faces of a pair."""

FAR_NM = 150.0
"""End of the second shell, which begins where the first one ends."""

AROUND_NM = 250.0
"""Vesicles, mitochondria and raw data this near to the interface speak for their neuron."""

Cues = dict[str, float]
Bytes = NDArray[np.uint8]
NOTHING = float("nan")


@dataclass(frozen=True)
class Surroundings:
    """A crop, ready to be asked what lies around the interface of a candidate.

    Parameters
    ----------
    crop : Crop
        Segmentation, probabilities and raw data.
    synapse : (z, y, x) uint8
        The largest probability of the synapse classes.
    vesicle, mitochondrion : (z, y, x) uint8, optional
        None without such a class.
    """

    crop: Crop
    synapse: Bytes
    vesicle: Bytes | None
    mitochondrion: Bytes | None

    @classmethod
    def of(cls, crop: Crop) -> Surroundings:
        """The surroundings in ``crop``; an InputError if no class marks synapses."""
        return cls(
            crop,
            synapse_probability(crop.probability, crop.classes),
            role_probability(crop.probability, crop.classes, Role.VESICLE),
            role_probability(crop.probability, crop.classes, Role.MITOCHONDRION),
        )

    def around(self, interfaces: Sequence[PairInterface]) -> dict[int, Cues]:
        """Cues of each segment of a candidate's interfaces, within 250 nm of all their faces.

        ``vesicle`` and ``mitochondrion`` are mean probabilities in the neuron, NaN without the
        class; ``raw`` and ``texture`` the mean and the spread of the raw data in the neuron, as
        multiples of the spread of all that is near (0 and 1 where it is like the rest), NaN
        without raw data; ``volume_nm3`` is how much of the neuron is near. A neuron without a
        voxel there has NaN, and volume 0.
        """
        if not interfaces:
            return {}
        box, distance = self._distance(interfaces, AROUND_NM)
        is_near = distance <= AROUND_NM
        holder = self.crop.segmentation[box.slices][is_near]
        light = _Light.of(None if self.crop.raw is None else self.crop.raw[box.slices][is_near])
        cues = {}
        for segment in segments_of(interfaces):
            is_own = holder == segment
            cues[segment] = {
                "vesicle": self._mean(self.vesicle, box, is_near, is_own),
                "mitochondrion": self._mean(self.mitochondrion, box, is_near, is_own),
                "volume_nm3": float(np.count_nonzero(is_own)) * self.crop.grid.voxel_volume_nm3,
                **light.cues(is_own),
            }
        return cues

    def shells(self, interface: PairInterface) -> tuple[Cues, Cues]:
        """Cues of a and of b in the shells at the faces of one pair.

        ``near`` and ``far`` are the mean synapse probability in the neuron up to 60 nm from the
        faces and from there to 150 nm, NaN where it has no voxel; ``edge_raw`` is how bright
        the neuron is in the near shell against both shells of both neurons, in their spread.
        """
        box, distance = self._distance([interface], FAR_NM)
        sides = (interface.segment_a, interface.segment_b)
        holder = self.crop.segmentation[box.slices]
        is_pair = ((holder == sides[0]) | (holder == sides[1])) & (distance <= FAR_NM)
        holder, distance = holder[is_pair], distance[is_pair]
        synapse = self.synapse[box.slices][is_pair]
        light = _Light.of(None if self.crop.raw is None else self.crop.raw[box.slices][is_pair])
        a, b = (
            {
                "near": _mean_of(synapse[(holder == segment) & (distance <= NEAR_NM)]) / FULL,
                "far": _mean_of(synapse[(holder == segment) & (distance > NEAR_NM)]) / FULL,
                "edge_raw": light.cues((holder == segment) & (distance <= NEAR_NM))["raw"],
            }
            for segment in sides
        )
        return a, b

    def _distance(
        self, interfaces: Sequence[PairInterface], within_nm: float
    ) -> tuple[Box, NDArray[np.float64]]:
        """Distances in nm to the nearest voxel at a face, and the box that they are of."""
        grid = self.crop.grid
        faces = np.concatenate([part for i in interfaces for part in (i.below, i.above)])
        box = box_of(faces).grow(grid.margin_vx(within_nm), within=grid.box)
        is_at_face = np.zeros(box.shape, dtype=bool)
        is_at_face[tuple((faces - np.asarray(box.start)).T)] = True
        return box, distances_to(is_at_face, grid.voxel_size_nm, within_nm)

    def _mean(
        self,
        channel: Bytes | None,
        box: Box,
        is_near: NDArray[np.bool_],
        is_own: NDArray[np.bool_],
    ) -> float:
        if channel is None:
            return NOTHING
        return _mean_of(channel[box.slices][is_near][is_own]) / FULL


@dataclass(frozen=True)
class _Light:
    """Raw values of some voxels, and their mean and spread; None without raw data."""

    values: NDArray[np.float64] | None
    mean: float = 0.0
    spread: float = 1.0

    @classmethod
    def of(cls, raw: NDArray[Any] | None) -> _Light:
        if raw is None or not raw.size:
            return cls(None)
        values = raw.astype(np.float64)
        return cls(values, float(values.mean()), float(values.std()) or 1.0)

    def cues(self, which: NDArray[np.bool_]) -> Mapping[str, float]:
        """Mean and spread of some of the voxels, against all."""
        if self.values is None or not which.any():
            return {"raw": NOTHING, "texture": NOTHING}
        own = self.values[which]
        return {
            "raw": (float(own.mean()) - self.mean) / self.spread,
            "texture": float(own.std()) / self.spread,
        }


def segments_of(interfaces: Sequence[PairInterface]) -> list[int]:
    """The segments of some interfaces, each once, sorted."""
    return sorted({k for part in interfaces for k in (part.segment_a, part.segment_b)})


def box_of(voxels: NDArray[np.int64]) -> Box:
    """The smallest box that holds the voxels (N, 3), N >= 1."""
    z, y, x = (int(n) for n in voxels.min(axis=0))
    end_z, end_y, end_x = (int(n) + 1 for n in voxels.max(axis=0))
    return Box((z, y, x), (end_z, end_y, end_x))


def _mean_of(values: NDArray[Any]) -> float:
    return float(values.mean()) if values.size else NOTHING
