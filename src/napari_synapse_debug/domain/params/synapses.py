"""Parameters of synapses."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator

from napari_synapse_debug.domain.params.base import Params, at_least_one, field


class SynapseParams(Params):
    """How candidates become 3-point synapses."""

    _check_voxels = field_validator("block_vx")(at_least_one)

    threshold: float | None = field(
        None,
        "Threshold",
        "Smallest probability of a candidate; empty: as calibrated",
        ge=0.0,
        le=1.0,
    )
    high_threshold: float | None = field(
        None,
        "Peak needed",
        "A candidate must reach this probability somewhere; empty: the threshold is enough",
        ge=0.0,
        le=1.0,
        advanced=True,
    )
    split_touching: bool = field(
        False,
        "Split joined clefts",
        "Cut candidates of several peaks by a watershed on the probability",
        advanced=True,
    )
    min_size_vx: int | None = field(
        None,
        "Smallest candidate",
        "Smaller ones are dropped; empty: as calibrated",
        unit="voxels",
        ge=0,
    )
    min_overlap_nm2: float = field(
        2000.0, "Smallest overlap", "Interface that must lie in the candidate", unit="nm²", ge=0
    )
    min_overlap_fraction: float = field(
        0.0,
        "Smallest share",
        "Part of the candidate's interface that a pair must hold",
        ge=0,
        le=1,
        advanced=True,
    )
    min_score: float | None = field(
        None,
        "Smallest score",
        "Rows below are dropped; empty: as learnt with the partners, or none by the rule",
        ge=0,
        le=1,
    )
    partners: Literal["auto", "model", "rule"] = field(
        "auto",
        "Partners by",
        "auto: a model of the true synapses of the training boxes, or the rule where they are few",
    )
    polyadic: bool = field(
        False, "Polyadic", "One pre may have many posts at a cleft (fly); else one pair a cleft"
    )
    depth_nm: float = field(
        80.0,
        "Depth of points",
        "How far inside their neuron pre and post are placed",
        unit="nm",
        gt=0,
        le=2000,
        advanced=True,
    )
    reach_nm: float = field(
        20.0,
        "Reach",
        "How far from the candidate an interface still counts as in it",
        unit="nm",
        ge=0,
        le=1000,
        advanced=True,
    )
    duplicate_nm: float = field(
        100.0,
        "Duplicates",
        "Same ordered pair closer than this is one synapse",
        unit="nm",
        ge=0,
        advanced=True,
    )
    soma_radius_nm: float = field(
        1500.0,
        "Radius of a soma",
        "Posts where a ball of this radius fits into the neuron are on somata; 0: none",
        unit="nm",
        ge=0,
        le=20000,
        advanced=True,
    )
    live_levels: int = field(
        1,
        "Live thresholds",
        "Thresholds on either side, 0.1 apart, prepared for the window; each takes as long again",
        ge=0,
        le=8,
        advanced=True,
    )
    block_vx: tuple[int, int, int] = field(
        (64, 256, 256), "Block", "Voxels zyx worked on at once", unit="voxels", advanced=True
    )
