"""The patches of each step of a training, drawn while the step before is computed on a GPU."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import torch

from napari_synapse_debug.domain.params import TrainParams
from napari_synapse_debug.networks import NetworkPlan
from napari_synapse_debug.train.boxes import TrainingBox
from napari_synapse_debug.train.sampling import Batch, PatchSampler

LATE_FROM = 0.7
"""Part of the training after which the late boxes are learnt from as well."""


class Patches:
    """Patches of the boxes, and late in the training of the late ones as well.

    Beside a GPU a thread draws those of the next step. On a CPU they are drawn when they are asked
    for: the cores are all at work, and a thread would only make them wait for one another.

    Parameters
    ----------
    boxes : sequence of TrainingBox
        Checked ones; some of them may be late.
    plan : NetworkPlan
        Of the network that learns from them.
    params : TrainParams
        As for a ``PatchSampler``.
    device : torch.device
        Where the steps are computed.
    rank : int
        Which of several processes draws.
    """

    def __init__(
        self,
        boxes: Sequence[TrainingBox],
        plan: NetworkPlan,
        params: TrainParams,
        device: torch.device,
        rank: int = 0,
    ) -> None:
        early = [box for box in boxes if not box.is_late]
        self.are_more_late = len(early) < len(boxes)
        self._early = self._late = PatchSampler(early, plan, params, rank)
        if self.are_more_late:
            self._late = PatchSampler(boxes, plan, params, rank)
        self._pool = None if device.type == "cpu" else ThreadPoolExecutor(1, "draw")
        self._ahead: tuple[PatchSampler, int, Future[Batch]] | None = None

    @property
    def thin_classes(self) -> tuple[str, ...]:
        """Names of classes that are drawn thinly in the boxes learnt from at first."""
        return self._early.thin_classes

    def draw(self, step: int, progress: float) -> Batch:
        """The patches of ``step``, at which the part ``progress`` is over."""
        sampler = self._late if progress >= LATE_FROM else self._early
        if self._pool is None:
            return sampler.draw(step)
        if self._ahead is not None and self._ahead[:2] == (sampler, step):
            batch = self._ahead[2].result()
        else:
            batch = sampler.draw(step)
        self._ahead = sampler, step + 1, self._pool.submit(sampler.draw, step + 1)
        return batch
