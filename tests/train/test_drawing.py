from __future__ import annotations

import dataclasses
import threading

import numpy as np
import pytest
import torch

from napari_synapse_debug.domain.params import TrainParams
from napari_synapse_debug.train.drawing import LATE_FROM, Patches
from napari_synapse_debug.train.sampling import PatchSampler

PARAMS = TrainParams(batch_size=1, seed=3)
DRAWS = [(0, 0.0), (1, 0.2), (1, 0.2), (5, 0.5), (6, LATE_FROM), (7, 0.9)]
"""Steps and progress: one twice, some left out, the late boxes from the fifth on."""


@pytest.fixture
def boxes(balls):
    late = dataclasses.replace(balls, raw=np.ascontiguousarray(255 - balls.raw), is_late=True)
    return [balls, late]


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_each_step_has_its_own_patches_whether_drawn_ahead_or_not(boxes, tiny_plan, device):
    """Nothing is computed on the device, so that it need not be there."""
    early = PatchSampler(boxes[:1], tiny_plan, PARAMS)
    both = PatchSampler(boxes, tiny_plan, PARAMS)
    patches = Patches(boxes, tiny_plan, PARAMS, torch.device(device))
    assert patches.are_more_late
    for step, progress in DRAWS:
        wanted = (both if progress >= LATE_FROM else early).draw(step)
        found = patches.draw(step, progress)
        for name in ("raw", "target", "weight"):
            torch.testing.assert_close(getattr(found, name), getattr(wanted, name), rtol=0, atol=0)


def test_beside_a_gpu_the_next_step_is_drawn_by_another_thread(boxes, tiny_plan, monkeypatch):
    calls = []
    draw = PatchSampler.draw

    def noted(sampler, step):
        calls.append((step, threading.current_thread() is threading.main_thread()))
        return draw(sampler, step)

    monkeypatch.setattr(PatchSampler, "draw", noted)
    patches = Patches(boxes, tiny_plan, PARAMS, torch.device("cuda"))
    for step in range(3):
        patches.draw(step, 0.1)
    patches._pool.shutdown()
    assert calls == [(0, True), (1, False), (2, False), (3, False)]
