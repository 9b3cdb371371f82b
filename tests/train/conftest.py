"""A world to learn in seconds: bright balls are clefts, dark ones mitochondria."""

import numpy as np
import pytest

from napari_synapse_debug.domain.roles import ClassSpec, Role
from napari_synapse_debug.networks import Intensity, NetworkPlan
from napari_synapse_debug.train import TrainingBox


@pytest.fixture
def tiny_plan() -> NetworkPlan:
    """Two classes, thick sections, no binning; strides (1, 4, 4) in all."""
    return NetworkPlan(
        classes=(ClassSpec("cleft", Role.SYNAPSE), ClassSpec("mito", Role.MITOCHONDRION)),
        voxel_size_nm=(40.0, 8.0, 8.0),
        binning=(1, 1, 1),
        patch_vx=(4, 32, 32),
        filters=(8, 16, 16),
        kernels=((1, 3, 3), (1, 3, 3), (3, 3, 3)),
        strides=((1, 1, 1), (1, 2, 2), (1, 2, 2)),
        intensity=Intensity(low=0, high=255, mean=120, std=40),
    )


@pytest.fixture
def balls() -> TrainingBox:
    """Six sections of noise with four bright and four dark discs in each."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:48, :56]
    cleft = np.zeros((6, 48, 56), np.uint32)
    mito = np.zeros((6, 48, 56), np.uint8)
    for number in range(8):
        center = (6 + 12 * (number // 2), 12 + 30 * (number % 2))
        disc = (y - center[0]) ** 2 + (x - center[1]) ** 2 < 16
        (cleft if number % 4 in (0, 3) else mito)[:, disc] = 1 + number
    raw = 120 + 80 * (cleft > 0).astype(float) - 80 * (mito > 0) + rng.normal(0, 15, cleft.shape)
    return TrainingBox(raw.clip(0, 255).astype(np.uint8), {"cleft": cleft, "mito": mito})
