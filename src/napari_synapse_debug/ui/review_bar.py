"""Below the list: how far the review is, the comment, and a button for each verdict."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtGui import QFocusEvent
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_synapse_debug.domain.verdicts import Verdict
from napari_synapse_debug.ui.blocking import NO_VERDICT_GIVEN, NOT_SELECTED, allow
from napari_synapse_debug.ui.keys import hint
from napari_synapse_debug.ui.session import Session
from napari_synapse_debug.ui.undo_buttons import UndoButtons
from napari_synapse_debug.ui.words import in_words

SHORT = {
    Verdict.MODEL_ERROR: "model",
    Verdict.SEGMENTATION_ERROR: "segm.",
    Verdict.GROUND_TRUTH_ERROR: "truth",
    Verdict.AMBIGUOUS: "ambig.",
    Verdict.UNSURE: "unsure",
}
"""A verdict in a narrow place."""

MEANING = {
    Verdict.MODEL_ERROR: "the prediction is wrong",
    Verdict.SEGMENTATION_ERROR: "the neuron segmentation is wrong",
    Verdict.GROUND_TRUTH_ERROR: "the truth is wrong",
    Verdict.AMBIGUOUS: "the data do not tell",
    Verdict.UNSURE: "you cannot tell",
}


_PROGRESS = "Errors of this run that have a verdict"


class CommentLine(QLineEdit):
    """One line; emits ``comment_given(finding, text)`` where it was changed.

    That is on Return, or when it is left, or before it shows that of another finding.
    """

    comment_given = Signal(int, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._finding: int | None = None
        self._saved: str | None = ""
        self.setPlaceholderText("comment")
        self.setToolTip(hint("comment"))
        self.returnPressed.connect(self.give)

    def show_comment(self, finding: int | None, text: str) -> None:
        """Show the comment on ``finding``."""
        self.give()
        self._finding, self._saved = finding, text
        self.setText(text)

    def is_of(self, finding: int | None) -> bool:
        """Whether it shows the comment on ``finding``."""
        return self._finding == finding

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """Give the comment when it is left."""
        super().focusOutEvent(event)
        self.give()

    def give(self) -> None:
        """Give the comment, if it was changed."""
        text = self.text().strip()
        if self._finding is not None and text != self._saved:
            self._saved = text
            self.comment_given.emit(self._finding, text)

    def drop(self) -> None:
        """Be of no finding, with nothing to give."""
        self._finding, self._saved = None, ""
        self.clear()

    def keep(self, text: str) -> None:
        """Show ``text``, which could not be saved, to be given again."""
        self._saved = None
        self.setText(text)


class ReviewBar(QWidget):
    """Emits ``verdict_requested(verdict)`` and ``comment_requested(finding, text)``.

    ``problem`` tells why no verdicts can be shown or saved; empty where they can.

    ``command_requested(command)`` asks to take a verdict back, to undo or to redo.
    """

    command_requested = Signal(str)
    verdict_requested = Signal(object)
    comment_requested = Signal(int, str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self.problem = session, ""
        self._unsaved: dict[int, str] = {}
        self.progress, self.comment = QProgressBar(), CommentLine()
        self.buttons: dict[Verdict, QPushButton] = {}
        first, second = QHBoxLayout(), QHBoxLayout()
        first.addWidget(self.progress, 2)
        first.addWidget(self.comment, 3)
        self.undo = UndoButtons()
        self.undo.command_requested.connect(self.command_requested)
        first.addWidget(self.undo)
        for number, verdict in enumerate(Verdict, 1):
            button = QPushButton(f"{number} {SHORT[verdict]}")
            button.setCheckable(True)
            button.setMinimumWidth(10)
            button.clicked.connect(lambda _, given=verdict: self._ask(given))
            self.buttons[verdict] = button
            second.addWidget(button, 1)
        self.take_back = QPushButton("0 none")
        self.take_back.setToolTip(hint("take back"))
        self.take_back.setMinimumWidth(10)
        self.take_back.clicked.connect(lambda: self.command_requested.emit("take back"))
        second.addWidget(self.take_back, 1)
        column = QVBoxLayout(self)
        for layout in (column, first, second):
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setSpacing(4)
        column.addLayout(first)
        column.addLayout(second)
        self.comment.comment_given.connect(self._ask_comment)
        session.results_changing.connect(self._leave)

    def keep_comment(self, finding: int, text: str) -> None:
        """Keep what could not be saved, until it is, or the window shows other results."""
        self._unsaved[finding] = text
        if self.comment.is_of(finding):
            self.comment.keep(text)

    def _leave(self, is_same: bool) -> None:
        """Give the comment to the errors that are still open; others may have its number."""
        self.comment.give()
        if not is_same:
            self._unsaved.clear()
            self.comment.drop()

    def _ask_comment(self, finding: int, text: str) -> None:
        self._unsaved.pop(finding, None)
        self.comment_requested.emit(finding, text)

    def show_problem(self, text: str) -> None:
        """Show why no verdicts can be shown or saved; empty where they can."""
        self.problem = text
        self.show_state()

    def show_state(self) -> None:
        """Show progress, and verdict and comment of the selected finding."""
        marks, total = self._session.marks, len(self._session.table)
        reviewed = int(marks.is_reviewed.sum())
        self.progress.setMaximum(max(1, total))
        self.progress.setValue(reviewed)
        progress = f"{reviewed}/{total} reviewed"
        self.progress.setFormat("verdicts not saved" if self.problem else progress)
        self.progress.setToolTip(self.problem or _PROGRESS)
        finding = self._session.selected
        at = None if finding is None else self._session.table.position(finding)
        given = "" if at is None else str(marks.verdict[at])
        for verdict, button in self.buttons.items():
            button.setChecked(verdict == given)
            tip = f"{in_words(verdict).capitalize()}: {MEANING[verdict]}; and go on"
            allow(button, tip, NOT_SELECTED if at is None else "")
        allow(self.take_back, hint("take back"), "" if given else NO_VERDICT_GIVEN)
        own, everyone = ("", "") if at is None else (marks.own_comment[at], marks.comment[at])
        others = f"\nAll comments: {everyone}" if everyone != own else ""
        tip = hint("comment") + others
        is_of_it = self.comment.is_of(finding)
        is_kept = finding in self._unsaved  # given again when it is left, not at each change
        if not is_of_it or not (is_kept or self.comment.hasFocus()):
            self.comment.show_comment(finding, str(own))
            if finding in self._unsaved:
                self.comment.keep(self._unsaved[finding])
        allow(self.comment, tip, NOT_SELECTED if at is None else "")

    def _ask(self, verdict: Verdict) -> None:
        self.verdict_requested.emit(verdict)
        self.show_state()  # a click toggles the button, whatever came of it
