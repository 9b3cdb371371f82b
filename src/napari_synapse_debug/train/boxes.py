"""Annotated boxes: what a network is trained on, and what makes them unusable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.roles import ClassSpec
from napari_synapse_debug.networks import check_finite


@dataclass(frozen=True, eq=False)
class TrainingBox:
    """Raw data and ground truth of one box, at full resolution.

    Parameters
    ----------
    raw : array
        (z, y, x), any real dtype.
    masks : mapping
        For each class name (z, y, x) integers or bool, where > 0 is the class. A class that is
        absent or None was not annotated here: it is ignored in this box, not background.
    ignored : mapping
        For some class names (z, y, x) bool: voxels of which it is not known whether they are of
        the class, for example the rim of a cleft that was painted from a point.
    hard_places : array
        (N, 4) float64: z, y, x of a voxel of the box around which patches are to be drawn more
        often, and a weight above 0.
    is_late : bool
        Learnt from only at the end of a training (``train_network``).
    """

    raw: NDArray[Any]
    masks: Mapping[str, NDArray[Any] | None]
    ignored: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    hard_places: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 4)))
    is_late: bool = False


def check_boxes(boxes: Sequence[TrainingBox], classes: Sequence[ClassSpec]) -> None:
    """Refuse boxes from which ``classes`` cannot be learnt.

    Raises
    ------
    InputError
        No box, an empty one, a mask of another shape, raw values that are no numbers, or a
        class that is nowhere annotated or annotated everywhere; it is named.
    """
    if not boxes:
        raise InputError(
            "There is nothing to train on",
            found="no box",
            expected="at least one annotated box",
            fix="give a training box",
        )
    for number, box in enumerate(boxes, start=1):
        _check_box(box, f"training box {number}")
    for spec in classes:
        _check_class(boxes, spec.name)


def _check_box(box: TrainingBox, name: str) -> None:
    if box.raw.ndim != 3 or box.raw.size == 0:
        raise InputError(
            f"The raw data of {name} cannot be trained on",
            found=f"shape {box.raw.shape}",
            expected="three axes zyx, each with voxels",
            fix="choose a box that overlaps the volume",
        )
    for class_name, mask in box.masks.items():
        if mask is not None and mask.shape != box.raw.shape:
            raise InputError(
                f"The mask of class {class_name!r} does not fit {name}",
                found=f"shape {mask.shape}",
                expected=f"{box.raw.shape}, that of the raw data",
                fix="choose the mask that was drawn on this volume",
            )
    for class_name, unknown in box.ignored.items():
        if unknown.shape != box.raw.shape:
            raise InputError(
                f"The ignored voxels of class {class_name!r} do not fit {name}",
                found=f"shape {unknown.shape}",
                expected=f"{box.raw.shape}, that of the raw data",
                fix="give one value for each voxel of the box",
            )
    check_finite(box.raw, name)


def _check_class(boxes: Sequence[TrainingBox], name: str) -> None:
    masks = [box.masks[name] for box in boxes if box.masks.get(name) is not None]
    size = sum(mask.size for mask in masks if mask is not None)
    marked = sum(int(np.count_nonzero(mask > 0)) for mask in masks if mask is not None)
    if 0 < marked < size:
        return
    if size == 0:
        found = "no mask of it in any training box"
    else:
        found = f"{marked} of {size} voxels marked"
    raise InputError(
        f"Class {name!r} cannot be learnt from the training boxes",
        found=found,
        expected="some voxels > 0 that mark it, and some that do not",
        fix=f"add a box in which {name!r} is annotated, or leave the class out",
    )
