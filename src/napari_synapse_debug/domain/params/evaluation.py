"""Parameters of evaluation."""

from __future__ import annotations

from typing import Literal

from napari_synapse_debug.domain.params.base import Params, field


class EvaluateParams(Params):
    """How prediction and truth are matched (docs/evaluation.md)."""

    rule: Literal["three_point", "cleft", "overlap"] = field(
        "three_point", "Rule", "What must agree for a match"
    )
    judge: Literal["gt", "in_use", "column", "none"] = field(
        "gt", "Judge of identity", "Where the ids of the points are looked up"
    )
    tolerance_nm: float = field(
        400.0, "Tolerance", "Largest distance of the cleft points", unit="nm", gt=0, le=100000
    )
    snap_nm: float = field(
        30.0,
        "Snap",
        "A point in background takes the nearest segment within this",
        unit="nm",
        ge=0,
        le=1000,
        advanced=True,
    )
    margin_nm: float | None = field(
        None,
        "Margin",
        "Rows this far outside the box take part; empty: the tolerance",
        unit="nm",
        ge=0,
        advanced=True,
    )
    border_nm: float = field(
        0.0,
        "Border",
        "Truth this near the box's faces is not counted",
        unit="nm",
        ge=0,
        advanced=True,
    )
    scope: Literal["complete", "sparse"] = field(
        "complete", "Scope of the truth", "sparse: unmatched predictions are not judged"
    )
    edge_at: tuple[int, ...] = field(
        (1, 5), "Edges at", "Synapses from which a neuron pair counts as connected", advanced=True
    )
    seed: int = field(0, "Seed", "Of the random points of the chance level", ge=0, advanced=True)
