"""Prediction of a volume whose voxels are not those that the network has learnt."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box, Grid, Triple, TripleNm
from napari_synapse_debug.networks import NetworkPlan
from napari_synapse_debug.predict.predictor import ArrayLike, Predictor, Tile
from napari_synapse_debug.predict.tiling import fit_block, smaller_block

ALIKE = 1.25
"""Voxels that differ by no more than this factor are taken as they are: training scales as much."""

MOST = 4.0
"""Beyond this factor too little of what the network has learnt is left in the data."""


def misfit(size_nm: TripleNm, plan: NetworkPlan) -> float:
    """The largest factor by which voxels of ``size_nm`` (zyx) differ from those learnt; 1: none."""
    ratios = [a / b for a, b in zip(size_nm, plan.voxel_size_nm, strict=True)]
    return max(max(r, 1 / r) for r in ratios)


def network_grid(source: Grid, plan: NetworkPlan) -> Grid:
    """The grid on which the network is to see a volume on ``source``, over the same space.

    Axes whose voxels are alike stay as they are; the others get the voxel size learnt.

    Raises
    ------
    InputError
        An axis differs by more than ``MOST``.
    """
    if misfit(source.voxel_size_nm, plan) > MOST:
        raise InputError(
            "The model was trained on voxels of another size",
            found=f"{tuple(source.voxel_size_nm)} nm (zyx)",
            expected=f"about {plan.voxel_size_nm} nm, or at most {MOST:g} times more or less",
            fix="train on boxes of this volume, or check its voxel size",
        )
    axes = zip(
        source.shape, source.voxel_size_nm, source.offset_nm, plan.voxel_size_nm, strict=True
    )
    shape, size, offset = zip(*[_network_axis(*axis) for axis in axes], strict=True)
    return Grid(
        (shape[0], shape[1], shape[2]),
        (size[0], size[1], size[2]),
        (offset[0], offset[1], offset[2]),
    )


def _network_axis(length: int, old: float, offset: float, new: float) -> tuple[int, float, float]:
    if max(new / old, old / new) <= ALIKE:
        return length, old, offset
    # a small part of a voxel more is rounding, not data
    return ceil(length * old / new - 1e-6), new, offset + (new - old) / 2


@dataclass(frozen=True, eq=False)
class ResampledTile:
    """A tile on the network's grid: what was read, its box there, and the box that is wanted."""

    tile: Tile
    seen: Box
    wanted: Box


class ResamplingPredictor:
    """A ``Predictor`` whose volume is read on one grid, seen on a second, and written on a third.

    All three cover the same space. Values are interpolated linearly, and averaged where voxels
    become larger (a triangle as wide as two of the larger voxels), both ways. A voxel's weights
    depend on its place in the volume alone, so that the result is the same for any tiling.

    Parameters
    ----------
    predictor : Predictor
        The network.
    source : Grid
        Of the raw data that are read.
    target : Grid
        Of the probabilities.

    Raises
    ------
    InputError
        The voxels differ by more than ``MOST``.
    """

    def __init__(self, predictor: Predictor, source: Grid, target: Grid) -> None:
        self._predictor, self._source, self._target = predictor, source, target
        self._seen = network_grid(source, predictor.plan)

    @property
    def halo_vx(self) -> Triple:
        """Voxels zyx of the target that the context around a box covers."""
        z, y, x = (ceil(h * r) for h, r in zip(self._predictor.halo_vx, self._ratios, strict=True))
        return z, y, x

    def choose_block(self, shape: Triple, chunk_vx: Triple = (1, 1, 1)) -> Triple:
        """The block zyx, in voxels of the target, in which to predict a volume of ``shape``."""
        most = int(self._predictor.most_voxels() * np.prod(self._ratios))
        return fit_block(shape, self.halo_vx, (1, 1, 1), chunk_vx, most)

    def smaller_block(
        self, block_vx: Triple, chunk_vx: Triple, *, below_halo: bool = False
    ) -> Triple | None:
        """As that of ``Predictor``, in voxels of the target."""
        return smaller_block(block_vx, self.halo_vx, (1, 1, 1), chunk_vx, below_halo=below_halo)

    def network_voxels(self, block_vx: Triple) -> int:
        """Voxels that the network sees for a block of the target, halo counted."""
        z, y, x = (ceil(edge / r) for edge, r in zip(block_vx, self._ratios, strict=True))
        return self._predictor.network_voxels((z, y, x))

    def read(self, raw: ArrayLike, box: Box) -> ResampledTile:
        """The input for ``box`` (voxels of the target; not empty) of ``raw``, on the source."""
        spans = [_span(self._target, self._seen, axis, box) for axis in range(3)]
        z, y, x = (span[:2] for span in spans)
        seen = Box((z[0], y[0], x[0]), (z[1], y[1], x[1]))
        view = _Resampled(raw, self._source, self._seen)
        return ResampledTile(self._predictor.read(view, seen), seen, box)

    def compute(self, tile: ResampledTile) -> NDArray[np.uint8]:
        """Probabilities of the box that ``tile`` was read for: (class, z, y, x) uint8."""
        found = self._predictor.compute(tile.tile).astype(np.float32)
        moved = _resample(found, tile.seen, self._seen, tile.wanted, self._target)
        return np.rint(moved).astype(np.uint8)

    @property
    def _ratios(self) -> tuple[float, ...]:
        sizes = zip(self._seen.voxel_size_nm, self._target.voxel_size_nm, strict=True)
        return tuple(seen / target for seen, target in sizes)


