"""Parameters of simulation."""

from __future__ import annotations

from napari_synapse_debug.domain.params.base import Params, field


class SimulateParams(Params):
    """A piece of simulated neuropil."""

    shape_vx: tuple[int, int, int] = field((48, 320, 320), "Shape", "Voxels zyx", unit="voxels")
    voxel_size_nm: tuple[float, float, float] = field(
        (40.0, 8.0, 8.0), "Voxel size", "Edge lengths zyx", unit="nm"
    )
    synapses_per_um3: float = field(7.0, "Synapses", "Density aimed at", unit="1/µm³", gt=0, le=50)
    shaft_fraction: float = field(0.3, "On shafts", "Part of the synapses on shafts", ge=0, le=1)
    planted: int = field(
        0,
        "Planted errors",
        "Of each cause that can be planted, in the evaluation half",
        ge=0,
        le=100,
    )
    seed: int = field(0, "Seed", "Same seed, same volume", ge=0)
