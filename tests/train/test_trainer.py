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


def test_the_average_is_of_the_last_steps() -> None:
    """After step k it goes 1 / (1 + (k - 1) / 4) of the way to the weights; counts are cut."""
    rng = np.random.default_rng(3)
    raw = rng.integers(90, 160, (6, 40, 40)).astype(np.uint8)
    mask = np.zeros(raw.shape, np.uint8)
    mask[2:4, 10:20, 10:24] = 1
    params = TrainParams(patch_vx=(4, 32, 32), device="cpu", batch_size=1)
    plan = plan_network((ClassSpec("cleft", Role.SYNAPSE),), (40.0, 8.0, 8.0), [raw], params)
    sampler = PatchSampler([TrainingBox(raw, {"cleft": mask})], plan, params)
    one = Trainer(plan, params, None)
    expected: dict[str, torch.Tensor] = {}
    for step in range(6):
        one.advance(sampler.draw(step), 0.1)
        for name, new in one.state(0.0).weights.items():
            old = expected.get(name, new)
            moved = old + (new - old) / (1 + step / 4)
            expected[name] = moved if new.is_floating_point() else moved.to(new.dtype)
    found = one.averaged().weights
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-5, atol=1e-6)


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
