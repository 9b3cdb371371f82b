"""Parameters of training again with what was learnt from a review."""

from __future__ import annotations

from typing import Literal

from napari_synapse_debug.domain.params.base import Params, field


class AgainParams(Params):
    """How a model is trained again after a review."""

    minutes: float = field(
        4.0, "Time", "Longest time to train on from the present weights", unit="min", gt=0, le=10000
    )
    hard_fraction: float = field(
        0.3,
        "Hard places",
        "Part of the patches centred on classifier errors that were confirmed, if any lie in "
        "annotated boxes",
        ge=0,
        le=1,
    )
    learn_share: float = field(
        0.0,
        "Learn from the evaluation box",
        "Part of the evaluation box to learn from, with the corrected truth; the rest judges. "
        "0: none of it",
        ge=0,
        le=0.9,
    )
    learning_rate: float = field(
        3e-3,
        "Learning rate",
        "Highest rate of AdamW; lower than from nothing, as the weights know most of it",
        gt=0,
        le=1,
        advanced=True,
    )
    learn_by: Literal["auto", "points", "masks"] = field(
        "auto",
        "Learn by",
        "Targets there: painted from the points, or the project's masks where they are drawn; "
        "auto: masks if they mark the true synapses there",
        advanced=True,
    )
