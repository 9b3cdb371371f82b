"""What is listed: error, cause and words in one row; more under a button."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from superqt import QFlowLayout

from napari_synapse_debug.domain.stages import ErrorKind
from napari_synapse_debug.domain.verdicts import Verdict
from napari_synapse_debug.ui.finding_table import NO_VERDICT, FindingFilter
from napari_synapse_debug.ui.keys import hint
from napari_synapse_debug.ui.marks import DISPUTED
from napari_synapse_debug.ui.session import Session
from napari_synapse_debug.ui.spin_boxes import RealBox
from napari_synapse_debug.ui.words import in_words

CHANGES = ("broken", "kept_wrong", "new", "kept_false", "fixed", "vanished")


class FilterRow(QWidget):
    """Emits ``filter_requested(filter)`` and, for what is in view, ``view_requested(is_on)``."""

    filter_requested = Signal(object)
    view_requested = Signal(bool)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.boxes = {
            "error": _choice("all errors", ErrorKind, 9),
            "cause": _choice("all causes", (), 12),
            "kind": _choice("all kinds", (), 8),
            "verdict": _choice("any verdict", (NO_VERDICT, *Verdict, DISPUTED), 10),
            "change": _choice("any change", CHANGES, 8),
        }
        verdict = self.boxes["verdict"]
        verdict.setItemText(verdict.findData(NO_VERDICT), "not reviewed")
        self.search, self.more, self.reset = QLineEdit(), QPushButton(), QPushButton("Reset")
        self.unseen, self.in_view = QPushButton("Unseen"), QPushButton("In view")
        self.least, self.most = _score(0.0, "score from"), _score(1.0, "score to")
        self._lay_out()
        self._connect()

    def show_filter(self) -> None:
        """Show the session's filter."""
        chosen = self._session.filter
        for name, box in self.boxes.items():
            box.setCurrentIndex(max(0, box.findData(getattr(chosen, name))))
        if self.search.text() != chosen.text:
            self.search.setText(chosen.text)
        self.unseen.setChecked(chosen.is_unseen)
        self.in_view.setChecked(chosen.view_nm is not None)
        for spin, value, end in zip((self.least, self.most), chosen.score, (0.0, 1.0), strict=True):
            spin.blockSignals(True)
            spin.setValue(end if value is None else value)
            spin.blockSignals(False)
        plain = replace(chosen, error="", cause="", text="", stages=frozenset())
        self.more.setText("more •" if plain != FindingFilter() else "more")
        self.reset.setEnabled(chosen != FindingFilter())

    def show_values(self) -> None:
        """Offer the causes and kinds that occur."""
        for name in ("cause", "kind"):
            box = self.boxes[name]
            while box.count() > 1:
                box.removeItem(1)
            for value in self._session.table.values(name):
                box.addItem(in_words(value), value)
        self.show_marks()

    def show_marks(self) -> None:
        """Offer to filter by change where runs are compared."""
        self.boxes["change"].setVisible(bool((self._session.marks.change != "").any()))

    def _ask(self, **change: Any) -> None:
        self.filter_requested.emit(replace(self._session.filter, **change))

    def _ask_score(self) -> None:
        least, most = self.least.value(), self.most.value()
        self._ask(score=(least if least > 0 else None, most if most < 1 else None))

    def _connect(self) -> None:
        for name, box in self.boxes.items():
            box.activated.connect(
                lambda _, key=name, box=box: self._ask(**{key: str(box.currentData() or "")})
            )
        self.search.textEdited.connect(lambda text: self._ask(text=text))
        self.unseen.clicked.connect(lambda is_on: self._ask(is_unseen=is_on))
        self.in_view.clicked.connect(self.view_requested)
        for spin in (self.least, self.most):
            spin.valueChanged.connect(self._ask_score)
        self.reset.clicked.connect(lambda: self.filter_requested.emit(FindingFilter()))
        self.more.toggled.connect(self.rest.setVisible)

    def _lay_out(self) -> None:
        self.search.setPlaceholderText("search")
        self.search.setToolTip(f"Words that all occur in a row. {hint('search')}")
        self.search.setClearButtonEnabled(True)
        self.more.setText("more")
        self.more.setCheckable(True)
        self.more.setToolTip("More filters: kind, verdict, score, unseen, in view")
        self.unseen.setToolTip("Only errors that you have not looked at")
        self.in_view.setToolTip(
            "Only errors inside the present view, through all sections; press twice to renew it"
        )
        self.boxes["change"].setToolTip("What became of it since the run that is compared with")
        for button in (self.unseen, self.in_view):
            button.setCheckable(True)
        self.rest = QWidget()
        column, first, rest = QVBoxLayout(self), QHBoxLayout(), QFlowLayout(self.rest)
        for layout in (column, first, rest):
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setSpacing(4)
        for widget, stretch in (
            (self.boxes["error"], 0),
            (self.boxes["cause"], 1),
            (self.search, 1),
            (self.more, 0),
        ):
            first.addWidget(widget, stretch)
        for name in ("kind", "verdict", "change"):
            rest.addWidget(self.boxes[name])
        for part in (self.least, self.most, self.unseen, self.in_view, self.reset):
            rest.addWidget(part)
        column.addLayout(first)
        column.addWidget(self.rest)
        self.rest.hide()


def _choice(everything: str, values: Any, letters: int) -> QComboBox:
    box = QComboBox()
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(letters)
    box.addItem(everything, "")
    for value in values:
        box.addItem(in_words(str(value)), str(value))
    return box


def _score(end: float, label: str) -> RealBox:
    box = RealBox()
    box.setRange(0.0, 1.0)
    box.setSingleStep(0.05)
    box.setStepType(RealBox.StepType.DefaultStepType)
    box.setValue(end)
    box.setPrefix(f"{label} ")
    box.setKeyboardTracking(False)
    box.setToolTip("Errors without a score are left out where a limit is set")
    return box
