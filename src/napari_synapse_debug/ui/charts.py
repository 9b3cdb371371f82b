"""Charts that are clicked: precision and recall, bars of stages; pyqtgraph in our ink."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QWidget

from napari_synapse_debug.ui.palette import stage_hue
from napari_synapse_debug.ui.words import in_words

INK = "#8A8F98"
"""Grey that is read on the dark theme and on the light one."""

_CURVE, _NOW = "#56B4E9", "#D55E00"
_BAR_WIDTH = 0.7


class Chart(pg.PlotWidget):
    """A plot that neither moves nor opens menus; emits ``place_clicked(x, y)`` in its units."""

    place_clicked = Signal(float, float)

    def __init__(self, left: str, bottom: str, parent: QWidget | None = None) -> None:
        super().__init__(parent, background=None)
        self.setMenuEnabled(False)
        self.setMouseEnabled(x=False, y=False)
        self.hideButtons()
        pen = pg.mkPen(INK)
        for side, text in (("left", left), ("bottom", bottom)):
            self.setLabel(side, text, color=INK)
            self.getAxis(side).setPen(pen)
            self.getAxis(side).setTextPen(pen)
            self.getAxis(side).enableAutoSIPrefix(False)
        self.scene().sigMouseClicked.connect(self._clicked)

    def _clicked(self, event: Any) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            place = self.getPlotItem().vb.mapSceneToView(event.scenePos())
            self.place_clicked.emit(float(place.x()), float(place.y()))


class PrecisionRecall(Chart):
    """The curve over scores and where the run stands; emits ``score_chosen(score)``."""

    score_chosen = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("precision", "recall", parent)
        self.setXRange(0, 1, padding=0.03)
        self.setYRange(0, 1, padding=0.03)
        self._curve = self.plot(
            pen=pg.mkPen(_CURVE, width=2),
            symbol="o",
            symbolSize=6,
            symbolBrush=_CURVE,
            symbolPen=None,
        )
        self._now = self.plot(
            pen=None, symbol="star", symbolSize=16, symbolBrush=_NOW, symbolPen=None
        )
        self.points: NDArray[np.float64] = np.empty((0, 3))
        self.place_clicked.connect(self._choose)

    def show_evaluation(self, content: Mapping[str, Any] | None) -> None:
        """Draw the curve of ``evaluation.json``; nothing where there is none."""
        self.points = curve_points(content)
        self._curve.setData(self.points[:, 1], self.points[:, 0])
        rates = (None, None) if content is None else (content["recall"], content["precision"])
        is_known = None not in rates
        self._now.setData([rates[0]] if is_known else [], [rates[1]] if is_known else [])

    def _choose(self, recall: float, precision: float) -> None:
        known = self.points[np.isfinite(self.points[:, 2])]
        if len(known):
            distance = np.hypot(known[:, 1] - recall, known[:, 0] - precision)
            self.score_chosen.emit(float(known[distance.argmin(), 2]))


class StageBars(Chart):
    """A bar a stage in its hue, with a number on it; emits ``stage_chosen(stage)``."""

    stage_chosen = Signal(str)

    def __init__(self, left: str, parent: QWidget | None = None) -> None:
        super().__init__(left, "", parent)
        self.stages: list[str] = []
        self._drawn: list[Any] = []
        self.place_clicked.connect(self._choose)

    def show_bars(
        self, values: Mapping[str, float], labels: Sequence[str], foot: float = 0.0
    ) -> None:
        """Draw ``values`` by stage, from ``foot`` up, each with its label."""
        for item in self._drawn:
            self.removeItem(item)
        self._drawn.clear()
        self.stages = list(values)
        for at, (stage, value) in enumerate(values.items()):
            bar = pg.BarGraphItem(
                x=[at],
                y0=[foot],
                y1=[value],
                width=_BAR_WIDTH,
                brush=stage_hue(stage),
                pen=pg.mkPen(None),
            )
            text = pg.TextItem(labels[at], color=INK, anchor=(0.5, 1.0))
            text.setPos(at, max(value, foot))
            self._drawn += [bar, text]
        for item in self._drawn:
            self.addItem(item)
        ticks = [(at, _broken(stage)) for at, stage in enumerate(values)]
        self.getAxis("bottom").setTicks([ticks])
        self.getAxis("bottom").setHeight(38)
        top = max([*values.values(), foot]) if values else 1.0
        self.setYRange(foot, foot + max(1e-9, (top - foot)) * 1.2, padding=0)
        self.setXRange(-0.6, max(1, len(values)) - 0.4, padding=0)

    def _choose(self, x: float, _: float) -> None:
        at = round(x)
        if 0 <= at < len(self.stages) and abs(x - at) <= _BAR_WIDTH / 2:
            self.stage_chosen.emit(self.stages[at])


def curve_points(content: Mapping[str, Any] | None) -> NDArray[np.float64]:
    """Precision, recall and score of each point of the curve that has both: (N, 3)."""
    curve = None if content is None else content.get("curve")
    rows = [
        (p["precision"], p["recall"], np.nan if p["threshold"] is None else p["threshold"])
        for p in (curve or {}).get("points", ())
        if p["precision"] is not None and p["recall"] is not None
    ]
    return np.array(rows, np.float64).reshape(-1, 3)


_BROKEN = {
    "classifier": "classi-\nfier",
    "candidate": "candi-\ndate",
    "segmentation": "segmen-\ntation",
    "assignment": "assign-\nment",
    "evaluation": "evalua-\ntion",
    "unexplained": "unex-\nplained",
}


def _broken(stage: str) -> str:
    """The name of ``stage`` in two lines, so that seven fit side by side."""
    return _BROKEN.get(stage, in_words(stage).replace(" ", "\n"))
