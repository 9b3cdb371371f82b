"""Volumes written as OME-Zarr 0.5 (Zarr 3, blosc-zstd), made whole and filled by block."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import DTypeLike, NDArray
from zarr.codecs import BloscCodec

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Grid, Triple
from napari_synapse_debug.domain.project import Source
from napari_synapse_debug.io.atomic import replace_folder
from napari_synapse_debug.io.ome_metadata import image_metadata
from napari_synapse_debug.io.volumes import Volume, open_volume

CHUNK: Triple = (32, 128, 128)
"""Voxels of a chunk, where none are asked for: 0.5 MB a channel of bytes."""


def create_volume(
    path: Path,
    grid: Grid,
    dtype: DTypeLike,
    *,
    channels: tuple[str, ...] | None = None,
    chunks: Triple | None = None,
    fill: float = 0,
) -> Volume:
    """A new writable volume of ``fill``, in place of anything that was at ``path``.

    The folder appears with all of its metadata or not at all; blocks are then written with
    ``Volume.write``. Opened again, it has the same grid, channels and dtype.

    Parameters
    ----------
    path : Path
        The folder to make, ending in ``.zarr``.
    grid : Grid
        Shape, voxel size and offset.
    dtype : data type
        Integer or float.
    channels : tuple of str, optional
        Names of the channels; with them the array is (C, Z, Y, X), else (Z, Y, X).
    chunks : tuple of int, optional
        Voxels of a chunk along z, y, x; default 32 × 128 × 128. A chunk holds one channel.

    Raises
    ------
    StorageError
        The disk is full or the folder may not be written.
    """
    with replace_folder(path) as folder:
        _create(folder, path.stem, grid, np.dtype(dtype), channels, chunks or CHUNK, fill)
    return open_volume(Source(path=str(path)), is_writable=True)


def write_volume(
    path: Path,
    values: NDArray[Any],
    grid: Grid,
    *,
    channels: tuple[str, ...] | None = None,
    chunks: Triple | None = None,
) -> Volume:
    """``values`` ((Z, Y, X), or (C, Z, Y, X) with channels) written whole to ``path``.

    Raises
    ------
    InputError
        The values have another shape than grid and channels.
    StorageError
        The disk is full or the folder may not be written.
    """
    Volume(f"{path.name} (in memory)", grid, values, channels)
    with replace_folder(path) as folder:
        array = _create(folder, path.stem, grid, values.dtype, channels, chunks or CHUNK, 0)
        array[...] = values
    return open_volume(Source(path=str(path)))


def write_labels(
    path: Path, labels: NDArray[Any], grid: Grid, *, chunks: Triple | None = None
) -> Volume:
    """``labels`` ((Z, Y, X) integers) written whole to ``path``, marked as an OME label image.

    Raises
    ------
    InputError
        The labels are not whole numbers, or have another shape than the grid.
    StorageError
        The disk is full or the folder may not be written.
    """
    if labels.dtype.kind not in "iu":
        raise InputError(
            f"Labels for {path} are not whole numbers",
            found=str(labels.dtype),
            expected="an integer type",
        )
    Volume(f"{path.name} (in memory)", grid, labels)
    with replace_folder(path) as folder:
        array = _create(folder, path.stem, grid, labels.dtype, None, chunks or CHUNK, 0)
        array[...] = labels
        group = zarr.open_group(folder, mode="r+")
        group.attrs["ome"] = {**dict(group.attrs)["ome"], "image-label": {}}  # type: ignore[dict-item]
    return open_volume(Source(path=str(path)))


def _create(
    folder: Path,
    name: str,
    grid: Grid,
    dtype: np.dtype[Any],
    channels: tuple[str, ...] | None,
    chunks: Triple,
    fill: float,
) -> zarr.Array[Any]:
    lead = () if channels is None else (len(channels),)
    ome = image_metadata([grid], name, channels, dtype)
    group = zarr.create_group(folder, zarr_format=3, attributes={"ome": ome}, overwrite=True)
    return create_level(group, 0, grid.shape, lead, dtype, chunks, fill)


def create_level(
    group: zarr.Group,
    number: int,
    shape: Triple,
    lead: tuple[int, ...],
    dtype: np.dtype[Any],
    chunks: Triple,
    fill: float = 0,
) -> zarr.Array[Any]:
    """A new array for the level ``number`` of an image, in place of one that is there.

    Parameters
    ----------
    group : zarr.Group
        The image.
    number : int
        0 is the finest.
    shape, lead : tuple of int
        Voxels along z, y, x; channels, or nothing.
    dtype : data type
        Of the values.
    chunks : tuple of int
        Voxels of a chunk along z, y, x; a chunk holds one channel.
    fill : float
        Value of what is not written.
    """
    cut = tuple(max(1, min(c, n)) for c, n in zip(chunks, shape, strict=True))
    return group.create_array(
        str(number),
        shape=(*lead, *shape),
        chunks=(*((1,) if lead else ()), *cut),
        dtype=dtype,
        fill_value=fill,
        compressors=BloscCodec(cname="zstd", clevel=3),
        dimension_names=["c", "z", "y", "x"][-(3 + len(lead)) :],
        overwrite=True,
    )
