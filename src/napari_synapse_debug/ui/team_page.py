"""The page of reviewers: work packages sent and taken back, progress, disputes, agreement."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Protocol

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from napari_synapse_debug.domain.errors import StepCancelledError
from napari_synapse_debug.domain.events import Event
from napari_synapse_debug.ui.blocking import IN_PACKAGE, NO_PROJECT, allow
from napari_synapse_debug.ui.message_line import MessageLine
from napari_synapse_debug.ui.session import Session

_ABOUT = (
    "A work package holds the errors that are listed and what is seen around them. It opens in "
    "any napari with this plugin (Project › Open package …); the reviewer sends it back, and it is "
    "merged."
)
_PACKAGE = "Of the errors that the list shows now, in a zip to be mailed"
_MERGE = "Take up what reviewers sent back; nothing is overwritten"
_DISPUTES = "A verdict (1 to 5) on a disputed error settles it"
_SIGNED = "A work package is signed by the reviewer whom it was made for"
_AUTHOR = "Your verdicts are signed with it, from now on"


class Summary(Protocol):
    """How a review stands; see ``pipeline.ReviewSummary``."""

    @property
    def progress(self) -> Sequence[Mapping[str, Any]]:
        """By reviewer."""

    @property
    def disputes(self) -> Sequence[Mapping[str, Any]]:
        """By finding."""

    @property
    def agreement(self) -> Sequence[Mapping[str, Any]]:
        """By two reviewers."""


class TeamPage(QWidget):
    """Emits ``package_requested(reviewer, path)``, ``merge_requested(paths)`` and others.

    ``summary_requested`` whenever what it shows may have changed while it is seen, and
    ``name_given(name)`` when a person gives the name that verdicts are signed with.
    """

    package_requested = Signal(str, object)
    cancel_requested = Signal()
    merge_requested = Signal(object)
    disputes_requested = Signal()
    summary_requested = Signal()
    name_given = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._is_making, self._has_disputes, self._author = False, False, ""
        self.author, self.reviewer = QLineEdit(), QLineEdit()
        self.package, self.cancel = QPushButton("Make package …"), QPushButton("Cancel")
        self.merge, self.disputes = QPushButton("Merge packages …"), QPushButton("List disputes")
        self.bar, self.message, self.summary = QProgressBar(), MessageLine(), QLabel()
        self._lay_out()
        self._connect()
        self._show_state()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Ask how the review stands now."""
        super().showEvent(event)
        self.summary_requested.emit()

    def ask_anew(self) -> None:
        """Ask how the review stands where the page is seen; else it does so once it is."""
        if self.isVisible():
            self.summary_requested.emit()

    def show_author(self, name: str) -> None:
        """Show whose verdicts are given here."""
        self._author = name
        self.author.setText(name)
        self._show_state()

    def show_message(self, text: str) -> None:
        """Show what was done, or is being done."""
        self.message.show_text(text)

    def show_error(self, error: Exception) -> None:
        """Show why something cannot be done."""
        self.message.show_error(error)

    def show_making(self) -> None:
        """Show that a package is being made."""
        self._is_making = True
        self.bar.setRange(0, 0)
        self.show_message("Writing the package …")
        self._show_state()

    def show_progress(self, event: Event) -> None:
        """Show how far the package is."""
        self.bar.setRange(0, event.total)
        self.bar.setValue(event.done)
        self.show_message(f"Writing the package: {event.message} …")

    def show_made(self, text: str) -> None:
        """Show what came of the package."""
        self._is_making = False
        self.show_message(text)
        self._show_state()

    def show_not_made(self, error: Exception) -> None:
        """Show why there is no package: it was stopped, or something failed."""
        self.show_made(str(error))
        if not isinstance(error, StepCancelledError):
            self.show_error(error)

    def show_summary(self, summary: Summary) -> None:
        """Show progress, disputes and agreement."""
        parts = [
            _table("Reviewers", summary.progress, ("reviewer", "assigned", "reviewed", "seen")),
            _table("Disputes", summary.disputes, ("finding", "said")),
            _table(
                "Agreement",
                summary.agreement,
                ("author_a", "author_b", "n_shared", "n_agreed", "kappa"),
            ),
        ]
        self.summary.setText("".join(parts) or "Nobody reviewed anything yet.")
        self._has_disputes = bool(summary.disputes)
        self._show_state()

    def _forget(self) -> None:
        """Show nothing of the results before."""
        self.summary.clear()
        self._has_disputes = False
        if not self._is_making:
            self.message.clear()
        self._show_state()
        self.ask_anew()

    def _show_state(self) -> None:
        """Allow what can be done, and say of the rest why it cannot."""
        closed = self._why_closed()
        name = "" if self.reviewer.text().strip() else "Write the name of the reviewer first"
        listed = "" if len(self._session.listed) else "No errors are listed to be sent"
        busy = "A package is being made" if self._is_making else ""
        allow(self.package, _PACKAGE, closed or busy or listed or name)
        allow(self.merge, _MERGE, closed)
        allow(self.disputes, _DISPUTES, "" if self._has_disputes else "Nothing is disputed")
        allow(self.author, _AUTHOR, _SIGNED if closed == IN_PACKAGE else closed)
        for part in (self.bar, self.cancel):
            part.setVisible(self._is_making)

    def _why_closed(self) -> str:
        results = self._session.results
        if results is None or self._session.project is None:
            return NO_PROJECT
        return IN_PACKAGE if results.is_package else ""

    def _give_name(self) -> None:
        if self.author.text().strip() != self._author:
            self.name_given.emit(self.author.text().strip())

    def _lay_out(self) -> None:
        about = QLabel(_ABOUT)
        for label in (about, self.summary):
            label.setWordWrap(True)
        self.author.setPlaceholderText("your name")
        self.reviewer.setPlaceholderText("name of the reviewer")
        self.cancel.setToolTip("End the making of the package; nothing of it is left")
        grid, buttons, progress, column = (
            QGridLayout(),
            QHBoxLayout(),
            QHBoxLayout(),
            QVBoxLayout(self),
        )
        grid.addWidget(QLabel("Reviewed by"), 0, 0)
        grid.addWidget(self.author, 0, 1, 1, 2)
        grid.addWidget(QLabel("Package for"), 1, 0)
        grid.addWidget(self.reviewer, 1, 1)
        grid.addWidget(self.package, 1, 2)
        grid.setColumnStretch(1, 1)
        for layout, parts in (
            (buttons, (self.merge, self.disputes)),
            (progress, (self.bar, self.cancel)),
        ):
            for part in parts:
                layout.addWidget(part)
        self.summary.setAlignment(Qt.AlignmentFlag.AlignTop)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(self.summary)
        column.addWidget(about)
        for layout in (grid, buttons, progress):
            column.addLayout(layout)
        column.addWidget(self.message)
        column.addWidget(area, 1)

    def _connect(self) -> None:
        self.author.editingFinished.connect(self._give_name)
        self.reviewer.textChanged.connect(self._show_state)
        self.package.clicked.connect(self._ask_package)
        self.cancel.clicked.connect(self.cancel_requested)
        self.merge.clicked.connect(self._ask_merge)
        self.disputes.clicked.connect(self.disputes_requested)
        self._session.results_changed.connect(self._forget)
        self._session.listing_changed.connect(self._show_state)

    def _ask_package(self) -> None:
        name = self.reviewer.text().strip()
        path, _ = QFileDialog.getSaveFileName(self, "Make a package", f"{name}.zip", "*.zip")
        if path:
            # the dialog adds no ending; "Dr. Smith" has none
            named = Path(path if path.lower().endswith(".zip") else f"{path}.zip")
            self.package_requested.emit(name, named)

    def _ask_merge(self) -> None:
        kinds = "Packages, or the verdicts in their folder (*.zip *.sqlite)"
        paths, _ = QFileDialog.getOpenFileNames(self, "Merge packages", "", kinds)
        if paths:
            self.merge_requested.emit([Path(path) for path in paths])


def _table(title: str, rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> str:
    if not rows:
        return ""
    heads = "".join(f"<td><i>{name.replace('_', ' ')}</i>&nbsp;&nbsp;</td>" for name in names)
    lines = "".join(
        "<tr>" + "".join(f"<td>{_cell(row[name])}&nbsp;&nbsp;</td>" for name in names) + "</tr>"
        for row in rows
    )
    return f"<p><b>{title}</b></p><table><tr>{heads}</tr>{lines}</table>"


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.2f}"
    return escape(str(value))
