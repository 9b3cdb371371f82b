"""Parameters of evaluation and of the comparison of runs."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import field_validator

from napari_synapse_debug.domain.params.base import Params, field
from napari_synapse_debug.domain.roles import Kind

_FAFB = {"tolerance_nm": 700.0, "use_only": "pre", "redundant_nm": 250.0, "drop_background": True}
"""The published setting for FAFB (Buhmann et al. 2021, Nature Methods 18:771; synful_fafb)."""


def _words(text: str) -> list[str]:
    """The words between commas, each once, in their order."""
    return list(dict.fromkeys(word for part in text.split(",") if (word := part.strip())))


class EvaluateParams(Params):
    """How prediction and truth are matched (docs/evaluation.md)."""

    rule: Literal["three_point", "cleft", "cremi", "synful", "overlap"] = field(
        "three_point", "Rule", "What must agree for a match; cremi and synful are as published"
    )
    judge: Literal["gt", "in_use", "column", "none"] = field(
        "gt", "Judge of identity", "Where the ids of the points are looked up"
    )
    tolerance_nm: float = field(
        400.0, "Tolerance", "Largest distance of the points compared", unit="nm", gt=0, le=100000
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
    scope_kinds: str = field(
        "",
        "Complete kinds",
        "Kinds in which the truth is complete, with commas; predictions of others are not judged",
        advanced=True,
    )
    scope_segments: tuple[int, ...] = field(
        (),
        "Complete neurons",
        "Segments of which all synapses are in the truth; predictions of others are not judged",
        advanced=True,
    )
    edge_at: tuple[int, ...] = field(
        (1, 5), "Edges at", "Synapses from which a neuron pair counts as connected", advanced=True
    )
    overlap_mode: Literal["bare", "liberal", "conservative"] = field(
        "conservative",
        "Overlap pairs",
        "Rule overlap: any shared voxel, the largest share of a prediction, or one-to-one",
        advanced=True,
    )
    synful_preset: Literal["own", "fafb"] = field(
        "own",
        "Synful setting",
        "Rule synful: the values below, or those published for FAFB (T 700 nm, pre only, 250 nm)",
        advanced=True,
    )
    use_only: Literal["both", "pre", "post"] = field(
        "both", "Points", "Rule synful: the points whose distance is compared", advanced=True
    )
    redundant_nm: float = field(
        0.0,
        "Redundant",
        "Rule synful: predictions of a pair whose posts are this near are one; 0: none",
        unit="nm",
        ge=0,
        le=100000,
        advanced=True,
    )
    drop_background: bool = field(
        True, "Without background", "Rule synful: rows with an end in no neuron out", advanced=True
    )
    min_score: float | None = field(
        None,
        "Smallest score",
        "Rule synful: predictions below are left out; empty: none",
        ge=0,
        le=1,
        advanced=True,
    )
    seed: int = field(0, "Seed", "Of the random points of the chance level", ge=0, advanced=True)

    @field_validator("scope_kinds")
    @classmethod
    def _check_kinds(cls, text: str) -> str:
        known = [kind.value for kind in Kind if kind is not Kind.UNKNOWN]
        asked = _words(text)
        if not set(asked) <= set(known):
            raise ValueError(f"kinds are {', '.join(known)}, not {text!r}")
        return ", ".join(asked)

    @property
    def complete_kinds(self) -> frozenset[str]:
        """The kinds in which the truth is complete; empty: all."""
        return frozenset(_words(self.scope_kinds))

    @property
    def is_complete(self) -> bool:
        """Whether the truth holds all synapses, of whatever kind and neuron."""
        return self.scope == "complete" and not self.complete_kinds and not self.scope_segments

    @property
    def scope_told(self) -> str:
        """The scope of the truth in words, as it stands beside each number."""
        parts = [self.scope_kinds] if self.scope_kinds else []
        if self.scope_segments:
            parts.append("neurons " + ", ".join(map(str, self.scope_segments)))
        return f"{self.scope} for {', '.join(parts)}" if parts else self.scope

    @property
    def in_force(self) -> Self:
        """These parameters with the preset of rule ``synful`` filled in, if one is chosen."""
        if self.rule != "synful" or self.synful_preset == "own":
            return self
        return self.model_copy(update=_FAFB)


class CompareParams(Params):
    """How two runs are compared (docs/evaluation.md)."""

    rekey_nm: float = field(
        100.0,
        "Same false synapse",
        "False predictions of both runs this near, of the same pair, are one",
        unit="nm",
        ge=0,
        le=10000,
    )
    draws: int = field(
        2000, "Draws", "Of the bootstrap over clefts", ge=100, le=100000, advanced=True
    )
    seed: int = field(0, "Seed", "Of the bootstrap", ge=0, advanced=True)
