"""Precision over recall, with the point that the run stands at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from napari_synapse_debug.report.figures import FAINT, INK, Chart, as_chart, drawing

_LINE = "#0072B2"
_LEVELS = (0.2, 0.4, 0.6, 0.8, 0.9)


def draw_curve(evaluation: Mapping[str, Any]) -> Chart | None:
    """The precision–recall curve; None where there is none (no precision, or no scores).

    Parameters
    ----------
    evaluation : mapping
        The content of ``evaluation.json``.
    """
    curve = evaluation.get("curve") or {"points": []}
    defined = [point for point in curve["points"] if _is_defined(point)]
    if not defined or not _is_defined(evaluation):
        return None
    recall = [point["recall"] for point in defined]
    precision = [point["precision"] for point in defined]
    here = (evaluation["recall"], evaluation["precision"])
    with drawing(4.6, 4.1) as figure:
        axis = figure.subplots()
        _draw_levels(axis)
        axis.plot(recall, precision, color=_LINE, linewidth=1.6, marker=".", markersize=4)
        axis.plot(*here, "o", color=INK, markersize=8, markerfacecolor="none", markeredgewidth=1.8)
        side = -1 if here[0] > 0.6 else 1
        axis.annotate(
            f"this run: P {here[1]:.2f}, R {here[0]:.2f}",
            here,
            xytext=(10 * side, -16),
            textcoords="offset points",
            ha="right" if side < 0 else "left",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.85},
        )
        axis.set(xlim=(0, 1.02), ylim=(0, 1.02), xlabel="recall", ylabel="precision")
        axis.set_title(_title(curve))
        told = f"Precision over recall; this run at P {here[1]:.3f} R {here[0]:.3f}"
        return as_chart(figure, told)


def _is_defined(point: Mapping[str, Any]) -> bool:
    return point["precision"] is not None and point["recall"] is not None


def _title(curve: Mapping[str, Any]) -> str:
    if curve["area"] is None or len(curve["points"]) < 2:
        return "no scores: a single point"
    return f"area {curve['area']:.3f} · best F1 {curve['best_f1']:.3f} (optimistic: chosen here)"


def _draw_levels(axis: Any) -> None:
    """Faint lines of equal F1."""
    for f1 in _LEVELS:
        recall = np.linspace(f1 / (2 - f1), 1, 60)
        axis.plot(recall, f1 * recall / (2 * recall - f1), color="#dddddd", linewidth=0.8, zorder=0)
        end = f1 / (2 - f1)
        box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
        told = f"F1 {f1:g}"
        axis.text(1.0, end, told, fontsize=7, color=FAINT, ha="right", va="center", bbox=box)
