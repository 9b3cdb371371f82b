"""Patches drawn from training boxes, as many of each class as wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import grid_sample

from napari_synapse_debug.domain.grid import Triple
from napari_synapse_debug.domain.params import TrainParams
from napari_synapse_debug.networks import (
    NetworkPlan,
    mirror_to_multiple,
    prepare_mask,
    prepare_raw,
)
from napari_synapse_debug.train.boxes import TrainingBox
from napari_synapse_debug.train.relight import relight
from napari_synapse_debug.train.warp import Warp, identity_warp, random_warp

_MOST_PLACES = 200_000


@dataclass(frozen=True, eq=False)
class Batch:
    """Patches of one step: float32 on the CPU.

    Parameters
    ----------
    raw : Tensor
        (batch, 1, z, y, x).
    target : Tensor
        (batch, class, z, y, x), 0 to 1.
    weight : Tensor
        As ``target``: 1 where the truth is known, 0 where it is to be ignored.
    """

    raw: Tensor
    target: Tensor
    weight: Tensor


class PatchSampler:
    """Random patches of some boxes; the same ``seed`` and ``step`` give the same patches.

    Parameters
    ----------
    boxes : sequence of TrainingBox
        Checked ones.
    plan : NetworkPlan
        Classes, binning, intensity and patch.
    params : TrainParams
        Batch size, share of foreground, augmentation and seed.
    """

    def __init__(
        self, boxes: Sequence[TrainingBox], plan: NetworkPlan, params: TrainParams
    ) -> None:
        self._plan = plan
        self._params = params
        self._boxes = [_prepare(box, plan) for box in boxes]
        self._volumes = np.array([box.raw.numel() for box in self._boxes], float)
        self._places = _find_places(self._boxes, len(plan.classes))
        chances = np.array([3.0 if spec.role.is_synapse else 1.0 for spec in plan.classes])
        self._class_chances = chances / chances.sum()

    def draw(self, step: int) -> Batch:
        """The patches of ``step``."""
        patches = []
        for number in range(self._params.batch_size):
            rng = np.random.default_rng([self._params.seed, step, number])
            patches.append(self._draw_one(rng))
        raw, target, weight = (torch.stack(parts) for parts in zip(*patches, strict=True))
        return Batch(raw, target, weight)

    def _draw_one(self, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        shape = self._plan.patch_vx
        box, center = self._choose_center(rng)
        if self._params.augment:
            edges = zip(self._plan.voxel_size_nm, self._plan.binning, strict=True)
            z, y, x = (size * bins for size, bins in edges)
            warp = random_warp(shape, (z, y, x), rng)
        else:
            warp = identity_warp(shape)
        values, is_inside = cut_patch((box.raw, box.masks), center, warp)
        raw = values[0].numpy()
        if self._params.augment:
            raw = relight(raw, rng)
        known = torch.from_numpy(box.is_known)[:, None, None, None] & is_inside
        return torch.from_numpy(raw)[None], (values[1:] / 255).clamp(0, 1), known.float()

    def _choose_center(self, rng: np.random.Generator) -> tuple[_Prepared, Triple]:
        if rng.random() < self._params.foreground_fraction:
            places = self._places[rng.choice(len(self._places), p=self._class_chances)]
            number, *place = places[rng.integers(len(places))]
            box = self._boxes[number]
        else:
            box = self._boxes[rng.choice(len(self._boxes), p=self._volumes / self._volumes.sum())]
            place = [rng.integers(n) for n in box.shape]
        jittered = [
            int(c + rng.integers(-(n // 4), n // 4 + 1))
            for c, n in zip(place, self._plan.patch_vx, strict=True)
        ]
        z, y, x = (
            min(max(c, n // 2), size - n + n // 2) if size >= n else size // 2
            for c, n, size in zip(jittered, self._plan.patch_vx, box.shape, strict=True)
        )
        return box, (z, y, x)


@dataclass(frozen=True, eq=False)
class _Prepared:
    """A box as the network sees it: raw (1, z, y, x) float32, masks (class, z, y, x) uint8."""

    raw: Tensor
    masks: Tensor
    is_known: NDArray[np.bool_]

    @property
    def shape(self) -> Triple:
        return self.raw.shape[1], self.raw.shape[2], self.raw.shape[3]


def cut_patch(volumes: Sequence[Tensor], center: Triple, warp: Warp) -> tuple[Tensor, Tensor]:
    """The patch of ``volumes`` at ``center`` under ``warp``, and where it lies inside.

    Parameters
    ----------
    volumes : sequence of Tensor
        (channel, Z, Y, X) of one size, any real dtype. Beyond their faces they are mirrored.
    center : tuple of int
        zyx, voxels.
    warp : Warp
        Of a patch (z, y, x).

    Returns
    -------
    values : Tensor
        (channels of all volumes, z, y, x) float32; bilinear in y and x.
    is_inside : Tensor
        (z, y, x) bool: false for mirrored voxels.
    """
    depth, height, width = volumes[0].shape[1:]
    sections = warp.sections + center[0]
    y = warp.offsets[..., 0] + np.float32(center[1])
    x = warp.offsets[..., 1] + np.float32(center[2])
    top, bottom = _window(y, height)
    left, right = _window(x, width)
    within = _mirror(sections, depth)
    window = torch.cat([v[:, within, top:bottom, left:right].float() for v in volumes])
    grid = np.stack(
        [(2 * (x - left) + 1) / (right - left) - 1, (2 * (y - top) + 1) / (bottom - top) - 1],
        axis=-1,
    )
    values = grid_sample(
        window.transpose(0, 1),
        torch.from_numpy(grid.astype(np.float32)),
        mode="bilinear",
        padding_mode="reflection",
        align_corners=False,
    ).transpose(0, 1)
    is_inside = (y > -0.5) & (y < height - 0.5) & (x > -0.5) & (x < width - 0.5)
    is_inside &= ((sections >= 0) & (sections < depth))[:, None, None]
    return values, torch.from_numpy(is_inside)


def _window(positions: NDArray[np.float32], size: int) -> tuple[int, int]:
    """First and last + 1 index in [0, size) that are needed to look up ``positions``."""
    first = min(max(int(np.floor(positions.min())), 0), size - 1)
    last = min(max(int(np.ceil(positions.max())) + 1, first + 1), size)
    return first, last


def _mirror(indices: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Indices folded into [0, size) as by mirrors on the outer voxels' far sides."""
    folded = indices % (2 * size)
    return np.where(folded < size, folded, 2 * size - 1 - folded)


def _prepare(box: TrainingBox, plan: NetworkPlan) -> _Prepared:
    raw = prepare_raw(mirror_to_multiple(box.raw, plan.binning), plan)
    masks, is_known = [], []
    for spec in plan.classes:
        mask = box.masks.get(spec.name)
        is_known.append(mask is not None)
        if mask is None:
            masks.append(np.zeros(raw.shape, np.uint8))
        else:
            masks.append(prepare_mask(mirror_to_multiple(mask, plan.binning), plan))
    return _Prepared(
        torch.from_numpy(raw)[None], torch.from_numpy(np.stack(masks)), np.array(is_known)
    )


def _find_places(boxes: Sequence[_Prepared], classes: int) -> list[NDArray[np.int64]]:
    """For each class the voxels that are in it, (N, 4): box, z, y, x."""
    places = []
    for number in range(classes):
        found = []
        for index, box in enumerate(boxes):
            voxels = np.flatnonzero(box.masks[number].numpy() >= 128)
            voxels = voxels[:: max(1, len(voxels) // _MOST_PLACES)]
            zyx = np.stack(np.unravel_index(voxels, box.shape), axis=1)
            found.append(np.insert(zyx, 0, index, axis=1))
        places.append(np.concatenate(found))
    return places
