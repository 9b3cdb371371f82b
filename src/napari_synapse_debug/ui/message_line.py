"""A message of the window: what was done, or an error with its details for a report."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.ui.job_endings import error_details, error_text


class MessageLine(QWidget):
    """A text that wraps, and *Copy details* where it is an error; hidden where it is empty."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._details = ""
        self.label, self.copy = QLabel(), QPushButton("Copy details")
        self.label.setWordWrap(True)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.copy.setToolTip("Copy the whole error, for a report")
        self.copy.clicked.connect(self._copy)
        row, column = QHBoxLayout(), QVBoxLayout(self)
        row.addWidget(self.copy)
        row.addStretch(1)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.label)
        column.addLayout(row)
        self.show_text("")

    def text(self) -> str:
        """What is shown."""
        return self.label.text()

    def show_text(self, text: str, details: str = "") -> None:
        """Show ``text``; ``details`` can be copied."""
        self._details = details
        self.label.setText(text)
        self.copy.setVisible(bool(details))
        self.setVisible(bool(text))

    def show_error(self, error: Exception) -> None:
        """Show ``error``; it has details unless it says what to do otherwise in the window."""
        is_plain = isinstance(error, InputError)
        self.show_text(error_text(error), "" if is_plain else error_details(error))

    def clear(self) -> None:
        """Show nothing."""
        self.show_text("")

    def _copy(self) -> None:
        QApplication.clipboard().setText(self._details)
