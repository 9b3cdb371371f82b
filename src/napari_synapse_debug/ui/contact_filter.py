"""A slider for the smallest contact that shows; nothing is computed anew."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QGridLayout, QLabel, QWidget

from napari_synapse_debug.ui.scroll_safe import Slider

_STOPS = 100


class ContactFilter(QWidget):
    """Emits ``area_changed(nm²)``; hidden as long as there are no contacts."""

    area_changed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._area_nm2 = np.zeros(0)
        self._stops = np.zeros(1)
        self.slider, self.told = Slider(Qt.Orientation.Horizontal), QLabel()
        self.slider.setMaximum(_STOPS)
        tip = "Smallest area of the contacts that show as points; the run keeps all of them"
        self.slider.setToolTip(tip)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.addWidget(QLabel("Show contacts from"), 0, 0)
        grid.addWidget(self.slider, 0, 1)
        grid.addWidget(self.told, 1, 0, 1, 2)
        grid.setColumnStretch(1, 1)
        self.slider.valueChanged.connect(self._tell)
        self.show_areas(())

    @property
    def least_nm2(self) -> float:
        """The smallest area that shows, nm²."""
        return float(self._stops[self.slider.value()])

    def show_areas(self, area_nm2: ArrayLike) -> None:
        """Offer to filter contacts of these areas, (N,) nm²; all of them show at first.

        Nothing is emitted, as nobody has chosen anything yet.
        """
        self._area_nm2 = np.sort(np.asarray(area_nm2, np.float64))
        self._stops = _stops(self._area_nm2)
        self.setVisible(len(self._area_nm2) > 0)
        self.slider.blockSignals(True)
        self.slider.setValue(0)
        self.slider.blockSignals(False)
        self._write()

    def _tell(self) -> None:
        self._write()
        self.area_changed.emit(self.least_nm2)

    def _write(self) -> None:
        total = len(self._area_nm2)
        kept = total - int(np.searchsorted(self._area_nm2, self.least_nm2))
        self.told.setText(f"{self.least_nm2:,.0f} nm²: {kept:,} of {total:,} contacts show")


def _stops(area_nm2: NDArray[np.float64]) -> NDArray[np.float64]:
    """0, then areas that each leave out about as many contacts more, up to the largest one."""
    if not len(area_nm2):
        return np.zeros(_STOPS + 1)
    shares = 1 - np.geomspace(1, 1 / len(area_nm2), _STOPS + 1)
    stops = np.quantile(area_nm2, shares)
    stops[0] = 0.0
    return np.asarray(stops)
