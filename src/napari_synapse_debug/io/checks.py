"""Whether a volume can be what it is said to be: raw data, a segmentation, a mask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.io.volumes import Volume

_BLOCK = (64, 512, 512)


def check_raw(volume: Volume) -> None:
    """Refuse raw data that are no grey values; floats are read through for NaN and infinity.

    Raises
    ------
    InputError
        Channels, a type that is no number, or values that are not finite.
    """
    _check_single(volume)
    _check_kind(volume, "uif", "whole or floating-point grey values")
    if volume.dtype.kind == "f":
        _scan(volume, lambda block: ~np.isfinite(block), "NaN or infinity", "finite grey values")


def check_segmentation(volume: Volume) -> None:
    """Refuse a segmentation that is no map of ids; signed types are read through.

    Raises
    ------
    InputError
        Channels, floats or booleans, or negative ids.
    """
    _check_single(volume)
    _check_kind(volume, "ui", "whole numbers, one a neuron, 0 for background")
    if volume.dtype.kind == "i":
        _scan(volume, lambda block: block < 0, "a negative id", "ids from 0 (background)")


def check_mask(volume: Volume) -> None:
    """Refuse a mask that is neither whole numbers nor booleans; signed types are read through.

    Raises
    ------
    InputError
        Channels, a type that is no mask, or negative values.
    """
    _check_single(volume)
    _check_kind(volume, "uib", "whole numbers or booleans, 0 outside the class")
    if volume.dtype.kind == "i":
        _scan(volume, lambda block: block < 0, "a negative value", "values from 0 (background)")


def _check_single(volume: Volume) -> None:
    if volume.channels is not None:
        raise InputError(
            f"{volume.name} has channels",
            found=f"shape {tuple(volume.array.shape)}",
            expected="one array z, y, x",
            fix="write the one channel that is meant as a volume of its own",
        )


def _check_kind(volume: Volume, kinds: str, expected: str) -> None:
    if volume.dtype.kind not in kinds:
        raise InputError(
            f"{volume.name} cannot be used for this role",
            found=f"values of type {volume.dtype}",
            expected=expected,
            fix="name the volume that holds them, or convert this one (numpy: .astype)",
        )


def _scan(
    volume: Volume, is_bad: Callable[[NDArray[Any]], NDArray[np.bool_]], found: str, expected: str
) -> None:
    for box, block in _blocks(volume):
        bad = is_bad(block)
        if bad.any():
            first = np.asarray(box.start) + np.argwhere(bad)[0]
            raise InputError(
                f"{volume.name} holds values that cannot be used",
                found=f"{found} at voxel {tuple(int(i) for i in first)} (z, y, x)",
                expected=expected,
                fix="correct these voxels",
            )


def _blocks(volume: Volume) -> Iterator[tuple[Box, NDArray[Any]]]:
    for box in volume.grid.box.blocks(_BLOCK):
        yield box, volume.read(box)
