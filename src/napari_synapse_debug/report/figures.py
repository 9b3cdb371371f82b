"""What all figures of the page share: their look, and how they become part of it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

INK = "#222222"
FAINT = "#8a8a8a"

_LOOK = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "hatch.linewidth": 0.6,
    "svg.fonttype": "path",
    "svg.hashsalt": "napari-synapse-debug",
}


@dataclass(frozen=True)
class Chart:
    """A figure of the page.

    Parameters
    ----------
    svg : str
        The figure; the same numbers give the same text.
    told : str
        What it shows, for those who cannot see it.
    """

    svg: str
    told: str


@contextmanager
def drawing(width_in: float, height_in: float) -> Iterator[Figure]:
    """A figure in the look of the page, not bound to any window."""
    with rc_context(_LOOK):
        yield Figure(figsize=(width_in, height_in), layout="constrained")


def as_chart(figure: Any, told: str) -> Chart:
    """The finished figure; to be called while ``drawing`` lasts."""
    buffer = io.StringIO()
    figure.savefig(
        buffer, format="svg", metadata={"Date": None}, bbox_inches="tight", pad_inches=0.06
    )
    return Chart(buffer.getvalue(), told)
