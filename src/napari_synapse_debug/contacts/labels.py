"""What a label volume must be before contacts are looked for in it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Grid

Labels = NDArray[np.integer[Any]]


def unsigned_labels(labels: NDArray[Any]) -> NDArray[np.unsignedinteger[Any]]:
    """The same ids as unsigned integers of the same width: (z, y, x), not copied.

    Raises
    ------
    InputError
        The array is not 3-D, holds no integers, or holds negative ids.
    """
    if labels.ndim != 3:
        raise InputError(
            "The segmentation is not a volume",
            found=f"an array of shape {labels.shape}",
            expected="three axes z, y, x",
            fix="choose the data set of the neuron ids",
        )
    if labels.dtype.kind == "u":
        return labels
    if labels.dtype.kind != "i":
        raise InputError(
            "The segmentation holds no ids",
            found=f"values of type {labels.dtype}",
            expected="whole numbers, 0 for background",
            fix="choose the data set of the neuron ids, or store it as an integer type",
        )
    if labels.size and labels.min() < 0:
        raise InputError(
            "The segmentation holds negative ids",
            found=str(labels.min()),
            expected="0 for background, positive ids for neurons",
            fix="store unlabelled voxels as 0",
        )
    return labels.view(f"u{labels.dtype.itemsize}")


def check_fit(labels: NDArray[Any], grid: Grid) -> None:
    """Nothing, if the labels are a volume of the grid's shape and hold ids.

    Raises
    ------
    InputError
        Another shape, or no volume of non-negative integers.
    """
    if labels.shape != grid.shape:
        raise InputError(
            "The segmentation and its grid differ in size",
            found=f"labels of shape {labels.shape}",
            expected=f"shape {grid.shape}",
            fix="give the grid of the same volume",
        )
    unsigned_labels(labels)


def sweepable(ids: NDArray[Any]) -> NDArray[Any]:
    """The ids as one of the three types that the kernels are compiled for, rows contiguous."""
    kind = np.uint16 if ids.dtype.itemsize == 1 else ids.dtype
    return np.ascontiguousarray(ids, dtype=kind)
