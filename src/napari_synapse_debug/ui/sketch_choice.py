"""Whether synapses show as paths and contacts as outlines, beside points and labels."""

from __future__ import annotations

from qtpy.QtWidgets import QCheckBox, QLabel, QVBoxLayout, QWidget

_PATHS = (
    "A Shapes layer with a path from pre over the cleft to post for each synapse of truth (white) "
    "and prediction (grey), errors wide, and one of what you edit (pink). napari shows paths "
    "that cross sections in 3D only."
)
_OUTLINES = "A Shapes layer with the interface of the selected error's partners in each section"


class SketchChoice(QWidget):
    """Two check boxes, and why the first shows only a part."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.paths = QCheckBox("Synapses as paths")
        self.outlines = QCheckBox("Outlines of the selected contact")
        self.paths.setToolTip(_PATHS)
        self.outlines.setToolTip(_OUTLINES)
        self.told = QLabel()
        self.told.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        for part in (self.paths, self.told, self.outlines):
            column.addWidget(part)
        self.show_reason("")

    def show_reason(self, reason: str) -> None:
        """Say why not all synapses show as paths; empty where they do."""
        self.told.setText(reason)
        self.told.setVisible(bool(reason))
