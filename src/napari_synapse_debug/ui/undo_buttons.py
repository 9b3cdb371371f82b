"""Undo and redo for the mouse: two small buttons that stand wherever something is changed."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QWidget

from napari_synapse_debug.ui.keys import hint

_SIGNS = {"undo": "↶", "redo": "↷"}
_WIDTH = 30


class UndoButtons(QWidget):
    """Emits ``command_requested(command)``: ``undo`` or ``redo``."""

    command_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons = {command: QPushButton(sign) for command, sign in _SIGNS.items()}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for command, button in self.buttons.items():
            button.setToolTip(hint(command))
            button.setFixedWidth(_WIDTH)
            button.clicked.connect(lambda _, name=command: self.command_requested.emit(name))
            row.addWidget(button)
