"""The number format of a training is one in which the network learns rightly."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_synapse_debug.domain.params import TrainParams
from napari_synapse_debug.domain.roles import ClassSpec, Role
from napari_synapse_debug.networks import plan_network
from napari_synapse_debug.train import TrainingBox
from napari_synapse_debug.train import trainer as trainer_module
from napari_synapse_debug.train.sampling import PatchSampler
from napari_synapse_debug.train.trainer import Trainer


@pytest.mark.parametrize("depth", [4, 8])
def test_weights_learn_the_same_in_both_formats(
    depth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With levels that are two voxels deep, whose gradients torch gets wrong, and without.

    A single weight before a batch norm has no gradient but noise, so these are left out.
    """
    rng = np.random.default_rng(3)
    raw = rng.integers(90, 160, (12, 48, 56)).astype(np.uint8)
    mask = np.zeros(raw.shape, np.uint8)
    mask[3:9, 20:30, 10:24] = 1
    params = TrainParams(patch_vx=(depth, 32, 32), device="cpu", seed=1)
    plan = plan_network([ClassSpec("cleft", Role.SYNAPSE)], (40.0, 8.0, 8.0), [raw], params)
    batch = PatchSampler([TrainingBox(raw, {"cleft": mask})], plan, params).draw(0)
    gradients = []
    for chosen in (torch.float32, torch.bfloat16):
        monkeypatch.setattr(trainer_module, "choose_dtype", lambda _device, dtype=chosen: dtype)
        trainer = Trainer(plan, params, None)
        assert trainer.dtype == chosen
        assert np.isfinite(trainer.advance(batch, 0.1))
        weights = [p for p in trainer._network.parameters() if p.ndim == 5 and p[0].numel() > 1]
        gradients.append([weight.grad.flatten() for weight in weights])
    for exact, found in zip(*gradients, strict=True):
        assert torch.isfinite(found).all()
        assert torch.cosine_similarity(exact, found, dim=0) > 0.9
