"""Parameters of prediction."""

from __future__ import annotations

from napari_synapse_debug.domain.params.base import Device, Params, field


class PredictParams(Params):
    """How a volume is predicted."""

    block_vx: tuple[int, int, int] | None = field(
        None,
        "Block",
        "Voxels zyx that are written at once; empty: from the network and memory",
        unit="voxels",
        advanced=True,
    )
    device: Device = field("auto", "Device", "auto takes CUDA, then MPS, then the CPU")
    mirror: bool = field(
        False,
        "Average mirrored views",
        "Four mirrored predictions averaged; four times slower",
        advanced=True,
    )
