"""The error budget: what the score would be with stages put right, drawn as a waterfall."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from napari_synapse_debug.domain.stages import STAGE_HUE, UNEXPLAINED
from napari_synapse_debug.report.figures import FAINT, INK, Chart, as_chart, drawing

_TITLES = (
    "in order: this stage and all before it right",
    "alone: only this stage right",
    "all but one: what this stage costs then",
)


def draw_budget(budget: Mapping[str, Any]) -> Chart:
    """The budget in three panels over F1, a row a stage.

    Left the waterfall: each bar begins where the one before ended, and ends at the F1 with this
    stage and all before it replaced; what is missing to 1 then is ``unexplained``. In the middle
    each stage alone, from the F1 as it is; right what is lost if all stages but this one are
    right. A stage without an oracle is left as it is, and its row hatched; so are the bars of a
    segmentation that was derived from the truth's points, which part any two of them.

    Parameters
    ----------
    budget : mapping
        The content of ``budget.json``.
    """
    stages, start = list(budget["stages"]), float(budget["f1"])
    names = [*(row["stage"] for row in stages), UNEXPLAINED]
    before = [start, *(row["in_order"] for row in stages)]
    panels = (
        [*pairwise(before), (before[-1], 1.0)],
        [(start, row["alone"]) for row in stages],
        [(row["all_but"], 1.0) for row in stages],
    )
    untested = {row["stage"] for row in stages if not row["is_tested"]}
    derived = {row["stage"] for row in stages if row.get("is_derived")}
    with drawing(10.6, 0.36 * len(names) + 1.25) as figure:
        axes = figure.subplots(1, 3, sharey=True, width_ratios=(1.5, 1, 1))
        for axis, title, bars in zip(axes, _TITLES, panels, strict=True):
            is_cost = bars is panels[-1]
            _draw_panel(axis, bars, names, (untested, derived), is_cost=is_cost)
            axis.set_title(title)
            axis.axvline(start, color=INK, linewidth=0.9, linestyle=(0, (4, 2)))
            axis.set_xlabel("F1")
            low, high = _range(panels)
            axis.set_xlim(low, high)
            axis.set_xticks([tick for tick in axis.get_xticks() if low <= tick <= 1])
        for row, (_, end) in enumerate(panels[0][:-1]):
            axes[0].plot((end, end), (row - 0.31, row + 1.31), color=FAINT, linewidth=0.6)
        axes[0].set_yticks(range(len(names)), [name.replace("_", " ") for name in names])
        axes[0].invert_yaxis()
        for axis in axes[1:]:
            axis.tick_params(axis="y", length=0)
        steps = "; ".join(f"{row['stage']} {row['in_order']:.3f}" for row in stages)
        return as_chart(figure, f"Error budget: F1 {start:.3f} as it is; in order {steps}")


def _draw_panel(
    axis: Any,
    bars: list[tuple[float, float]],
    names: list[str],
    marked: tuple[set[str], set[str]],
    *,
    is_cost: bool,
) -> None:
    untested, derived = marked
    for row, (low, high) in enumerate(bars):
        name = names[row]
        width = high - low
        axis.barh(row, width, left=low, height=0.62, color=STAGE_HUE[name], linewidth=0)
        if name in derived:
            hatched = {"facecolor": "none", "edgecolor": "white", "hatch": "////", "linewidth": 0}
            axis.barh(row, width, left=low, height=0.62, **hatched)
        if name in untested:
            hatched = {"facecolor": "none", "edgecolor": FAINT, "hatch": "////", "linewidth": 0}
            axis.axhspan(row - 0.31, row + 0.31, zorder=0, **hatched)
        told = _tell(-width if is_cost else width)
        if name in untested and not is_cost:
            told = "not tested"
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
        axis.annotate(
            told,
            (max(low, high), row),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            bbox=box,
            annotation_clip=False,
        )


def _tell(change: float) -> str:
    return f"{change:+.3f}".replace("-", "−") if abs(change) >= 5e-4 else "0"


def _range(panels: tuple[list[tuple[float, float]], ...]) -> tuple[float, float]:
    """From a little below the lowest bar to 1, with room for the figures beside the bars."""
    low = min(min(pair) for bars in panels for pair in bars)
    low = max(0.0, low - 0.06 * (1 - low) - 0.005)
    return low, 1 + 0.24 * (1 - low)
