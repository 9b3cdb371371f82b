"""The panel that predicts: the whole volume or a box, or at once what is in view."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_synapse_debug.domain.errors import SynapseDebugError
from napari_synapse_debug.ui.session import Session
from napari_synapse_debug.ui.step_panel import NO_PROJECT, PREDICT, StepPanel

_NO_MODEL = "Train a model first"


class PredictPanel(StepPanel):
    """Form and Run, and Predict here; emits ``here_requested`` and ``end_requested`` too."""

    here_requested = Signal()
    end_requested = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        self.here, self.end = QPushButton("Predict here"), QPushButton("Cancel")
        self.here_message = QLabel()
        super().__init__(session, PREDICT, parent)
        self.here.setToolTip(
            "Predict 16 × 256 × 256 voxels around the middle of the view, also while a step runs"
        )
        self.here_message.setWordWrap(True)
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
        results = self._session.results
        is_open = self._session.project is not None and results is not None
        reason = "" if is_open else NO_PROJECT
        if is_open and not getattr(results, "has_model", True):
            reason = _NO_MODEL
        self.here.setEnabled(not reason)
        if reason:
            self.here_message.setText(reason)
        elif self.here_message.text() in (NO_PROJECT, _NO_MODEL):
            self.here_message.clear()

    def show_message(self, text: str) -> None:
        """Show how Predict here stands."""
        self.here_message.setText(text)

    def show_error(self, error: SynapseDebugError) -> None:
        """Show why what is in view cannot be predicted."""
        self.here_message.setText(str(error))

    def show_running(self, is_running: bool) -> None:
        """Show that it runs, or that it does not."""
        self.end.setVisible(is_running)
        self.here.setText("Predict here again" if is_running else "Predict here")
