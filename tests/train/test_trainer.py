"""The number format of a training is one in which the network learns rightly."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_synapse_debug.domain.params import TrainParams
from napari_synapse_debug.domain.roles import ClassSpec, Role
from napari_synapse_debug.networks import choose_dtype, plan_network
from napari_synapse_debug.train import TrainingBox
from napari_synapse_debug.train.sampling import PatchSampler
from napari_synapse_debug.train.trainer import Trainer


@pytest.mark.parametrize(("depth", "is_two_deep"), [(4, True), (8, False)])
def test_a_level_two_voxels_deep_is_trained_in_float32_on_the_cpu(
    depth: int, is_two_deep: bool
) -> None:
    rng = np.random.default_rng(3)
    raw = rng.integers(90, 160, (12, 48, 56)).astype(np.uint8)
    mask = np.zeros(raw.shape, np.uint8)
    mask[3:9, 20:30, 10:24] = 1
    params = TrainParams(patch_vx=(depth, 32, 32), device="cpu", seed=1)
    plan = plan_network([ClassSpec("cleft", Role.SYNAPSE)], (40.0, 8.0, 8.0), [raw], params)
    depths = np.cumprod([stride[0] for stride in plan.strides])
    assert (2 in plan.patch_vx[0] // depths) is is_two_deep
    box = TrainingBox(raw, {"cleft": mask})
    trainer = Trainer(plan, params, None)
    expected = torch.float32 if is_two_deep else choose_dtype(torch.device("cpu"))
    assert trainer.dtype == expected
    sampler = PatchSampler([box], plan, params)
    losses = [trainer.advance(sampler.draw(step), 0.1) for step in range(3)]
    assert np.isfinite(losses).all()
