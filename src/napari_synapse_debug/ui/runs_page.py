"""The page of runs: which one is open, and what it mends and breaks against another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_synapse_debug.domain.stages import ErrorKind
from napari_synapse_debug.ui.message_line import MessageLine
from napari_synapse_debug.ui.scroll_safe import ChoiceBox
from napari_synapse_debug.ui.words import in_words

_NO_OTHER = (
    "This project has no other run to compare with. Make one with "
    "<code>synapse-debug run PROJECT --run NAME --from main --set …</code>, or by Train again."
)
_LISTED = ("broken", "kept_wrong", "new", "kept_false")
"""Changes that are errors of the run that is open, and so have a row in the list."""


class RunsPage(QWidget):
    """Emits ``run_requested(run)``, ``compare_requested(run)`` and ``change_requested(change)``."""

    run_requested = Signal(str)
    compare_requested = Signal(str)
    change_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.run, self.other = ChoiceBox(), ChoiceBox()
        self.compare, self.message = QPushButton("Compare"), MessageLine()
        self.changes = {name: QPushButton() for name in _LISTED}
        self.compare.setToolTip("Which errors of the open run are new, and which were fixed")
        grid, column = QGridLayout(), QVBoxLayout(self)
        for row, (text, box) in enumerate((("Open run", self.run), ("against", self.other))):
            grid.addWidget(QLabel(text), row, 0)
            grid.addWidget(box, row, 1)
        grid.setColumnStretch(1, 1)
        column.addLayout(grid)
        column.addWidget(self.compare)
        column.addWidget(self.message)
        for name, button in self.changes.items():
            button.setToolTip("List these errors")
            button.clicked.connect(lambda _, change=name: self.change_requested.emit(change))
            button.hide()
            column.addWidget(button)
        column.addStretch(1)
        self.run.activated.connect(lambda _: self.run_requested.emit(self.run.currentText()))
        self.compare.clicked.connect(lambda: self.compare_requested.emit(self.other.currentText()))
        self.show_runs((), "")

    def show_runs(self, runs: Sequence[str], current: str) -> None:
        """Offer ``runs``; ``current`` is the open one."""
        others = [run for run in runs if run != current]
        for box, names in ((self.run, runs), (self.other, others)):
            box.clear()
            box.addItems(list(names))
        self.run.setCurrentText(current)
        self.compare.setEnabled(bool(others))
        self.other.setEnabled(bool(others))
        self.show_message("" if others else _NO_OTHER)
        for button in self.changes.values():
            button.hide()

    def show_comparison(self, content: Mapping[str, Any]) -> None:
        """Show the content of ``comparison.json``."""
        changes = content["changes"]
        self.show_message(
            f"{content['summary']}<br><b>{changes['fixed']}</b> missed ones are found now, "
            f"<b>{changes['vanished']}</b> false ones are gone."
        )
        for name, button in self.changes.items():
            button.setText(f"{changes[name]} {in_words(name)}")
            button.setVisible(changes[name] > 0)

    def show_message(self, text: str) -> None:
        """Show ``text``."""
        self.message.show_text(text)

    def show_error(self, error: Exception) -> None:
        """Show why runs cannot be compared."""
        self.message.show_error(error)


def changes_of(findings: pd.DataFrame, rows: pd.DataFrame) -> NDArray[Any]:
    """What became of each error of the later run of a comparison: (N,) object, or empty.

    Parameters
    ----------
    findings : DataFrame
        ``domain.records.FINDINGS`` of the later run.
    rows : DataFrame
        ``evaluate.compare_rows``.
    """
    by_truth = rows.dropna(subset=["truth_row"]).set_index("truth_row")["change"]
    false = rows[rows["truth_row"].isna()].dropna(subset=["prediction_row_b"])
    by_prediction = false.set_index("prediction_row_b")["change"]
    is_false = (findings["error"] == ErrorKind.FALSE).to_numpy(np.bool_)
    of_false = findings["prediction_row"].map(by_prediction)
    of_true = findings["truth_row"].map(by_truth)
    change = np.where(is_false, of_false.to_numpy(object), of_true.to_numpy(object))
    return np.where(pd.isna(change), "", change)
