"""The panel that trains: boxes, the form, the curves while it learns, and the latest section."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_synapse_debug.ui.annotation_panel import AnnotationPanel
from napari_synapse_debug.ui.ports import Section
from napari_synapse_debug.ui.session import JobState, Session
from napari_synapse_debug.ui.step_panel import TRAIN, StepPanel
from napari_synapse_debug.ui.training_curves import TrainingCurves
from napari_synapse_debug.ui.validation_view import ValidationView


class TrainPanel(StepPanel):
    """Annotated boxes, form, curves and Run; Stop keeps the best weights.

    It emits ``finish_requested`` where a stopped training is to be taken as it is.
    """

    finish_requested = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        self.curves, self.validation = TrainingCurves(), ValidationView()
        self.annotations = AnnotationPanel(session)
        super().__init__(session, TRAIN, parent)
        self.run_panel.cancel.setText("Stop")
        self.run_panel.cancel.setToolTip("End the training; the best weights so far are kept")
        self.rows.insertWidget(0, self.annotations)
        for part in (self.curves, self.validation):
            self.rows.insertWidget(self.rows.count() - 1, part)
        self.finish = QPushButton("Take the model as it is")
        self.finish.setToolTip(
            "Calibrate and keep the best weights so far; Train goes on from where it was stopped"
        )
        self.finish.hide()
        self.finish.clicked.connect(self.finish_requested)
        column = self.layout()
        if isinstance(column, QVBoxLayout):
            column.insertWidget(column.indexOf(self.run_panel), self.finish)
        session.job_changed.connect(self._show_progress)
        session.project_changed.connect(self._hide_finish)

    def show_training(self, sections: Mapping[str, Section]) -> None:
        """Show the curves of the session's training and its latest held-out ``sections``."""
        self.curves.show_history(self._session.training)
        self.validation.show_sections(sections)

    def _hide_finish(self) -> None:
        self.finish.hide()

    def _show_progress(self, job: JobState) -> None:
        is_stopped = job.step == "train" and job.status == "cancelled"
        self.finish.setVisible(is_stopped and bool(self._session.training))
        if job.step != "train" or not job.is_running:
            return
        is_first = self.curves.isHidden()
        self.curves.show_history(self._session.training)
        if is_first and self._session.training:
            self.scroll.ensureWidgetVisible(self.validation)
