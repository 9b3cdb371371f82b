"""The latest held-out section while a network learns: image, truth and prediction of a class."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Qt
from qtpy.QtGui import QImage, QPixmap, QResizeEvent
from qtpy.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from napari_synapse_debug.ui.palette import MASK_HUES
from napari_synapse_debug.ui.ports import Section
from napari_synapse_debug.ui.scroll_safe import ChoiceBox

_HEIGHT = 130
_COLUMNS = {"raw": "held-out section", "truth": "truth", "prediction": "prediction"}


class ValidationView(QWidget):
    """Three pictures of the section of a held-out box that has most of a class."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sections: Mapping[str, Section] = {}
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.choice = ChoiceBox()
        self.choice.currentIndexChanged.connect(self._draw)
        self.pictures = {name: QLabel() for name in _COLUMNS}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(3)
        for column, (name, text) in enumerate(_COLUMNS.items()):
            picture, label = self.pictures[name], QLabel(text)
            picture.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            picture.setFixedHeight(_HEIGHT)
            picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            grid.addWidget(picture, 1, column)
            grid.addWidget(label, 2, column)
        grid.addWidget(self.choice, 0, 0, 1, len(_COLUMNS))
        self.setVisible(False)

    def show_sections(self, sections: Mapping[str, Section]) -> None:
        """Show ``sections`` (by class); nothing where there are none. The chosen class stays."""
        before = self.choice.currentText()
        self._sections = sections
        self.choice.blockSignals(True)
        self.choice.clear()
        self.choice.addItems(list(sections))
        self.choice.setCurrentIndex(max(0, self.choice.findText(before)))
        self.choice.blockSignals(False)
        self.setVisible(bool(sections))
        self._draw()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Fit the pictures to the new width."""
        super().resizeEvent(event)
        self._draw()

    def _draw(self) -> None:
        section = self._sections.get(self.choice.currentText())
        if section is None:
            return
        hue = MASK_HUES[self.choice.currentIndex() % len(MASK_HUES)]
        for name, picture in self.pictures.items():
            overlay = None if name == "raw" else getattr(section, name)
            image = tinted(section.raw, overlay, hue)
            height, width, _ = image.shape
            shown = QImage(image.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
            smooth = Qt.TransformationMode.SmoothTransformation
            keep = Qt.AspectRatioMode.KeepAspectRatio
            size = picture.size()
            picture.setPixmap(QPixmap.fromImage(shown).scaled(size, keep, smooth))


def tinted(
    raw: NDArray[np.uint8], overlay: NDArray[np.uint8] | None, hue: str
) -> NDArray[np.uint8]:
    """``raw`` (Y, X) as grey with ``overlay`` (255 is 1) laid over in ``hue``: (Y, X, 3)."""
    grey: NDArray[np.floating] = np.repeat(raw[..., None], 3, axis=2).astype(np.float32)
    if overlay is not None:
        colour = np.array([int(hue[i : i + 2], 16) for i in (1, 3, 5)], np.float32)
        share = 0.65 * (overlay[..., None].astype(np.float32) / 255)
        grey = grey * (1 - share) + colour * share
    return np.ascontiguousarray(np.rint(grey).astype(np.uint8))
