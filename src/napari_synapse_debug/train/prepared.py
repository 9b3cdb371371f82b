"""Training boxes as the network sees them, and where in them its classes are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_synapse_debug.domain.grid import Triple
from napari_synapse_debug.networks import (
    NetworkPlan,
    mirror_to_multiple,
    prepare_mask,
    prepare_raw,
)
from napari_synapse_debug.train.boxes import TrainingBox

_MOST_PLACES = 400_000

_HALF = 128
"""Of 255: a bin of which half is of the class."""

_FEW = 0.05
"""Of the bins with some of a class: where fewer are at least half of it, it is thin."""


@dataclass(frozen=True, eq=False)
class PreparedBox:
    """A box binned and normalised.

    Parameters
    ----------
    raw : Tensor
        (1, z, y, x) float32.
    masks : Tensor
        (class, z, y, x) uint8, 255 where all of a bin is in the class.
    is_known : array
        (class,) bool: whether the class was annotated in the box.
    unknown : Tensor or None
        As ``masks``, 255 where all of a bin is ignored; None where nothing is.
    hard_places : array
        (N, 4) float64: z, y, x of a bin, and a weight.
    """

    raw: Tensor
    masks: Tensor
    is_known: NDArray[np.bool_]
    unknown: Tensor | None
    hard_places: NDArray[np.float64]

    @property
    def shape(self) -> Triple:
        """Binned voxels along z, y, x."""
        return self.raw.shape[1], self.raw.shape[2], self.raw.shape[3]

    @property
    def annotated_vx(self) -> float:
        """Binned voxels whose truth is known, summed over the classes."""
        known = float(self.is_known.sum()) * self.raw.numel()
        return known if self.unknown is None else known - float(self.unknown.sum()) / 255


def prepare_box(box: TrainingBox, plan: NetworkPlan) -> PreparedBox:
    """``box`` as the network of ``plan`` sees it; mirrored up to whole bins."""
    raw = prepare_raw(mirror_to_multiple(box.raw, plan.binning), plan)
    masks, is_known = [], []
    for spec in plan.classes:
        mask = box.masks.get(spec.name)
        is_known.append(mask is not None)
        if mask is None:
            masks.append(np.zeros(raw.shape, np.uint8))
        else:
            masks.append(prepare_mask(mirror_to_multiple(mask, plan.binning), plan))
    return PreparedBox(
        torch.from_numpy(raw)[None],
        torch.from_numpy(np.stack(masks)),
        np.array(is_known),
        _prepare_unknown(box, plan),
        box.hard_places / [*plan.binning, 1],
    )


def find_places(boxes: Sequence[PreparedBox], classes: int) -> list[NDArray[np.int64]]:
    """For each class voxels that are in it, (N, 4) int64: box, z, y, x.

    These are bins at least half of which are of the class, or of a thin class those with some of
    it (``is_thin``). All boxes are thinned alike, so that each counts by the voxels of the class
    in it.
    """
    places = []
    for number in range(classes):
        least = 1 if is_thin(boxes, number) else _HALF
        found = [np.flatnonzero(box.masks[number].numpy() >= least) for box in boxes]
        step = max(1, sum(len(voxels) for voxels in found) // _MOST_PLACES)
        rows = []
        for index, (box, voxels) in enumerate(zip(boxes, found, strict=True)):
            zyx = np.stack(np.unravel_index(voxels[::step], box.shape), axis=1)
            rows.append(np.insert(zyx, 0, index, axis=1))
        places.append(np.concatenate(rows))
    return places


def is_thin(boxes: Sequence[PreparedBox], number: int) -> bool:
    """Whether a class is drawn so thinly that hardly any bin is at least half of it."""
    masks = [box.masks[number].numpy() for box in boxes]
    some = sum(np.count_nonzero(mask) for mask in masks)
    half = sum(np.count_nonzero(mask >= _HALF) for mask in masks)
    return bool(half < _FEW * some)


def _prepare_unknown(box: TrainingBox, plan: NetworkPlan) -> Tensor | None:
    if not any(unknown.any() for unknown in box.ignored.values()):
        return None
    nothing = np.zeros(box.raw.shape, np.bool_)
    unknown = [
        prepare_mask(mirror_to_multiple(box.ignored.get(spec.name, nothing), plan.binning), plan)
        for spec in plan.classes
    ]
    return torch.from_numpy(np.stack(unknown))
