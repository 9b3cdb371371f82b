"""F1 over threshold and smallest size, where one may choose by it and where one may only look."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from napari_synapse_debug.report.figures import INK, Chart, as_chart, drawing

TITLES = {
    "train": "training box: learnt from, so higher than elsewhere",
    "eval": "evaluation box: for looking, not for choosing",
}


def draw_surface(surface: pd.DataFrame, threshold: float, min_size_vx: int) -> Chart | None:
    """A map of F1 for each box of ``surface``, with the point in use framed; None without rows.

    A ring marks the highest F1 of a map.

    Parameters
    ----------
    surface : DataFrame
        ``box`` (``train`` or ``eval``), ``threshold``, ``min_size_vx`` and ``f1`` (NaN: not
        defined); a row for each pair of the two.
    threshold, min_size_vx
        In use.
    """
    boxes = [box for box in TITLES if (surface["box"] == box).any()]
    if not boxes:
        return None
    maps = {
        box: surface[surface["box"] == box].pivot_table(
            index="threshold", columns="min_size_vx", values="f1", dropna=False
        )
        for box in boxes
    }
    low = float(np.nanmin(surface["f1"])) if surface["f1"].notna().any() else 0.0
    rows = max(len(one) for one in maps.values())
    with drawing(10.6, 0.42 * rows + 1.7) as figure:
        axes = figure.subplots(1, 2)
        for axis in axes[len(boxes) :]:
            axis.set_axis_off()
        for axis, box in zip(axes, boxes, strict=False):
            shown = _draw_map(axis, maps[box], low)
            axis.set_title(TITLES[box])
            _mark(axis, maps[box], threshold, min_size_vx)
        figure.colorbar(shown, ax=axes, pad=0.01, label="F1")
        told = f"F1 over threshold and smallest size; in use {threshold:g} and {min_size_vx} voxels"
        return as_chart(figure, told)


def _draw_map(axis: Any, values: pd.DataFrame, low: float) -> Any:
    shown = axis.imshow(
        values.to_numpy(), cmap="Blues", vmin=low - 0.02, vmax=1.0, aspect="auto", origin="lower"
    )
    axis.set_xticks(range(values.shape[1]), [str(size) for size in values.columns])
    axis.set_yticks(range(values.shape[0]), [f"{level:g}" for level in values.index])
    axis.set(xlabel="smallest candidate (voxels)", ylabel="threshold")
    middle = (low + 1) / 2
    for (row, column), f1 in np.ndenumerate(values.to_numpy(np.float64)):
        told = "–" if np.isnan(f1) else f"{f1:.2f}".removeprefix("0")
        ink = "white" if f1 > middle + 0.12 * (1 - low) else INK
        axis.text(column, row, told, ha="center", va="center", fontsize=8, color=ink)
    return shown


def _mark(axis: Any, values: pd.DataFrame, threshold: float, min_size_vx: int) -> None:
    if threshold in values.index and min_size_vx in values.columns:
        row, column = values.index.get_loc(threshold), values.columns.get_loc(min_size_vx)
        axis.plot(column, row, "s", markersize=24, color="#D55E00", markerfacecolor="none", mew=2.2)
    if values.notna().to_numpy().any():
        row, column = np.argwhere(values.to_numpy() == np.nanmax(values.to_numpy()))[0]
        for hue, width in (("white", 3.0), (INK, 1.2)):
            axis.plot(column, row, "o", markersize=20, color=hue, markerfacecolor="none", mew=width)
