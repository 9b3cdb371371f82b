"""The panel that predicts: the whole volume or a box, or at once what is in view."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_synapse_debug.ui.blocking import allow, why_missing
from napari_synapse_debug.ui.message_line import MessageLine
from napari_synapse_debug.ui.session import Session
from napari_synapse_debug.ui.step_panel import PREDICT, StepPanel

_TIP = "Predict 16 × 256 × 256 voxels around the middle of the view, also while a step runs"


class PredictPanel(StepPanel):
    """Form and Run, and Predict here; emits ``here_requested`` and ``end_requested`` too."""

    here_requested = Signal()
    end_requested = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        self.here, self.end = QPushButton("Predict here"), QPushButton("Cancel")
        self.here_message, self._reason = MessageLine(), ""
        super().__init__(session, PREDICT, parent)
        self.end.hide()
        row = QHBoxLayout()
        for part, stretch in ((self.here, 0), (self.end, 0), (self.here_message, 1)):
            row.addWidget(part, stretch)
        column = self.layout()
        if isinstance(column, QVBoxLayout):
            column.insertLayout(1, row)
        self.here.clicked.connect(self.here_requested)
        self.end.clicked.connect(self.end_requested)

    def show_state(self) -> None:
        """Show how the step stands, and whether what is in view can be predicted."""
        super().show_state()
        reason = why_missing(self._session, ("predict",))
        allow(self.here, _TIP, reason)
        if reason:
            self.here_message.show_text(reason)
        elif self.here_message.text() == self._reason:
            self.here_message.clear()
        self._reason = reason

    def show_message(self, text: str) -> None:
        """Show how Predict here stands."""
        self.here_message.show_text(text)

    def show_error(self, error: Exception) -> None:
        """Show why what is in view cannot be predicted."""
        self.here_message.show_error(error)

    def show_running(self, is_running: bool) -> None:
        """Show that it runs, or that it does not."""
        self.end.setVisible(is_running)
        self.here.setText("Predict here again" if is_running else "Predict here")
