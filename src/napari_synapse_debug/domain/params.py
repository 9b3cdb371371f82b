"""Parameters of each step: one frozen model feeds the form, the command line and the record.

Every field has a title, a description (one line of help), bounds, and where it has one a unit
(``json_schema_extra={"unit": ...}``); ``advanced`` fields are folded away in forms.
"""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from napari_synapse_debug.domain.errors import InputError


class Params(BaseModel):
    """Base of all parameter models: frozen, and refusing names it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def build(cls, **values: Any) -> Self:
        """These parameters, checked.

        Raises
        ------
        InputError
            A name that does not exist, or a value outside its bounds.
        """
        try:
            return cls(**values)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"])
            raise InputError(
                f"Parameter {name!r} of {cls.__name__} cannot be used",
                found=repr(first.get("input")),
                expected=first["msg"],
                fix="see the parameters and their bounds in docs/parameters.md",
            ) from error


def _field(
    default: Any, title: str, help_: str, *, unit: str = "", advanced: bool = False, **bounds: Any
) -> Any:
    extra: dict[str, JsonValue] = {"unit": unit, "advanced": advanced}
    return Field(default, title=title, description=help_, json_schema_extra=extra, **bounds)


Device = Literal["auto", "cpu", "cuda", "mps"]


class TrainParams(Params):
    """How a classifier is trained."""

    minutes: float = _field(
        4.0, "Time", "Longest time to train; the best weights are kept", unit="min", gt=0, le=10000
    )
    steps: int = _field(100000, "Steps", "Most optimiser steps", ge=1, le=10_000_000, advanced=True)
    size: Literal["small", "base", "large"] = _field(
        "small", "Network size", "small learns fastest, large knows most"
    )
    patch_vx: tuple[int, int, int] | None = _field(
        None,
        "Patch",
        "Training patch zyx after binning; empty: from the voxel size",
        unit="voxels",
        advanced=True,
    )
    binning: tuple[int, int, int] | None = _field(
        None,
        "Binning",
        "Voxels averaged along z, y, x before the network; empty: to about 8 nm",
        unit="voxels",
        advanced=True,
    )
    batch_size: int = _field(2, "Batch", "Patches a step", ge=1, le=256, advanced=True)
    learning_rate: float = _field(
        1e-2, "Learning rate", "Highest rate of AdamW", gt=0, le=1, advanced=True
    )
    foreground_fraction: float = _field(
        0.7,
        "Foreground",
        "Part of the patches centred on an annotated voxel",
        ge=0,
        le=1,
        advanced=True,
    )
    augment: bool = _field(True, "Augment", "Flip, turn, blur, shift and re-light the patches")
    seed: int = _field(0, "Seed", "Same seed, same patches", ge=0, advanced=True)
    device: Device = _field("auto", "Device", "auto takes CUDA, then MPS, then the CPU")


class PredictParams(Params):
    """How a volume is predicted."""

    block_vx: tuple[int, int, int] | None = _field(
        None,
        "Block",
        "Voxels zyx that are written at once; empty: from the network and memory",
        unit="voxels",
        advanced=True,
    )
    device: Device = _field("auto", "Device", "auto takes CUDA, then MPS, then the CPU")
    mirror: bool = _field(
        False,
        "Average mirrored views",
        "Four mirrored predictions averaged; four times slower",
        advanced=True,
    )


class ContactParams(Params):
    """Where two neurons touch."""

    max_gap_nm: float = _field(
        0.0,
        "Largest gap",
        "Neurons this far apart across background count as touching",
        unit="nm",
        ge=0,
        le=1000,
    )
    min_area_nm2: float = _field(
        0.0, "Smallest contact", "Patches of less corrected area are left out", unit="nm²", ge=0
    )
    excluded_segments: tuple[int, ...] = _field(
        (), "Left out", "Segment ids that are no neurons (glia, vessels)", advanced=True
    )
    block_vx: tuple[int, int, int] = _field(
        (64, 256, 256), "Block", "Voxels zyx worked on at once", unit="voxels", advanced=True
    )


class SynapseParams(Params):
    """How candidates become 3-point synapses."""

    threshold: float | None = _field(
        None,
        "Threshold",
        "Smallest probability of a candidate; empty: as calibrated",
        ge=0.0,
        le=1.0,
    )
    min_size_vx: int | None = _field(
        None,
        "Smallest candidate",
        "Smaller ones are dropped; empty: as calibrated",
        unit="voxels",
        ge=0,
    )
    min_overlap_nm2: float = _field(
        2000.0, "Smallest overlap", "Interface that must lie in the candidate", unit="nm²", ge=0
    )
    min_overlap_fraction: float = _field(
        0.0,
        "Smallest share",
        "Part of the candidate's interface that a pair must hold",
        ge=0,
        le=1,
        advanced=True,
    )
    min_score: float = _field(0.0, "Smallest score", "Rows below are dropped", ge=0, le=1)
    polyadic: bool = _field(
        False, "Polyadic", "One pre may have many posts at a cleft (fly); else one pair a cleft"
    )
    depth_nm: float = _field(
        80.0,
        "Depth of points",
        "How far inside their neuron pre and post are placed",
        unit="nm",
        gt=0,
        le=2000,
        advanced=True,
    )
    reach_nm: float = _field(
        20.0,
        "Reach",
        "How far from the candidate an interface still counts as in it",
        unit="nm",
        ge=0,
        le=1000,
        advanced=True,
    )
    duplicate_nm: float = _field(
        100.0,
        "Duplicates",
        "Same ordered pair closer than this is one synapse",
        unit="nm",
        ge=0,
        advanced=True,
    )
    block_vx: tuple[int, int, int] = _field(
        (64, 256, 256), "Block", "Voxels zyx worked on at once", unit="voxels", advanced=True
    )


class EvaluateParams(Params):
    """How prediction and truth are matched (docs/evaluation.md)."""

    rule: Literal["three_point", "cleft", "overlap"] = _field(
        "three_point", "Rule", "What must agree for a match"
    )
    judge: Literal["gt", "in_use", "column", "none"] = _field(
        "gt", "Judge of identity", "Where the ids of the points are looked up"
    )
    tolerance_nm: float = _field(
        400.0, "Tolerance", "Largest distance of the cleft points", unit="nm", gt=0, le=100000
    )
    snap_nm: float = _field(
        30.0,
        "Snap",
        "A point in background takes the nearest segment within this",
        unit="nm",
        ge=0,
        le=1000,
        advanced=True,
    )
    margin_nm: float | None = _field(
        None,
        "Margin",
        "Rows this far outside the box take part; empty: the tolerance",
        unit="nm",
        ge=0,
        advanced=True,
    )
    border_nm: float = _field(
        0.0,
        "Border",
        "Truth this near the box's faces is not counted",
        unit="nm",
        ge=0,
        advanced=True,
    )
    scope: Literal["complete", "sparse"] = _field(
        "complete", "Scope of the truth", "sparse: unmatched predictions are not judged"
    )
    edge_at: tuple[int, ...] = _field(
        (1, 5), "Edges at", "Synapses from which a neuron pair counts as connected", advanced=True
    )
    seed: int = _field(0, "Seed", "Of the random points of the chance level", ge=0, advanced=True)


class DiagnoseParams(Params):
    """How errors are traced to a stage (docs/errors.md)."""

    oracle_radius_nm: float = _field(
        100.0, "Zone radius", "Ball around a true cleft without a mask", unit="nm", gt=0, le=5000
    )
    zone_growth_nm: float = _field(
        50.0,
        "Zone growth",
        "How far a mask or ball is grown",
        unit="nm",
        ge=0,
        le=1000,
        advanced=True,
    )
    reach_nm: float = _field(
        200.0,
        "Partner reach",
        "Farthest that a true partner may lie from its cleft",
        unit="nm",
        gt=0,
        le=5000,
        advanced=True,
    )
    duplicate_nm: float = _field(
        50.0,
        "Duplicate truth",
        "Same pair closer than this is one truth, where ids are missing",
        unit="nm",
        ge=0,
        advanced=True,
    )
    noise_quantile: float = _field(
        0.95,
        "Noise floor",
        "Quantile of the peaks on interfaces far from truth",
        ge=0,
        le=1,
        advanced=True,
    )
    counterfactuals: bool = _field(
        True, "Prove causes", "Replace the stage by its oracle and run the rest again"
    )
    seed: int = _field(0, "Seed", "Of the interface places of the noise floor", ge=0, advanced=True)


class SimulateParams(Params):
    """A piece of simulated neuropil."""

    shape_vx: tuple[int, int, int] = _field((48, 320, 320), "Shape", "Voxels zyx", unit="voxels")
    voxel_size_nm: tuple[float, float, float] = _field(
        (40.0, 8.0, 8.0), "Voxel size", "Edge lengths zyx", unit="nm"
    )
    synapses_per_um3: float = _field(7.0, "Synapses", "Density aimed at", unit="1/µm³", gt=0, le=50)
    shaft_fraction: float = _field(0.3, "On shafts", "Part of the synapses on shafts", ge=0, le=1)
    planted: int = _field(
        0,
        "Planted errors",
        "Of each cause that can be planted, in the evaluation half",
        ge=0,
        le=100,
    )
    seed: int = _field(0, "Seed", "Same seed, same volume", ge=0)
