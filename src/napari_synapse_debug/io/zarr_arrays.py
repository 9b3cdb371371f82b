"""Arrays in Zarr folders, versions 2 and 3: OME-Zarr images and plain arrays."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import zarr

from napari_synapse_debug.domain.errors import DataError, InputError
from napari_synapse_debug.io.arrays import Layout
from napari_synapse_debug.io.atomic import read_json
from napari_synapse_debug.io.attributes import length_attributes
from napari_synapse_debug.io.ome_metadata import (
    find_level,
    level_names,
    read_axes,
    read_channels,
    read_scale,
)
from napari_synapse_debug.io.selection import choose_dataset, plain_channels

_ARRAY_FILES = ("zarr.json", ".zarray")


def open_zarr(path: Path, dataset: str | None, is_writable: bool = False) -> zarr.Array[Any]:
    """The array of a Zarr folder."""
    folder = path / dataset if dataset else path
    return zarr.open_array(folder, mode="r+" if is_writable else "r")


def describe_zarr(path: Path, dataset: str | None) -> Layout:
    """What a Zarr folder says about its array: level 0 of an OME-Zarr image, or a plain array.

    Axes of time and channel with one entry are dropped from five-dimensional images.

    Raises
    ------
    InputError
        No array there, several and none named, or axes that are no volume.
    DataError
        The metadata are damaged.
    """
    folder = path / dataset if dataset else path
    levels = _levels(folder)
    if levels is None and not is_array(folder):
        inside = _volumes_below(path)
        if not inside and not _is_zarr(path):
            raise InputError(
                f"The folder {path} is no volume",
                found=", ".join(sorted(p.name for p in path.iterdir())[:5]) or "an empty folder",
                expected="a Zarr folder (with zarr.json, .zgroup or .zarray in it)",
                fix="name the folder that ends in .zarr, or a file",
            )
        dataset = choose_dataset(path, dataset, inside)
        folder = path / dataset
        levels = _levels(folder)
    if levels is not None:
        name = _first_level(folder, levels)
        return _ome_layout(path, folder / name, levels, name)
    above = _levels(folder.parent)
    if above is not None and find_level(above, folder.name) is not None:
        return _ome_layout(path, folder, above, folder.name)
    return _plain_layout(path, folder)


def describe_levels(path: Path, dataset: str | None) -> tuple[Layout, ...]:
    """All levels of the image that the array ``dataset`` is level 0 of; else nothing."""
    folder = path / dataset if dataset else path
    levels = _levels(folder.parent) if dataset else None
    if levels is None or _first_level(folder.parent, levels) != folder.name:
        return ()
    return tuple(
        _ome_layout(path, folder.parent / name, levels, name) for name in level_names(levels)
    )


def is_array(folder: Path) -> bool:
    """Whether the folder is itself a Zarr array."""
    if (folder / ".zarray").is_file():
        return True
    described = folder / "zarr.json"
    return described.is_file() and read_json(described).get("node_type") == "array"


def _is_zarr(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("zarr.json", ".zgroup", ".zarray"))


def attributes_of(folder: Path) -> dict[str, Any]:
    """The attributes of a Zarr group or array; empty where there are none."""
    described = folder / "zarr.json"
    if described.is_file():
        return dict(read_json(described).get("attributes", {}))
    old = folder / ".zattrs"
    return dict(read_json(old)) if old.is_file() else {}


def _levels(folder: Path) -> dict[str, Any] | None:
    """The OME metadata of a group that is an image; None for anything else."""
    attributes = attributes_of(folder)
    metadata = attributes.get("ome", attributes)
    if not isinstance(metadata, dict) or not metadata.get("multiscales"):
        return None
    return metadata


def _first_level(folder: Path, metadata: dict[str, Any]) -> str:
    try:
        return str(metadata["multiscales"][0]["datasets"][0]["path"])
    except (KeyError, IndexError, TypeError) as error:
        raise _damaged(folder, f"multiscales without datasets ({error!r})") from error


def _volumes_below(path: Path) -> dict[str, int]:
    """Names of images and of plain arrays inside, with their number of axes."""
    found: dict[str, int] = {}
    for place, inside, files in os.walk(path):
        folder = Path(place)
        if not {*files} & {*_ARRAY_FILES, ".zgroup", ".zattrs"}:
            continue
        name = folder.relative_to(path).as_posix()
        levels = _levels(folder)
        if levels is not None:
            found[name] = 3
        elif is_array(folder):
            found[name] = len(_read_array(folder).shape)
        if name in found:
            inside.clear()
    return found


def _read_array(folder: Path) -> zarr.Array[Any]:
    try:
        return open_zarr(folder, None)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(folder, f"{type(error).__name__}: {error}") from error


def _ome_layout(path: Path, folder: Path, metadata: dict[str, Any], name: str) -> Layout:
    array = _read_array(folder)
    axes = read_axes(metadata, folder, array.shape)
    size, offset, note = read_scale(metadata, name, axes)
    fixed = tuple(
        0 if axis == "t" or (axis == "c" and n == 1 and "t" in axes) else None
        for axis, n in zip(axes, array.shape, strict=True)
    )
    kept = [axis for axis, at in zip(axes, fixed, strict=True) if at is None]
    count = array.shape[axes.index("c")] if "c" in kept else 0
    return Layout(
        path,
        _relative(path, folder),
        open_zarr,
        array.shape,
        array.dtype,
        array.chunks,
        fixed,
        size,
        offset,
        read_channels(metadata, count),
        note,
    )


def _plain_layout(path: Path, folder: Path) -> Layout:
    array = _read_array(folder)
    choose_dataset(path, None, {folder.name: len(array.shape)})
    size, offset, note = length_attributes(attributes_of(folder))
    return Layout(
        path,
        _relative(path, folder),
        open_zarr,
        array.shape,
        array.dtype,
        array.chunks,
        voxel_size_nm=size,
        offset_nm=offset,
        channels=plain_channels(array.shape),
        note=note,
    )


def _relative(path: Path, folder: Path) -> str | None:
    name = folder.relative_to(path).as_posix()
    return None if name == "." else name


def _damaged(folder: Path, found: str) -> DataError:
    return DataError(
        f"The Zarr metadata in {folder} cannot be read",
        found=found,
        fix="write the volume again; its metadata are damaged or of another kind",
    )
