"""Parameters of prediction."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import field_validator, model_validator

from napari_synapse_debug.domain.params.base import Device, Params, at_least_one, field

Views = Literal["one", "mirrored", "turned", "all"]
"""Views of the data that are averaged: one as it is, 4 mirrored in y and x, 8 with quarter
turns, 16 with those mirrored in z."""


class PredictParams(Params):
    """How a volume is predicted."""

    _check_voxels = field_validator("block_vx")(at_least_one)

    box: str | None = field(
        None,
        "Box",
        "Voxels z0:z1,y0:y1,x0:x1 to predict; empty: the whole volume",
    )
    within: str | None = field(
        None,
        "Within",
        "A mask FILE[:DATASET] on the raw grid; outside of it nothing is predicted",
        advanced=True,
    )
    block_vx: tuple[int, int, int] | None = field(
        None,
        "Block",
        "Voxels zyx that are written at once; empty: from the network and memory",
        unit="voxels",
        advanced=True,
    )
    device: Device = field("auto", "Device", "auto takes CUDA, then MPS, then the CPU")
    views: Views = field(
        "one",
        "Averaged views",
        "mirrored: 4 views, as much slower; turned: 8, for square pixels; all: 16",
        advanced=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _read_mirror(cls, values: Any) -> Any:
        """Read the switch ``mirror`` of projects that were saved before there were ``views``."""
        if not isinstance(values, dict) or "mirror" not in values:
            return values
        others = {name: value for name, value in values.items() if name != "mirror"}
        return {**others, "views": "mirrored"} if values["mirror"] else others
