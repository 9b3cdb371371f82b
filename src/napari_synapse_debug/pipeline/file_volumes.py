"""Volumes that other programs made, opened from files and laid on one grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import TripleNm
from napari_synapse_debug.io import (
    Volume,
    check_mask,
    check_segmentation,
    open_volume,
    parse_source,
)

_SAME_SIZE = 0.01
"""Voxel sizes that differ by less are those of the same voxels, rounded."""


def open_volumes(
    named: Mapping[str, str | None], voxel_size_nm: TripleNm | None = None
) -> dict[str, Volume]:
    """The volumes that are given, by name, checked and all on one grid.

    Parameters
    ----------
    named : mapping
        ``FILE[:DATASET]`` of ``segmentation``, ``true segmentation``, ``mask``, ``probability``,
        or None.
    voxel_size_nm : (z, y, x), optional
        In place of that in the files.

    Raises
    ------
    InputError
        A volume is not there or of no use, or they differ in shape, voxel size or offset.
    """
    volumes = {name: _open(text, voxel_size_nm) for name, text in named.items() if text is not None}
    _check_volumes(volumes)
    return _on_one_grid(volumes) if volumes else {}


def as_probability(volume: Volume) -> Volume:
    """A volume of probabilities, uint8 or float in [0, 1], as the only channel of a prediction.

    Raises
    ------
    InputError
        It has channels, or values of another type.
    """
    if volume.channels is not None or (volume.dtype.kind != "f" and volume.dtype != np.uint8):
        raise InputError(
            "The probability cannot be used",
            found=f"{volume.dtype}, channels {volume.channels}",
            expected="one channel, uint8 (255 is 1) or float in [0, 1]",
            fix="give the channel of the synapses alone",
        )
    return Volume(volume.name, volume.grid, _Probability(volume), ("synapse",))


class _Probability:
    """An array-like (1, Z, Y, X) uint8 of a probability that is uint8 or float in [0, 1]."""

    def __init__(self, volume: Volume) -> None:
        self._volume = volume
        self.shape = (1, *volume.grid.shape)
        self.ndim = 4
        self.dtype = np.dtype(np.uint8)

    def __getitem__(self, index: Any) -> NDArray[np.uint8]:
        parts = index if isinstance(index, tuple) else (index,)
        parts = tuple(part for part in parts if part is not Ellipsis)
        spatial = parts[1:] if len(parts) == 4 else parts
        values = np.asarray(self._volume.array[spatial])
        if values.dtype.kind == "f":
            values = np.clip(np.nan_to_num(values) * 255 + 0.5, 0, 255).astype(np.uint8)
        whole: NDArray[np.uint8] = values[None]
        return whole[parts[0]] if len(parts) == 4 else whole


def _open(text: str, voxel_size_nm: TripleNm | None) -> Volume:
    volume = open_volume(parse_source(text), Path.cwd(), voxel_size_nm)
    if volume.channels is not None and len(volume.channels) == 1:
        return volume.channel(volume.channels[0])
    return volume


def _check_volumes(volumes: Mapping[str, Volume]) -> None:
    shapes = {name: volume.grid.shape for name, volume in volumes.items()}
    if len(set(shapes.values())) > 1:
        raise InputError(
            "The volumes have different shapes",
            found="; ".join(f"{name} {shape}" for name, shape in shapes.items()),
            expected="one shape (zyx)",
            fix="cut them to the same box",
        )
    for name, check in (
        ("segmentation", check_segmentation),
        ("true segmentation", check_segmentation),
        ("mask", check_mask),
    ):
        if name in volumes:
            check(volumes[name])


def _on_one_grid(volumes: Mapping[str, Volume]) -> dict[str, Volume]:
    """The volumes on the grid of the first whose file tells an offset, or else of the first."""
    grids = [volume.grid for volume in volumes.values()]
    grid = next((found for found in grids if any(found.offset_nm)), grids[0])
    for name, volume in volumes.items():
        own = volume.grid
        is_there = not any(own.offset_nm) or np.allclose(
            own.offset_nm, grid.offset_nm, atol=min(grid.voxel_size_nm) / 2
        )
        if not is_there or not np.allclose(own.voxel_size_nm, grid.voxel_size_nm, rtol=_SAME_SIZE):
            raise InputError(
                f"The {name} lies elsewhere than the other volumes",
                found=f"voxels of {own.voxel_size_nm} nm from {own.offset_nm} nm, and of "
                f"{grid.voxel_size_nm} nm from {grid.offset_nm} nm",
                expected="the same voxels (zyx)",
                fix="correct voxel size and offset in the files, or cut them to the same box",
            )
    return {name: replace(volume, grid=grid) for name, volume in volumes.items()}
