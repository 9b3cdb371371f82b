"""The page on which the truth is corrected: moved, added, deleted, scored before and now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import pandas as pd
from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_synapse_debug.domain.records import TRUTH, empty
from napari_synapse_debug.domain.roles import Kind
from napari_synapse_debug.ui.blocking import NO_PROJECT, NOT_SELECTED, allow, why_missing
from napari_synapse_debug.ui.score_line import score_line
from napari_synapse_debug.ui.scroll_safe import ChoiceBox
from napari_synapse_debug.ui.session import Session
from napari_synapse_debug.ui.truth_editor import ADD, MOVE
from napari_synapse_debug.ui.undo_buttons import UndoButtons
from napari_synapse_debug.ui.words import in_words

_ABOUT = (
    "The original truth stays as it is; what you change is a copy of its own, shown as diamonds. "
    "Click one of them, or a synapse of the truth, to edit it. Everything can be undone (U) and is "
    "saved at once."
)
_NO_TRUE = "This error is a false one: it has no true synapse"
_NOT_FALSE = "Only a false synapse, one without a truth, can be accepted"


class Score(Protocol):
    """A score before and now; see ``pipeline.CorrectedScore``."""

    @property
    def before(self) -> Mapping[str, Any]:
        """By the truth as it was."""

    @property
    def now(self) -> Mapping[str, Any]:
        """By the corrected truth."""

    @property
    def caution(self) -> str:
        """What must be said with it."""


class TruthPage(QWidget):
    """Emits ``mode_requested(mode)``, ``kind_requested(kind)`` and the like."""

    mode_requested = Signal(str)
    kind_requested = Signal(object)
    delete_requested = Signal()
    accept_requested = Signal()
    score_requested = Signal()
    command_requested = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._rows = empty(TRUTH)
        self._asked = ""  # the kind, until the corrected truth tells it
        self.modes = {MOVE: QPushButton("Move points"), ADD: QPushButton("Add synapse")}
        self.delete, self.accept = QPushButton("Delete synapse"), QPushButton("Accept as true")
        self.kind, self.score = ChoiceBox(), QPushButton("Score with corrections")
        self.prompt, self.counts, self.scores = QLabel(), QLabel(), QLabel()
        self.undo = UndoButtons()
        self._lay_out()
        self._connect()
        self.show_finding()
        self.show_counts({})

    def show_finding(self, _: object = None) -> None:
        """Allow what can be done to the selected error, and to the row that is edited."""
        row, self._asked = self._session.selected_row(), ""
        is_false = row is not None and row["error"] == "false"
        nothing = NOT_SELECTED if row is None else ""
        untrue = "" if not self._rows.empty else nothing or _NO_TRUE
        for button in (self.modes[MOVE], self.delete, self.kind):
            allow(button, self._tips[button], untrue)
        allow(self.accept, self._tips[self.accept], nothing or ("" if is_false else _NOT_FALSE))
        allow(self.modes[ADD], self._tips[self.modes[ADD]], self._why_closed())
        allow(self.score, self._tips[self.score], why_missing(self._session, ("evaluate",)))
        found = Kind.UNKNOWN.value if row is None else str(row["kind"])
        chosen = found if self._rows.empty else str(self._rows["kind"].iloc[0])
        self.kind.setCurrentIndex(max(0, self.kind.findData(chosen)))

    def show_rows(self, rows: pd.DataFrame) -> None:
        """Take the row that is edited, as corrected (``records.TRUTH``), or none."""
        self._rows = rows
        self.show_finding()

    def show_mode(self, mode: str) -> None:
        """Show what is being edited."""
        for name, button in self.modes.items():
            button.setChecked(name == mode)

    def show_prompt(self, text: str) -> None:
        """Show what to do next in the canvas."""
        self.prompt.setText(text)

    def show_counts(self, counts: Mapping[str, int]) -> None:
        """Show how many rows were changed, by what was done."""
        parts = [f"{count} {name}" for name, count in sorted(counts.items())]
        self.counts.setText("Corrected: " + (", ".join(parts) or "nothing yet"))

    def show_score(self, score: Score | None) -> None:
        """Show the score before and now; None: it is being computed."""
        if score is None:
            self.scores.setText("Scoring …")
            return
        before, now = (score_line(content).numbers for content in (score.before, score.now))
        self.scores.setText(
            f"<table><tr><td>before&nbsp;&nbsp;</td><td>{before}</td></tr><tr><td>now</td>"
            f"<td><b>{now}</b></td></tr></table><p>{score.caution}.</p>"
        )

    def show_no_score(self, _: object = None) -> None:
        """Forget the score, which could not be computed."""
        self.scores.clear()

    def _connect(self) -> None:
        for mode, button in self.modes.items():
            button.clicked.connect(
                lambda is_on, name=mode: self.mode_requested.emit(name if is_on else "")
            )
        self.delete.clicked.connect(self.delete_requested)
        self.accept.clicked.connect(self.accept_requested)
        self.score.clicked.connect(self.score_requested)
        self.undo.command_requested.connect(self.command_requested)
        self.kind.activated.connect(self._ask_kind)
        self._session.finding_selected.connect(self.show_finding)
        self._session.results_changed.connect(self._forget)

    def _ask_kind(self) -> None:
        chosen, now = str(self.kind.currentData()), self._asked
        if not now and len(self._rows):
            now = str(self._rows["kind"].iloc[0])
        if chosen != now:
            self._asked = chosen
            self.kind_requested.emit(Kind(chosen))

    def _why_closed(self) -> str:
        return NO_PROJECT if self._session.results is None else ""

    def _forget(self) -> None:
        self.scores.clear()
        self.show_counts({})
        self.show_finding()

    def _lay_out(self) -> None:
        for kind in Kind:
            self.kind.addItem(in_words(kind), kind.value)
        self._tips: dict[QWidget, str] = {
            self.modes[MOVE]: "Drag pre, cleft and post in the canvas: of the selected error, or "
            "of the synapse of the truth that you click",
            self.modes[ADD]: "Three clicks in the canvas: pre, cleft, post",
            self.delete: "The selected error's true synapse, or the one that you clicked, is none",
            self.accept: "The selected false synapse is a true one (A)",
            self.kind: "Kind of the selected error's true synapse, or of the one that you clicked",
            self.score: "The run's score by the truth as it was and as it is corrected",
        }
        for button in self.modes.values():
            button.setCheckable(True)
        about = QLabel(_ABOUT)
        for label in (about, self.prompt, self.counts, self.scores):
            label.setWordWrap(True)
        grid, kinds, column = QGridLayout(), QHBoxLayout(), QVBoxLayout(self)
        grid.addWidget(self.modes[MOVE], 0, 0)
        grid.addWidget(self.modes[ADD], 0, 1)
        grid.addWidget(self.delete, 1, 0)
        grid.addWidget(self.accept, 1, 1)
        kinds.addWidget(QLabel("Kind"))
        kinds.addWidget(self.kind, 1)
        column.addWidget(about)
        column.addLayout(grid)
        column.addLayout(kinds)
        done = QHBoxLayout()
        done.addWidget(self.counts, 1)
        done.addWidget(self.undo)
        column.addWidget(self.prompt)
        column.addLayout(done)
        for part in (self.score, self.scores):
            column.addWidget(part)
        column.addStretch(1)
