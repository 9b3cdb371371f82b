"""Parameters of diagnosis."""

from __future__ import annotations

from napari_synapse_debug.domain.params.base import Params, field


class DiagnoseParams(Params):
    """How errors are traced to a stage (docs/errors.md)."""

    oracle_radius_nm: float = field(
        100.0, "Zone radius", "Ball around a true cleft without a mask", unit="nm", gt=0, le=5000
    )
    zone_growth_nm: float = field(
        50.0,
        "Zone growth",
        "How far a mask or ball is grown",
        unit="nm",
        ge=0,
        le=1000,
        advanced=True,
    )
    reach_nm: float = field(
        200.0,
        "Partner reach",
        "Farthest that a true partner may lie from its cleft",
        unit="nm",
        gt=0,
        le=5000,
        advanced=True,
    )
    duplicate_nm: float = field(
        50.0,
        "Duplicate truth",
        "Same pair closer than this is one truth, where ids are missing",
        unit="nm",
        ge=0,
        advanced=True,
    )
    noise_quantile: float = field(
        0.95,
        "Noise floor",
        "Quantile of the peaks on interfaces far from truth",
        ge=0,
        le=1,
        advanced=True,
    )
    counterfactuals: bool = field(
        True, "Prove causes", "Replace the stage by its oracle and run the rest again"
    )
    budget: bool = field(
        False,
        "Error budget",
        "What the score would be with each stage right; takes a second or more for each error",
    )
    seed: int = field(0, "Seed", "Of the interface places of the noise floor", ge=0, advanced=True)
