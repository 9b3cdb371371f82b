"""The page of reviewers: work packages sent and taken back, progress, disputes, agreement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Protocol

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

_ABOUT = (
    "A work package holds the errors that are listed and what is seen around them. It opens in "
    "any napari with this plugin (Project › Open project …); the reviewer sends it back, and it is "
    "merged."
)


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
    """Emits ``package_requested(reviewer, path)``, ``merge_requested(paths)`` and others."""

    package_requested = Signal(str, object)
    merge_requested = Signal(object)
    disputes_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.reviewer, self.package = QLineEdit(), QPushButton("Make package …")
        self.merge, self.disputes = QPushButton("Merge packages …"), QPushButton("List disputes")
        self.message, self.summary = QLabel(), QLabel()
        about = QLabel(_ABOUT)
        for label in (about, self.message, self.summary):
            label.setWordWrap(True)
        self.reviewer.setPlaceholderText("name of the reviewer")
        self.package.setToolTip("Of the errors that the list shows now, in a zip to be mailed")
        self.merge.setToolTip("Take up what reviewers sent back; nothing is overwritten")
        self.disputes.setToolTip("A verdict (1 to 5) on a disputed error settles it")
        first, second, column = QHBoxLayout(), QHBoxLayout(), QVBoxLayout(self)
        first.addWidget(self.reviewer, 1)
        first.addWidget(self.package)
        second.addWidget(self.merge)
        second.addWidget(self.disputes)
        self.summary.setAlignment(Qt.AlignmentFlag.AlignTop)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(self.summary)
        column.addWidget(about)
        column.addLayout(first)
        column.addLayout(second)
        column.addWidget(self.message)
        column.addWidget(area, 1)
        self.reviewer.textChanged.connect(self._show_state)
        self.package.clicked.connect(self._ask_package)
        self.merge.clicked.connect(self._ask_merge)
        self.disputes.clicked.connect(self.disputes_requested)
        self._show_state()

    def show_message(self, text: str) -> None:
        """Show what was done, or is being done."""
        self.message.setText(text)

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
        self.disputes.setEnabled(bool(summary.disputes))

    def _show_state(self) -> None:
        self.package.setEnabled(bool(self.reviewer.text().strip()))

    def _ask_package(self) -> None:
        name = self.reviewer.text().strip()
        path, _ = QFileDialog.getSaveFileName(self, "Make a package", f"{name}.zip", "*.zip")
        if path:
            self.package_requested.emit(name, Path(path))

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
    return f"{value:.2f}" if isinstance(value, float) else escape(str(value))
