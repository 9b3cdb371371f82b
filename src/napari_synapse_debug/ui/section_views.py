"""Three small pictures of the selected error along xy, xz and yz, read beside the window."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, QSize, Qt, QTimer
from qtpy.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from napari_synapse_debug.domain.records import ENDS
from napari_synapse_debug.ui.background import Background
from napari_synapse_debug.ui.finding_table import finding_points_nm
from napari_synapse_debug.ui.palette import END_HUE
from napari_synapse_debug.ui.partner_volume import PartnerVolume
from napari_synapse_debug.ui.ports import Results
from napari_synapse_debug.ui.section_crops import PLANES, read_crop, section

HALF_NM = 500.0
PIXELS = 200
_LEAST_PX, _MOST_PX = 84, 170
_LATE_MS = 150
"""So long the pictures of the error before stay, as blinking at every jump would be worse."""


Picture = tuple[NDArray[np.uint8], NDArray[np.float64]]
"""Colours (P, P, 3), and where pre, cleft and post are, (3, 2) in -1 … 1, down and across."""

_BLACK = np.zeros((1, 1, 3), np.uint8)


class SectionViews(QWidget):
    """The three sections through one error's cleft.

    Parameters
    ----------
    background : Background, optional
        Where volumes are read; without it the window waits for them.
    """

    def __init__(self, background: Background | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._background, self._task = background, f"sections {id(self)}"
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.setInterval(_LATE_MS)
        self._late.timeout.connect(self._clear)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        self.pictures = {plane: SectionPicture(plane) for plane in PLANES}
        for plane, picture in self.pictures.items():
            column = QVBoxLayout()
            column.setSpacing(1)
            label = QLabel(f"{plane} · {2 * HALF_NM / 1000:g} µm")
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(picture, 1)
            column.addWidget(label)
            row.addLayout(column)

    def show_finding(self, results: Results | None, row: pd.Series[Any] | None) -> None:
        """Show the surroundings of ``row``; nothing where there is no finding or no raw volume."""
        has_pictures = results is not None and row is not None and "raw" in results.volumes
        self.setVisible(has_pictures)
        if results is None or row is None or not has_pictures:
            self._late.stop()
            if self._background is not None:
                self._background.forget(self._task)
        elif self._background is None:
            self._show(error_pictures(results, row))
        else:
            self._late.start()
            self._background.run(
                self._task, lambda: error_pictures(results, row), self._show, self._fail
            )

    def _show(self, pictures: Mapping[str, Picture]) -> None:
        self._late.stop()
        for plane, (image, marks) in pictures.items():
            self.pictures[plane].show_image(image, marks)

    def _fail(self, error: Exception) -> None:
        self._late.stop()
        self._clear()
        for picture in self.pictures.values():
            picture.setToolTip(f"The volumes cannot be read here: {error}")

    def _clear(self) -> None:
        for picture in self.pictures.values():
            picture.show_image(_BLACK, np.empty((0, 2)))


def error_pictures(results: Results, row: pd.Series[Any]) -> dict[str, Picture]:
    """The sections through the cleft of ``row``, by plane; the volumes are read."""
    ends = finding_points_nm(row)
    center = ends[ENDS.index("cleft")]
    volumes = results.volumes
    partners = None
    if "segmentation" in volumes:
        pre, post = int(row["pre_segment"]), int(row["post_segment"])
        partners = PartnerVolume(volumes["segmentation"].array, pre, post)
    crop = read_crop(volumes["raw"].array, partners, results.grid, center, HALF_NM)
    return {
        plane: (
            section(crop, plane, center, HALF_NM, PIXELS),
            (ends - center)[:, axes] / HALF_NM,
        )
        for plane, axes in PLANES.items()
    }


class SectionPicture(QWidget):
    """A square picture with the three points drawn on it."""

    def __init__(self, plane: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.image = QImage()
        self._marks: NDArray[np.float64] = np.empty((0, 2))
        self._plane = plane
        self.setMinimumSize(_LEAST_PX, _LEAST_PX)
        self.setMaximumHeight(_MOST_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Square."""
        return QSize(120, 120)

    def show_image(self, rgb: NDArray[np.uint8], marks: NDArray[np.float64]) -> None:
        """Show ``rgb`` ((P, P, 3)); ``marks`` ((3, 2), down and across) lie in -1 … 1."""
        self.setToolTip(f"Section {self._plane} through the cleft, at true aspect")
        pixels = np.ascontiguousarray(rgb)
        height, width, _ = pixels.shape
        self.image = QImage(
            pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888
        ).copy()
        self._marks = marks
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802
        """Draw the picture in the largest square that fits, and the points on it."""
        side = min(self.width(), self.height())
        square = QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)
        painter = QPainter(self)
        painter.setRenderHints(
            QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform
        )
        painter.drawImage(square, self.image)
        for (down, across), end in zip(self._marks, ENDS, strict=False):
            if abs(down) < 1 and abs(across) < 1:
                spot = square.center() + QPointF(across * side / 2, down * side / 2)
                painter.setPen(QPen(QColor("#101010"), 1))
                painter.setBrush(QColor(END_HUE[end]))
                painter.drawEllipse(spot, 3.5, 3.5)
        painter.end()
