"""A network small enough to be run many times."""

import pytest

from napari_synapse_debug.domain.roles import ClassSpec, Role
from napari_synapse_debug.networks import Intensity, NetworkPlan


@pytest.fixture(scope="session")
def tiny_plan() -> NetworkPlan:
    """Two classes, thick sections, bins of 1 × 2 × 2; strides (1, 4, 4) in all."""
    return NetworkPlan(
        classes=(ClassSpec("cleft", Role.SYNAPSE), ClassSpec("mito", Role.MITOCHONDRION)),
        voxel_size_nm=(40.0, 4.0, 4.0),
        binning=(1, 2, 2),
        patch_vx=(4, 16, 16),
        filters=(4, 8, 8),
        kernels=((1, 3, 3), (1, 3, 3), (3, 3, 3)),
        strides=((1, 1, 1), (1, 2, 2), (1, 2, 2)),
        intensity=Intensity(low=0, high=255, mean=128, std=50),
    )
