from __future__ import annotations

import numpy as np
import pytest

from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.params import SimulateParams
from napari_synapse_debug.simulate import Neuropil, Planted, plant_errors, simulate_neuropil

PARAMS = SimulateParams(shape_vx=(24, 160, 180), synapses_per_um3=8, seed=0)
"""0.96 × 1.28 × 1.44 µm: about a dozen synapses of both kinds."""


@pytest.fixture(scope="session")
def params() -> SimulateParams:
    return PARAMS


@pytest.fixture(scope="session")
def neuropil() -> Neuropil:
    return simulate_neuropil(PARAMS)


@pytest.fixture(scope="session")
def planted(neuropil: Neuropil) -> Planted:
    return plant_errors(neuropil, 1, Box.of_shape(PARAMS.shape_vx), np.random.default_rng(4))
