"""Score, stages, list of errors and trace of one error, one below the other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)
from superqt import QFlowLayout

from napari_synapse_debug.domain.errors import SynapseDebugError
from napari_synapse_debug.domain.stages import ErrorKind
from napari_synapse_debug.ui.error_model import ErrorModel
from napari_synapse_debug.ui.error_view import ErrorView
from napari_synapse_debug.ui.finding_table import FindingFilter
from napari_synapse_debug.ui.keys import cheat_sheet, hint
from napari_synapse_debug.ui.legend import Legend
from napari_synapse_debug.ui.score_line import score_line
from napari_synapse_debug.ui.section_views import SectionViews
from napari_synapse_debug.ui.session import Session
from napari_synapse_debug.ui.stage_chips import StageChips
from napari_synapse_debug.ui.trace_view import TraceView
from napari_synapse_debug.ui.words import in_words

_NO_PROJECT = (
    "<h3>No project is open</h3>Open one with <b>Plugins › Project</b>, or look at the sample: "
    "<b>File › Open Sample › Simulated neuropil</b>."
)
_NOT_DIAGNOSED = (
    "<h3>Nothing is diagnosed yet</h3>Run <b>Evaluate</b>: it compares the synapses that were "
    "found with the truth and traces each error to the stage that lost it."
)
_NO_ERRORS = "<h3>0 errors under this rule</h3>Change the rule or the box in <b>Evaluate</b>."


class DebugPanel(QWidget):
    """The view of a session's findings; it changes nothing itself and emits what is asked for."""

    finding_requested = Signal(int)
    filter_requested = Signal(object)
    command_requested = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self._build_parts(session)
        self._lay_out()
        self._connect()
        self.show_results()
        self.show_finding(session.selected)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Wide enough for the list, narrow enough for the canvas of a small screen."""
        return QSize(480, 760)

    def _build_parts(self, session: Session) -> None:
        self.numbers, self.recipe, self.count = QLabel(), QLabel(), QLabel()
        # a style sheet, as napari's own would win over a font that is set
        self.numbers.setStyleSheet("font-size: 16pt; font-weight: bold;")
        self.recipe.setWordWrap(True)
        self.recipe.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.chips = StageChips()
        self.error, self.cause, self.search = QComboBox(), QComboBox(), QLineEdit()
        for box, letters in ((self.error, 9), (self.cause, 14)):
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            box.setMinimumContentsLength(letters)
        self.error.addItem("all errors", "")
        for kind in ErrorKind:
            self.error.addItem(str(kind), str(kind))
        self.search.setPlaceholderText("search")
        self.search.setToolTip(f"Words that all occur in a row. {hint('search')}")
        self.search.setClearButtonEnabled(True)
        self.view = ErrorView(ErrorModel(session, self))
        self.trace, self.sections, self.legend = TraceView(), SectionViews(), Legend()
        self.sheet, self.empty, self.message = QLabel(cheat_sheet()), QLabel(), QLabel()
        for part in (self.sheet, self.message):
            part.setWordWrap(True)
            part.hide()
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.buttons = {
            "sides": QPushButton("Truth ⇄ found"),
            "dimensions": QPushButton("2D / 3D"),
            "fit": QPushButton("Fit"),
            "layers": QPushButton("Layers"),
            "legend": QPushButton("Legend"),
            "help": QPushButton("?"),
        }

    def _lay_out(self) -> None:
        filters = QHBoxLayout()
        for widget, stretch in ((self.error, 0), (self.cause, 1), (self.search, 1)):
            filters.addWidget(widget, stretch)
        upper, lower = QWidget(), QWidget()
        above, below = QVBoxLayout(upper), QVBoxLayout(lower)
        for column in (above, below):
            column.setContentsMargins(0, 0, 0, 0)
        above.addWidget(self.chips)
        above.addLayout(filters)
        above.addWidget(self.view, 1)
        below.addWidget(self.sections)
        below.addWidget(self.trace, 1)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(upper)
        splitter.addWidget(lower)
        splitter.setChildrenCollapsible(False)
        splitter.setSizes([380, 470])
        self.pages = QStackedWidget()
        self.pages.addWidget(splitter)
        self.pages.addWidget(self.empty)
        actions = QWidget()
        row = QFlowLayout(actions)  # wraps where the dock is narrow
        row.setContentsMargins(0, 0, 0, 0)
        for button in self.buttons.values():
            row.addWidget(button)
        top = QHBoxLayout()
        top.addWidget(self.numbers, 1)
        top.addWidget(self.count, 0, Qt.AlignmentFlag.AlignBottom)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 6, 4)
        column.setSpacing(4)
        column.addLayout(top)
        column.addWidget(self.recipe)
        column.addWidget(self.pages, 1)
        for part in (self.message, self.sheet, self.legend):
            column.addWidget(part)
        column.addWidget(actions)

    def _connect(self) -> None:
        self.view.finding_requested.connect(self.finding_requested)
        self.chips.stage_toggled.connect(
            lambda stage: self.filter_requested.emit(self._session.filter.toggled(stage))
        )
        self.error.activated.connect(lambda _: self._ask(error=self.error.currentData()))
        self.cause.activated.connect(lambda _: self._ask(cause=self.cause.currentData()))
        self.search.textEdited.connect(lambda text: self._ask(text=text))
        for command, button in self.buttons.items():
            button.clicked.connect(lambda _, name=command: self.command_requested.emit(name))
        for command in ("sides", "dimensions", "fit", "help"):
            self.buttons[command].setToolTip(hint(command).capitalize())
        self.buttons["layers"].setToolTip("Show the layers that matter for this stage again")
        self.buttons["legend"].setToolTip("Show or hide the legend")
        self._session.results_changed.connect(self.show_results)
        self._session.listing_changed.connect(self.show_listing)
        self._session.finding_selected.connect(self.show_finding)

    def _ask(self, **change: Any) -> None:
        self.filter_requested.emit(replace(self._session.filter, **change))

    def show_results(self) -> None:
        """Show the score, the causes that occur, or what to do where there is nothing to show."""
        results = self._session.results
        line = score_line(None if results is None else results.evaluation)
        self.numbers.setText(line.numbers)
        self.recipe.setText(line.recipe)
        self.recipe.setToolTip(line.notes)
        self.cause.clear()
        self.cause.addItem("all causes", "")
        for cause in self._session.table.causes():
            self.cause.addItem(in_words(cause), cause)
        self.empty.setText(_empty_text(self._session))
        is_empty = not len(self._session.table)
        self.pages.setCurrentIndex(int(is_empty))
        for part in (self.numbers, self.recipe, self.count):
            part.setVisible(results is not None)
        self.legend.setVisible(not is_empty)
        self.show_listing()

    def show_listing(self) -> None:
        """Show filter, counts and the marked row of the list."""
        session, chosen = self._session, self._session.filter
        self.chips.show_counts(session.table.stage_counts(chosen), chosen.stages)
        self.error.setCurrentIndex(self.error.findData(chosen.error))
        self.cause.setCurrentIndex(self.cause.findData(chosen.cause))
        if self.search.text() != chosen.text:
            self.search.setText(chosen.text)
        self.view.show_finding(session.selected)
        self._show_count()

    def show_finding(self, finding: int | None) -> None:
        """Mark the row of ``finding`` and show its trace."""
        row = self._session.selected_row()
        self.message.hide()
        self.view.show_finding(finding)
        self.trace.show_finding(row)
        self.sections.show_finding(self._session.results, row)
        self._show_count()

    def show_error(self, error: SynapseDebugError) -> None:
        """Show what is wrong and what to do, until the next error of the list."""
        self.message.setText(str(error))
        self.message.show()

    def toggle_help(self) -> None:
        """Show the list of keys, or hide it."""
        self.sheet.setVisible(self.sheet.isHidden())

    def toggle_legend(self) -> None:
        """Show the legend, or hide it."""
        self.legend.setVisible(self.legend.isHidden())

    def _show_count(self) -> None:
        listed, total, seen = (
            len(self._session.listed),
            len(self._session.table),
            self._session.seen,
        )
        filtered = "" if self._session.filter == FindingFilter() else f"{listed} of "
        self.count.setText(f"{filtered}{total} errors · {len(seen)} seen")


def _empty_text(session: Session) -> str:
    if session.results is None:
        return _NO_PROJECT
    return _NOT_DIAGNOSED if session.results.findings is None else _NO_ERRORS
