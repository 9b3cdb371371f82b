"""Curves of a training: its loss, and how well the held-out boxes are predicted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from napari_synapse_debug.ui.charts import INK
from napari_synapse_debug.ui.palette import MASK_HUES
from napari_synapse_debug.ui.training_figures import (
    OVERALL,
    TrainingFigures,
    Values,
    score_label,
    thinned,
)

_LOSS_HUE = "#56B4E9"
_OVERALL_HUE = "#F0E442"
_HEIGHT, _TALLER = 90, 130


class TrainingCurves(QWidget):
    """Two plots over minutes: the loss, and F1 or Dice of each class on the held-out boxes.

    They are drawn only while they can be seen.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.latest = QLabel()
        self.latest.setWordWrap(True)
        self.loss, self.score = self._plot("loss"), self._plot("held out")
        self.score.setYRange(0, 1, padding=0.03)
        self.score.addLegend(offset=(-4, -4), colCount=2, labelTextSize="8pt", labelTextColor=INK)
        self.score.setLabel("bottom", "minutes", color=INK)
        self.score.setXLink(self.loss)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 2, 0, 2)
        column.setSpacing(2)
        for part in (self.latest, self.loss, self.score):
            column.addWidget(part)
        self._figures, self._is_drawn = TrainingFigures(), True
        self._curves: dict[str, pg.PlotDataItem] = {}
        self.setVisible(False)

    def show_history(self, history: Sequence[Values]) -> None:
        """Draw the figures of ``history``: mappings with ``minutes``, ``loss`` and scores.

        A score is ``validation_f1``, ``f1 CLASS`` or ``dice CLASS``; a mapping may lack any.
        """
        self._figures.read(history)
        self._is_drawn = False
        self.setVisible(bool(history))
        if self.isVisible():
            self._draw_all()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Draw what came while the curves were hidden."""
        super().showEvent(event)
        self._draw_all()

    def _draw_all(self) -> None:
        if self._is_drawn:
            return
        self._is_drawn = True
        figures, names = self._figures, self._figures.score_names
        for gone in set(self._curves) - {"loss", *names}:
            self.score.removeItem(self._curves.pop(gone))
        for number, name in enumerate(names):
            hue = _OVERALL_HUE if name == OVERALL else MASK_HUES[number % len(MASK_HUES)]
            self._draw(self.score, name, hue, thinned(figures.series(name)))
        self._draw(self.loss, "loss", _LOSS_HUE, thinned(figures.series("loss")))
        self.latest.setText(figures.latest_text)
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
            plot.getAxis(side).enableAutoSIPrefix(False)  # minutes, not thousandths of them
        plot.getAxis("left").setWidth(44)
        return plot
