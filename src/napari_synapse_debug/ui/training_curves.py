"""Curves of a training: its loss, and how well the held-out boxes are predicted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from napari_synapse_debug.ui.charts import INK
from napari_synapse_debug.ui.palette import MASK_HUES

Values = Mapping[str, float]

_LOSS_HUE = "#56B4E9"
_OVERALL_HUE = "#F0E442"
_HEIGHT, _TALLER = 90, 130


class TrainingCurves(QWidget):
    """Two plots over minutes: the loss, and F1 or Dice of each class on the held-out boxes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.latest = QLabel()
        self.latest.setWordWrap(True)
        self.loss, self.score = self._plot("loss"), self._plot("held out")
        self.score.setYRange(0, 1, padding=0.03)
        self.score.addLegend(offset=(-4, -4), colCount=2, labelTextSize="8pt", labelTextColor=INK)
        self.score.setLabel("bottom", "minutes", color=INK)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 2, 0, 2)
        column.setSpacing(2)
        for part in (self.latest, self.loss, self.score):
            column.addWidget(part)
        self._curves: dict[str, pg.PlotDataItem] = {}
        self.setVisible(False)

    def show_history(self, history: Sequence[Values]) -> None:
        """Draw the figures of ``history``: mappings with ``minutes``, ``loss`` and scores.

        A score is ``validation_f1``, ``f1 CLASS`` or ``dice CLASS``; a mapping may lack any.
        """
        self.setVisible(bool(history))
        names = score_names(history)
        for gone in set(self._curves) - {"loss", *names}:
            self.score.removeItem(self._curves.pop(gone))
        for number, name in enumerate(names):
            hue = _OVERALL_HUE if name == "validation_f1" else MASK_HUES[number % len(MASK_HUES)]
            self._draw(self.score, name, hue, series(history, name))
        self._draw(self.loss, "loss", _LOSS_HUE, series(history, "loss"))
        self.latest.setText(latest_text(history))
        self.score.setVisible(bool(names))

    def _draw(self, plot: pg.PlotWidget, name: str, hue: str, points: NDArray[np.float64]) -> None:
        if name not in self._curves:
            mark = {"symbol": "o", "symbolSize": 4, "symbolBrush": hue, "symbolPen": None}
            self._curves[name] = plot.plot(
                pen=pg.mkPen(hue, width=2),
                name=score_label(name),
                **({} if name == "loss" else mark),
            )
        self._curves[name].setData(points[:, 0], points[:, 1])

    def _plot(self, label: str) -> pg.PlotWidget:
        plot = pg.PlotWidget(background=None)
        plot.setFixedHeight(_HEIGHT if label == "loss" else _TALLER)
        plot.setMenuEnabled(False)
        plot.setMouseEnabled(x=False, y=False)
        plot.hideButtons()
        plot.setLabel("left", label, color=INK)
        ink = pg.mkPen(INK)
        for side in ("left", "bottom"):
            plot.getAxis(side).setPen(ink)
            plot.getAxis(side).setTextPen(ink)
        plot.getAxis("left").setWidth(44)
        return plot


def series(history: Iterable[Values], name: str) -> NDArray[np.float64]:
    """Minutes and value of each mapping that has ``name``: (N, 2)."""
    rows = [(row["minutes"], row[name]) for row in history if name in row and "minutes" in row]
    finite = [row for row in rows if np.isfinite(row).all()]
    return np.array(finite, np.float64).reshape(-1, 2)


def score_names(history: Iterable[Values]) -> list[str]:
    """Names of the scores in ``history``, the overall one first."""
    found = {name for row in history for name in row}
    scores = sorted(name for name in found if name.startswith(("f1 ", "dice ")))
    return [*(["validation_f1"] if "validation_f1" in found else []), *scores]


def score_label(name: str) -> str:
    """How the legend calls a score."""
    if name == "validation_f1":
        return "F1 of all synapses"
    kind, _, of = name.partition(" ")
    return {"f1": f"F1 {of}", "dice": f"Dice {of}"}.get(kind, name)


def latest_text(history: Sequence[Values]) -> str:
    """The last figures in one line."""
    shown = {"loss": "loss"} | {name: score_label(name) for name in score_names(history)}
    parts = []
    for name, label in shown.items():
        points = series(history, name)
        if len(points):
            parts.append(
                f"{label} {points[-1, 1]:.3f}" if name == "loss" else f"{label} {points[-1, 1]:.2f}"
            )
    return " · ".join(parts)