class _Resampled:
    """A volume (z, y, x) on another grid, computed when it is sliced: float32."""

    def __init__(self, array: ArrayLike, source: Grid, target: Grid) -> None:
        self._array, self._source, self._target = array, source, target
        self.shape: tuple[int, ...] = target.shape

    def __getitem__(self, key: tuple[slice, slice, slice], /) -> NDArray[np.float32]:
        z, y, x = ((part.start, part.stop) for part in key)
        wanted = Box((z[0], y[0], x[0]), (z[1], y[1], x[1]))
        spans = [_span(self._target, self._source, axis, wanted) for axis in range(3)]
        z, y, x = (span[:2] for span in spans)
        read = Box((z[0], y[0], x[0]), (z[1], y[1], x[1]))
        values = np.asarray(self._array[read.slices], np.float32)
        return _resample(values, read, self._source, wanted, self._target)


def _span(target: Grid, source: Grid, axis: int, box: Box) -> tuple[int, int]:
    """First and stop of the voxels of ``source`` that weigh in ``box`` of ``target``."""
    centers, reach = _centers(target, source, axis, box.start[axis], box.stop[axis])
    length = source.shape[axis]
    first = min(max(0, int(np.floor(centers[0] - reach)) + 1), length - 1)
    stop = min(length, int(np.ceil(centers[-1] + reach)))
    return first, max(first + 1, stop)


def _centers(
    target: Grid, source: Grid, axis: int, first: int, stop: int
) -> tuple[NDArray[np.float64], float]:
    """Where voxels of ``target`` lie in those of ``source``, and how far their weights reach."""
    size, other = target.voxel_size_nm[axis], source.voxel_size_nm[axis]
    place = (
        np.arange(first, stop, dtype=np.float64) * size
        + target.offset_nm[axis]
        - source.offset_nm[axis]
    )
    return np.asarray(place / other), max(1.0, size / other)


def _resample(
    values: NDArray[np.float32], held: Box, source: Grid, wanted: Box, target: Grid
) -> NDArray[np.float32]:
    """``values`` (…, z, y, x) of the box ``held`` of ``source``, in the box ``wanted``."""
    for axis in range(3):
        centers, reach = _centers(target, source, axis, wanted.start[axis], wanted.stop[axis])
        voxels = np.arange(held.start[axis], held.stop[axis])
        near = np.clip(centers, 0, source.shape[axis] - 1)  # beyond the faces: the outer voxel
        weights = np.maximum(0, 1 - np.abs(voxels[None] - near[:, None]) / reach)
        weights /= weights.sum(axis=1, keepdims=True)
        if weights.shape[0] == weights.shape[1] and np.array_equal(weights, np.eye(len(weights))):
            continue
        place = values.ndim - 3 + axis
        moved: Any = np.tensordot(weights.astype(np.float32), values, axes=(1, place))
        values = np.moveaxis(moved, 0, place)
    return np.ascontiguousarray(values)
