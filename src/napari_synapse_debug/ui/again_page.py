"""Train again: what the review taught, how long to train, and where to annotate next."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import (
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from napari_synapse_debug.domain.errors import StepCancelledError
from napari_synapse_debug.domain.events import Event
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.params import AgainParams
from napari_synapse_debug.ui.blocking import NO_PROJECT, allow, why_blocked, why_missing
from napari_synapse_debug.ui.forms import Form
from napari_synapse_debug.ui.message_line import MessageLine
from napari_synapse_debug.ui.run_panel import RunPanel, time_text
from napari_synapse_debug.ui.session import Session

STEPS = (
    *("again", "train", "predict", "contacts", "synapses"),
    *("evaluate", "diagnose", "report"),
)
"""Steps of the chain, whose progress is shown here."""

_ABOUT = (
    "Learn from this review: the corrected truth, and patches around the classifier errors that "
    "you confirmed (key 1). Starts from the present weights; a new run is made and compared."
)
_PROPOSE = "Boxes in which the model is least sure of its synapses"
_WHERE = "Where to annotate next"
_LIST_ROWS = 5


class AgainPage(QWidget):
    """Emits ``run_requested(params)``, ``cancel_requested`` and ``lessons_requested``.

    For boxes to annotate ``boxes_requested``, ``stop_requested`` and ``box_requested(box)``;
    ``trained(made)`` when a new run was made.
    """

    run_requested = Signal(object)
    cancel_requested = Signal()
    lessons_requested = Signal()
    boxes_requested = Signal()
    stop_requested = Signal()
    trained = Signal(object)
    box_requested = Signal(object)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.form = Form(AgainParams())
        self.lessons, self.message = QLabel(), MessageLine()
        self.run_panel = RunPanel("Train again", STEPS)
        self.propose = QPushButton(_WHERE)
        self._is_looking, self._began = False, 0.0
        self.boxes = QListWidget()
        self._lay_out()
        self.form.changed.connect(self.show_state)
        self.run_panel.run_requested.connect(lambda: self.run_requested.emit(self.form.value()))
        self.run_panel.cancel_requested.connect(self.cancel_requested)
        self.propose.clicked.connect(self._ask_or_stop)
        self.boxes.itemActivated.connect(self._choose)
        self.boxes.itemClicked.connect(self._choose)
        session.project_changed.connect(self._forget)
        session.results_changed.connect(self._forget)
        session.job_changed.connect(self.show_state)
        self._forget()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Count the lessons anew."""
        super().showEvent(event)
        if self._session.project is not None:
            self.lessons_requested.emit()

    def show_lessons(self, lessons: Any) -> None:
        """Show what the review has for a training (``pipeline.Lessons``)."""
        self.lessons.setText(
            f"<b>{lessons.verdicts}</b> verdicts · <b>{lessons.hard}</b> confirmed errors of the "
            f"classifier, <b>{lessons.hard_learnt}</b> in annotated boxes, "
            f"{lessons.hard_judged} in the evaluation box (learnt only if a part of it is)<br>"
            f"Truth: {lessons.added} added · {lessons.removed} removed · {lessons.changed} changed"
        )

    def show_looking(self) -> None:
        """Show that boxes are looked for; the button ends it."""
        self._is_looking, self._began = True, time.monotonic()
        self.propose.setText("Stop looking")
        self.show_message("Looking where the model is least sure …")

    def show_progress(self, event: Event) -> None:
        """Show how much of the prediction was looked at, and the time left."""
        seconds = time.monotonic() - self._began
        left = seconds * (event.total - event.done) / max(event.done, 1)
        share = event.done / max(event.total, 1)
        self.show_message(f"{event.message.capitalize()}: {share:.0%} · {time_text(left)}")

    def show_no_boxes(self, error: Exception) -> None:
        """Show why there are no boxes: the search was stopped, or something failed."""
        self._end_looking()
        if isinstance(error, StepCancelledError):
            self.show_message(str(error))
        else:
            self.show_problem(error)

    def show_boxes(self, boxes: Sequence[tuple[Box, float]]) -> None:
        """List boxes to annotate with how unsure the model is there, the least sure first."""
        self._end_looking()
        self.boxes.clear()
        for box, unsure in boxes:
            item = QListWidgetItem(f"{box}    unsure {4 * unsure:.0%}")
            item.setData(Qt.ItemDataRole.UserRole, box)
            item.setToolTip("Go there, and put the box into the Train dock")
            self.boxes.addItem(item)
        self.boxes.setVisible(bool(boxes))
        self.show_message(
            "Click a box: the camera goes there, and the Train dock takes it."
            if boxes
            else "Nothing is left to propose: every place is annotated or judged."
        )

    def show_message(self, text: str) -> None:
        """Show ``text`` under the proposed boxes."""
        self.message.show_text(text)

    def show_problem(self, error: Exception) -> None:
        """Show why something cannot be done."""
        self.message.show_error(error)

    def show_state(self, _: object = None) -> None:
        """Show how the chain stands, and why it cannot be begun, if it cannot."""
        blocked = why_blocked(self._session, self.form.value, ("again",))
        self.run_panel.show_job(self._session.job, blocked)

    def _forget(self, _: object = None) -> None:
        is_open = self._session.project is not None
        self.lessons.setText("" if is_open else NO_PROJECT)
        allow(self.propose, _PROPOSE, why_missing(self._session, ("synapses",)))
        self._end_looking()
        self.boxes.clear()
        self.boxes.hide()
        self.show_message("")
        self.show_state()
        if is_open and self.isVisible():
            self.lessons_requested.emit()

    def _ask_or_stop(self) -> None:
        (self.stop_requested if self._is_looking else self.boxes_requested).emit()

    def _end_looking(self) -> None:
        self._is_looking = False
        self.propose.setText(_WHERE)

    def _choose(self, item: QListWidgetItem) -> None:
        self.box_requested.emit(item.data(Qt.ItemDataRole.UserRole))

    def _lay_out(self) -> None:
        body = QWidget()
        rows = QVBoxLayout(body)
        rows.setContentsMargins(0, 0, 0, 0)
        about = QLabel(_ABOUT)
        for label in (about, self.lessons):
            label.setWordWrap(True)
        height = self.boxes.fontMetrics().lineSpacing() + 4
        self.boxes.setFixedHeight(_LIST_ROWS * height)
        for part in (about, self.lessons, self.form, self.run_panel):
            rows.addWidget(part)
        for part in (self.propose, self.boxes, self.message):
            rows.addWidget(part)
        rows.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(body)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(scroll)
