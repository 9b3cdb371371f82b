"""Coarser levels of a written OME-Zarr image: chosen, begun, filled by block, declared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from napari_synapse_debug.domain.grid import Box, Grid, Triple
from napari_synapse_debug.domain.project import Source
from napari_synapse_debug.io.atomic import guard_storage
from napari_synapse_debug.io.ome_metadata import image_metadata
from napari_synapse_debug.io.ome_zarr import CHUNK, create_level
from napari_synapse_debug.io.volumes import Volume, open_volume
from napari_synapse_debug.io.zarr_arrays import attributes_of

LARGEST_VX = 256
"""A level whose sections are no longer than this on either side is the last."""

_OWN = "napari-synapse-debug"
"""The attribute of a folder under which this program keeps notes of its own."""


def level_factors(grid: Grid, largest_vx: int = LARGEST_VX) -> tuple[Triple, ...]:
    """Voxels of ``grid`` (zyx) that a voxel of level 1, 2, … covers; none for a small volume.

    From level to level the axes are halved whose voxels are less than twice the smallest edge,
    so that voxels become about isotropic. An axis of one voxel stays.
    """
    factors: list[Triple] = []
    total, shape, size = [1, 1, 1], list(grid.shape), list(grid.voxel_size_nm)
    while max(shape[1:]) > largest_vx:
        fine = min(edge for edge, n in zip(size, shape, strict=True) if n > 1)
        for axis in range(3):
            if shape[axis] > 1 and size[axis] < 2 * fine:
                total[axis] *= 2
                size[axis] *= 2
                shape[axis] = -(-shape[axis] // 2)
        factors.append((total[0], total[1], total[2]))
    return tuple(factors)


def begin_level(path: Path, number: int, factor: Triple) -> Volume:
    """The new level ``number`` of the image at ``path``, writable and empty; not yet declared.

    Parameters
    ----------
    path : Path
        An image made by ``create_volume``.
    number : int
        1 or more.
    factor : tuple of int
        Voxels of level 0 that one of its voxels covers, zyx.

    Raises
    ------
    StorageError
        The disk is full or the folder may not be written.
    """
    finest = open_volume(Source(path=str(path)))
    grid = finest.grid.coarsen(factor)
    lead = () if finest.channels is None else (len(finest.channels),)
    chunks = finest.chunks or CHUNK
    with guard_storage(path):
        group = zarr.open_group(path, mode="r+")
        create_level(group, number, grid.shape, lead, finest.dtype, chunks)
    return level_volume(path, number, factor)


def level_volume(path: Path, number: int, factor: Triple) -> Volume:
    """The level ``number`` of the image at ``path``, writable, declared or not."""
    finest = open_volume(Source(path=str(path)))
    stored = open_volume(
        Source(path=str(path), dataset=str(number)), voxel_size_nm=(1.0, 1.0, 1.0), is_writable=True
    )
    grid = finest.grid.coarsen(factor)
    return Volume(f"{path} ({number})", grid, stored.array, finest.channels)


def coarsen_block(finer: Volume, coarser: Volume, box: Box) -> None:
    """Write the means of the voxels of ``finer`` to ``box`` of ``coarser``.

    A voxel at a far face that covers fewer voxels is the mean of those. Whole numbers are
    rounded. Blocks that share a chunk must not be written at the same time.

    Raises
    ------
    DataError
        A file is damaged.
    StorageError
        The disk is full or the folder may not be written.
    """
    steps = _steps(finer.grid, coarser.grid)
    start = [a * k for a, k in zip(box.start, steps, strict=True)]
    stop = [b * k for b, k in zip(box.stop, steps, strict=True)]
    covered = Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))
    read = covered.intersect(finer.grid.box)
    for channel in (None,) if finer.channels is None else finer.channels:
        # one at a time: the means are made in float32, four times the size of bytes
        source, target = (
            volume if channel is None else volume.channel(channel) for volume in (finer, coarser)
        )
        target.write(box, _means(source.read(read), steps))


def declare_levels(path: Path, factors: tuple[Triple, ...]) -> None:
    """Say in the metadata of the image at ``path`` that it has levels of these ``factors``.

    Raises
    ------
    StorageError
        The disk is full or the folder may not be written.
    """
    finest = open_volume(Source(path=str(path)))
    grids = [finest.grid, *(finest.grid.coarsen(factor) for factor in factors)]
    metadata = image_metadata(grids, path.stem, finest.channels, finest.dtype)
    with guard_storage(path):
        zarr.open_group(path, mode="r+").attrs["ome"] = metadata


def annotate(path: Path, notes: dict[str, Any]) -> None:
    """Keep ``notes`` (JSON values) with the image at ``path``, in place of earlier ones.

    Raises
    ------
    StorageError
        The disk is full or the folder may not be written.
    """
    with guard_storage(path):
        zarr.open_group(path, mode="r+").attrs[_OWN] = notes


def read_annotations(path: Path) -> dict[str, Any]:
    """What ``annotate`` kept with the image at ``path``; empty where there is nothing.

    Raises
    ------
    DataError
        The metadata are damaged.
    """
    return dict(attributes_of(path).get(_OWN, {}))


def _steps(finer: Grid, coarser: Grid) -> Triple:
    sizes = zip(coarser.voxel_size_nm, finer.voxel_size_nm, strict=True)
    z, y, x = (round(large / small) for large, small in sizes)
    return z, y, x


def _means(values: NDArray[Any], steps: Triple) -> NDArray[Any]:
    """Means of cells of ``steps`` voxels (zyx); cells at the far faces may be cut."""
    total: NDArray[Any] = values.astype(np.float32)
    for axis, step in enumerate(steps, start=values.ndim - 3):
        if step > 1:
            first = np.arange(0, total.shape[axis], step)
            counts = np.diff(first, append=total.shape[axis])
            shape = [1] * total.ndim
            shape[axis] = len(first)
            total = np.add.reduceat(total, first, axis=axis) / np.float32(counts.reshape(shape))
    if values.dtype.kind in "iu":
        total = np.rint(total)
    return total.astype(values.dtype)
