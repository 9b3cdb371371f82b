"""Run, Cancel, progress with time left, the last message, and an error with its details."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_synapse_debug.ui.message_line import MessageLine
from napari_synapse_debug.ui.session import JobState

_FINE = 1000


class RunPanel(QWidget):
    """Shows how a step stands; emits ``run_requested`` and ``cancel_requested``."""

    run_requested = Signal()
    cancel_requested = Signal()

    def __init__(self, label: str, steps: tuple[str, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._steps = steps
        self.run, self.cancel = QPushButton(label), QPushButton("Cancel")
        self.reason, self.message, self.time_left = QLabel(), MessageLine(), QLabel()
        self.bar = QProgressBar()
        self.reason.setWordWrap(True)
        buttons, progress = QHBoxLayout(), QHBoxLayout()
        buttons.addWidget(self.run)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.reason, 1)
        progress.addWidget(self.bar, 1)
        progress.addWidget(self.time_left)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.addLayout(buttons)
        column.addLayout(progress)
        column.addWidget(self.message)
        self.run.clicked.connect(self.run_requested)
        self.cancel.clicked.connect(self.cancel_requested)
        self.show_job(JobState(), "")

    def show_job(self, job: JobState, blocked: str) -> None:
        """Show ``job`` if it is one of this panel's steps, and why Run is blocked, if it is."""
        is_ours = job.step in self._steps
        is_running = is_ours and job.is_running
        self.run.setEnabled(not blocked)
        self.run.setVisible(not is_running)
        self.cancel.setVisible(is_running)
        self.reason.setText("" if is_running else blocked)
        self.bar.setVisible(is_running)
        self.time_left.setVisible(is_running)
        if is_running:
            # a total of 0 makes the bar move to and fro
            self.bar.setRange(0, _FINE if job.total else 0)
            self.bar.setValue(_FINE * job.done // job.total if job.total else 0)
            self.time_left.setText(time_text(job.seconds_left))
        if is_ours:
            self.message.show_text(message_text(job), job.details)
        else:
            self.message.clear()


def message_text(job: JobState) -> str:
    """The last message with the step it came from."""
    if job.status == "running":
        return f"{job.step}: {job.message}"
    heads = {"failed": f"{job.step} failed. ", "cancelled": "", "done": "Done. "}
    return heads.get(job.status, "") + job.message


def time_text(seconds: float | None) -> str:
    """``2 min 05 s left``; empty where it is not known."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min left"
    return f"{minutes} min {rest:02d} s left" if minutes else f"{rest} s left"
