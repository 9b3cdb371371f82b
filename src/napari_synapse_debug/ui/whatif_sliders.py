"""The sliders of What if: what they stand for, and the values that they stop at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from napari_synapse_debug.domain.params import ContactParams, SynapseParams

GAP = "max_gap_nm"
"""The parameter of contacts that has a slider."""

_STOPS = 40


class Outlook(Protocol):
    """What the synapses would be; see ``pipeline.whatif.Outlook``."""

    @property
    def synapses(self) -> Any:
        """The synapses, a table."""

    @property
    def tp(self) -> int | None:
        """Those that match a truth."""

    @property
    def fn(self) -> int | None:
        """Truths that are missed."""

    @property
    def fp(self) -> int | None:
        """False ones; None under a sparse truth."""

    @property
    def f1(self) -> float | None:
        """The score; None without truth, and under a sparse one."""

    @property
    def matches(self) -> Any:
        """Matches of truth and synapses, a table; None without truth."""


class WhatIf(Protocol):
    """The tables of a run, prepared; see ``pipeline.whatif.WhatIf``."""

    @property
    def params(self) -> SynapseParams:
        """As the run used them."""

    @property
    def thresholds(self) -> tuple[float, ...]:
        """Those that are prepared, rising."""

    @property
    def smallest_vx(self) -> int:
        """Candidates from this size on are prepared."""

    @property
    def contacts(self) -> ContactParams:
        """As the run used them."""

    @property
    def gaps(self) -> tuple[float, ...]:
        """Those that are prepared (nm), rising, that of the run among them."""

    @property
    def gaps_left(self) -> tuple[float, ...]:
        """Those that can be prepared still (nm)."""

    @property
    def is_learnt(self) -> bool:
        """Whether a model of the run tells the partners."""

    def derive(self, params: SynapseParams, gap_nm: float | None = None) -> Outlook:
        """The synapses and the score under ``params`` and a gap."""


class Field:
    """A slider: its title, help, unit and type."""

    def __init__(
        self, title: str, help_text: str, unit: str, kind: Callable[[float], float]
    ) -> None:
        self.title, self.help, self.unit, self.kind = title, help_text, unit, kind

    def text(self, value: float) -> str:
        """``value`` with its unit."""
        number = f"{value:,.4g}" if self.unit == "nm" else f"{value:,.0f}"
        number = number if self.unit else f"{value:.2f}"
        return f"{number} {self.unit}".strip()


FIELDS = {
    "threshold": Field("Threshold", "Smallest probability of a candidate", "", float),
    "min_size_vx": Field("Smallest candidate", "Smaller ones are dropped", "voxels", int),
    "min_overlap_nm2": Field(
        "Smallest overlap", "Interface that must lie in the candidate", "nm²", float
    ),
    "min_score": Field("Smallest score", "Synapses below are dropped", "", float),
    GAP: Field("Largest gap", "Neurons this far apart across background touch", "nm", float),
}
"""By parameter; all but the gap are of the step ``synapses``."""


def slider_stops(whatif: WhatIf) -> dict[str, Sequence[float]]:
    """The values that each slider stops at, rising; those of the run are among them."""
    params = whatif.params
    size, overlap = float(params.min_size_vx or 0), params.min_overlap_nm2
    sizes = {float(whatif.smallest_vx), size}
    sizes |= {float(v) for v in np.geomspace(max(1, whatif.smallest_vx), 20 * (size + 10), _STOPS)}
    overlaps = {0.0, overlap, *np.geomspace(100, 20 * (overlap + 1000), _STOPS).tolist()}
    scores = {params.min_score or 0.0, *np.linspace(0, 1, 101).tolist()}
    return {
        "threshold": whatif.thresholds,
        "min_size_vx": sorted({float(int(v)) for v in sizes if v >= whatif.smallest_vx}),
        "min_overlap_nm2": sorted(overlaps),
        "min_score": sorted(scores),
        GAP: whatif.gaps,
    }
