"""The connectome as the truth has it and as it was predicted, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from napari_synapse_debug.report.figures import FAINT, Chart, as_chart, drawing

_MISSED, _FALSE = "#D55E00", "#009E73"
_READABLE = 30
"""More neurons are not named on the axes."""


@dataclass(frozen=True)
class Connectomes:
    """Synapses between the same neurons, true and predicted.

    Parameters
    ----------
    ids : (N,) uint64
        Neurons as the judge sees them, the most connected first chosen.
    true, predicted : (N, N) int64
        ``[i, j]`` synapses from ``ids[i]`` onto ``ids[j]``.
    n_neurons : int
        All neurons with a synapse, of which ``ids`` are some.
    """

    ids: NDArray[np.uint64]
    true: NDArray[np.int64]
    predicted: NDArray[np.int64]
    n_neurons: int


def draw_matrices(connectomes: Connectomes) -> Chart | None:
    """Both matrices in one scale of grey; None without neurons.

    In the predicted one a square marks an edge that the truth has and the prediction has not, a
    plus one that only the prediction has.
    """
    count = len(connectomes.ids)
    if count == 0:
        return None
    most = int(max(connectomes.true.max(), connectomes.predicted.max(), 1))
    missed = (connectomes.true > 0) & (connectomes.predicted == 0)
    false = (connectomes.true == 0) & (connectomes.predicted > 0)
    with drawing(10.6, 5.6) as figure:
        left, right = figure.subplots(1, 2)
        greys = ListedColormap([str(1 - 0.85 * k / most) for k in range(most + 1)])
        for axis, values in ((left, connectomes.true), (right, connectomes.predicted)):
            shown = axis.imshow(values, cmap=greys, vmin=-0.5, vmax=most + 0.5, aspect="equal")
            _name_axes(axis, connectomes.ids)
        left.set_title(f"true: {int(connectomes.true.sum())} synapses")
        right.set_title(f"predicted: {int(connectomes.predicted.sum())} synapses")
        size = float(np.clip(190 / count, 3, 12))
        _mark(right, missed, "s", _MISSED, size, f"{int(missed.sum())} edges missed")
        _mark(right, false, "+", _FALSE, size, f"{int(false.sum())} edges false")
        figure.legend(loc="outside lower center", ncols=2, frameon=False)
        ticks = MaxNLocator(integer=True)
        figure.colorbar(
            shown, ax=(left, right), shrink=0.7, pad=0.01, label="synapses", ticks=ticks
        )
        return as_chart(
            figure,
            f"Connectome of {count} neurons: {int(missed.sum())} edges missed, "
            f"{int(false.sum())} false",
        )


def _name_axes(axis: Any, ids: NDArray[np.uint64]) -> None:
    axis.set(xlabel="post", ylabel="pre")
    axis.spines[:].set_visible(True)
    if len(ids) > _READABLE:
        axis.set_xticks([])
        axis.set_yticks([])
        return
    names = [str(int(one)) for one in ids]
    axis.set_xticks(range(len(ids)), names, rotation=90, fontsize=7)
    axis.set_yticks(range(len(ids)), names, fontsize=7)
    axis.set_xticks(np.arange(-0.5, len(ids)), minor=True)
    axis.set_yticks(np.arange(-0.5, len(ids)), minor=True)
    axis.grid(which="minor", color="#eeeeee", linewidth=0.5)
    axis.tick_params(which="minor", length=0)
    axis.tick_params(which="major", length=2, color=FAINT)


def _mark(
    axis: Any, where: NDArray[np.bool_], sign: str, hue: str, size: float, label: str
) -> None:
    rows, columns = np.nonzero(where)
    axis.plot(
        columns,
        rows,
        sign,
        color=hue,
        markersize=size * 0.8,
        markerfacecolor="none",
        markeredgewidth=1.1,
        label=label,
    )
