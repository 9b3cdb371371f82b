"""Patches drawn from training boxes, as many of each class as wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from napari_synapse_debug.domain.grid import Triple
from napari_synapse_debug.domain.params import TrainParams
from napari_synapse_debug.networks import NetworkPlan
from napari_synapse_debug.train.boxes import TrainingBox
from napari_synapse_debug.train.patches import cut_patch
from napari_synapse_debug.train.prepared import PreparedBox, find_places, is_thin, prepare_box
from napari_synapse_debug.train.relight import relight
from napari_synapse_debug.train.warp import Turn, Warp, identity_warp, random_warp

_SYNAPSE_CHANCE = 3.0
"""How much more often a patch is centred on a synapse class than on another one."""

_UNKNOWN_FROM = 64
"""Of 255: a voxel of which a quarter is ignored is ignored."""


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

    A patch is centred on a hard place, on a voxel of a class, or anywhere; a box is chosen by
    its voxels of the class, or by its annotated voxels. A box smaller than the patch is
    mirrored, and the mirror image has the weight 0.

    Parameters
    ----------
    boxes : sequence of TrainingBox
        Checked ones.
    plan : NetworkPlan
        Classes, binning, intensity and patch.
    params : TrainParams
        Batch size, share of foreground, augmentation and seed.
    rank : int
        Which of several processes draws; each draws its own patches of the same step.
    """

    def __init__(
        self,
        boxes: Sequence[TrainingBox],
        plan: NetworkPlan,
        params: TrainParams,
        rank: int = 0,
    ) -> None:
        self._plan = plan
        self._params = params
        self._first = rank * params.batch_size
        self._boxes = [prepare_box(box, plan) for box in boxes]
        annotated = np.array([box.annotated_vx for box in self._boxes])
        self._box_chances = annotated / annotated.sum()
        self._places = find_places(self._boxes, len(plan.classes))
        chances = np.array(
            [_SYNAPSE_CHANCE if spec.role.is_synapse else 1.0 for spec in plan.classes]
        ) * np.array([len(places) > 0 for places in self._places])
        self._class_chances = chances / chances.sum() if chances.any() else chances
        self._hard = [
            (number, *place) for number, box in enumerate(self._boxes) for place in box.hard_places
        ]
        weights = np.array([weight for *_, weight in self._hard])
        self._hard_chances = weights / weights.sum()

    @property
    def thin_classes(self) -> tuple[str, ...]:
        """Names of classes drawn so thinly that patches are centred on any bin with some of it."""
        classes = enumerate(self._plan.classes)
        return tuple(spec.name for number, spec in classes if is_thin(self._boxes, number))

    def draw(self, step: int) -> Batch:
        """The patches of ``step``."""
        size, classes = self._params.batch_size, len(self._plan.classes)
        raw = torch.empty(size, 1, *self._plan.patch_vx)
        target = torch.empty(size, classes, *self._plan.patch_vx)
        weight = torch.empty_like(target)
        for number in range(size):
            rng = np.random.default_rng([self._params.seed, step, self._first + number])
            box, center = self._choose_center(rng)
            warp = self._choose_warp(rng)
            self._cut(box, center, warp, rng, (raw[number], target[number], weight[number]))
        return Batch(raw, target, weight)

    def _cut(
        self,
        box: PreparedBox,
        center: Triple,
        warp: Warp | Turn,
        rng: np.random.Generator,
        out: tuple[Tensor, Tensor, Tensor],
    ) -> None:
        """Fill ``out`` (raw, target, weight of one patch)."""
        raw, target, weight = out
        masks, classes = [box.masks], len(box.is_known)
        if box.unknown is not None:
            masks.append(box.unknown)
        values, is_inside = cut_patch((box.raw, *masks), center, warp)
        raw[0] = values[0]
        if self._params.augment:
            raw[0] = torch.from_numpy(relight(raw[0].numpy(), rng))
        torch.clamp(values[1 : 1 + classes].div_(255), 0, 1, out=target)
        weight[:] = is_inside
        if not box.is_known.all():
            weight[torch.from_numpy(~box.is_known)] = 0
        if box.unknown is not None:
            weight[values[1 + classes :] >= _UNKNOWN_FROM] = 0

    def _choose_warp(self, rng: np.random.Generator) -> Warp | Turn:
        if not self._params.augment:
            return identity_warp(self._plan.patch_vx)
        edges = zip(self._plan.voxel_size_nm, self._plan.binning, strict=True)
        z, y, x = (size * bins for size, bins in edges)
        return random_warp(self._plan.patch_vx, (z, y, x), rng)

    def _choose_center(self, rng: np.random.Generator) -> tuple[PreparedBox, Triple]:
        if self._hard and rng.random() < self._params.hard_fraction:
            number, *place, _ = self._hard[rng.choice(len(self._hard), p=self._hard_chances)]
            box = self._boxes[number]
        elif self._class_chances.any() and rng.random() < self._params.foreground_fraction:
            places = self._places[rng.choice(len(self._places), p=self._class_chances)]
            number, *place = places[rng.integers(len(places))]
            box = self._boxes[number]
        else:
            box = self._boxes[rng.choice(len(self._boxes), p=self._box_chances)]
            place = [rng.integers(n) for n in box.shape]
        jittered = [
            int(c) + int(rng.integers(-(n // 4), n // 4 + 1))
            for c, n in zip(place, self._plan.patch_vx, strict=True)
        ]
        z, y, x = (
            min(max(c, n // 2), size - n + n // 2) if size >= n else size // 2
            for c, n, size in zip(jittered, self._plan.patch_vx, box.shape, strict=True)
        )
        return box, (z, y, x)
