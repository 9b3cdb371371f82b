"""The Debug panel: the score above, pages below it, the buttons that all of them need."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)
from superqt import QFlowLayout

from napari_synapse_debug.ui.background import Background
from napari_synapse_debug.ui.error_view import ErrorView
from napari_synapse_debug.ui.errors_page import ErrorsPage
from napari_synapse_debug.ui.finding_table import FindingFilter
from napari_synapse_debug.ui.keys import cheat_sheet, hint
from napari_synapse_debug.ui.legend import Legend
from napari_synapse_debug.ui.message_line import MessageLine
from napari_synapse_debug.ui.names import PROJECT_MENU, SAMPLE_MENU
from napari_synapse_debug.ui.score_line import score_line
from napari_synapse_debug.ui.session import Session

_NO_PROJECT = (
    f"<h3>No project is open</h3>Open one with <b>{PROJECT_MENU}</b>, or look at the sample: "
    f"<b>{SAMPLE_MENU}</b>."
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
    verdict_requested = Signal(object)
    comment_requested = Signal(int, str)
    view_requested = Signal(bool)
    export_requested = Signal()
    shown_results = Signal()

    def __init__(
        self,
        session: Session,
        parent: QWidget | None = None,
        background: Background | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._background = session, background
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self._build_parts(session)
        self._lay_out()
        self._connect()
        self.show_results()
        self.show_finding(session.selected)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Wide enough for the list, narrow enough for the canvas of a small screen."""
        return QSize(480, 760)

    @property
    def view(self) -> ErrorView:
        """The list of errors."""
        return self.errors.view

    @property
    def search(self) -> QLineEdit:
        """Where words to search for are typed."""
        return self.errors.filters.search

    def _build_parts(self, session: Session) -> None:
        self.numbers, self.recipe, self.count = QLabel(), QLabel(), QLabel()
        # a style sheet, as napari's own would win over a font that is set
        self.numbers.setStyleSheet("font-size: 16pt; font-weight: bold;")
        self.recipe.setWordWrap(True)
        self.recipe.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.errors, self.legend = ErrorsPage(session, self._background), Legend()
        self.sheet, self.empty, self.message = QLabel(cheat_sheet()), QLabel(), MessageLine()
        self.sheet.setWordWrap(True)
        self.sheet.hide()
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
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.errors, "Errors")
        actions = QWidget()
        row = QFlowLayout(actions)  # wraps where the dock is narrow
        row.setContentsMargins(0, 0, 0, 0)
        for button in self.buttons.values():
            row.addWidget(button)
        top = QHBoxLayout()
        top.addWidget(self.numbers, 1)
        top.addWidget(self.count, 0, Qt.AlignmentFlag.AlignBottom)
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 6, 4)
        column.setSpacing(4)
        column.addLayout(top)
        column.addWidget(self.recipe)
        column.addWidget(self.empty)
        column.addWidget(self.tabs, 1)
        for part in (self.message, self.sheet, self.legend):
            column.addWidget(part)
        column.addWidget(actions)

    def add_page(self, page: QWidget, title: str, help_text: str) -> None:
        """Put ``page`` behind a tab of its own."""
        number = self.tabs.addTab(page, title)
        self.tabs.setTabToolTip(number, help_text)

    def _connect(self) -> None:
        errors, session = self.errors, self._session
        errors.view.finding_requested.connect(self.finding_requested)
        errors.view.export_requested.connect(self.export_requested)
        errors.filters.filter_requested.connect(self.filter_requested)
        errors.filters.view_requested.connect(self.view_requested)
        errors.review.verdict_requested.connect(self.verdict_requested)
        errors.review.comment_requested.connect(self.comment_requested)
        errors.review.command_requested.connect(self.command_requested)
        errors.chips.stage_toggled.connect(
            lambda stage: self.filter_requested.emit(session.filter.toggled(stage))
        )
        errors.trace.oracle_requested.connect(lambda: self.command_requested.emit("oracle"))
        for command, button in self.buttons.items():
            button.clicked.connect(lambda _, name=command: self.command_requested.emit(name))
        for command in ("sides", "dimensions", "fit", "help"):
            self.buttons[command].setToolTip(hint(command))
        self.buttons["layers"].setToolTip("Which layers show for errors of this stage")
        self.buttons["legend"].setToolTip("Show or hide the legend")
        session.results_changed.connect(self.show_results)
        session.listing_changed.connect(self.show_listing)
        session.finding_selected.connect(self.show_finding)
        session.marks_changed.connect(self.show_marks)

    def show_results(self) -> None:
        """Show the score, the causes that occur, or what to do where there is nothing to show."""
        results = self._session.results
        line = score_line(None if results is None else results.evaluation)
        self.numbers.setText(line.numbers)
        self.recipe.setText(line.recipe)
        self.recipe.setToolTip(line.notes)
        self.errors.filters.show_values()
        self.empty.setText(_empty_text(self._session))
        is_empty = not len(self._session.table)
        self.empty.setVisible(is_empty)
        # without errors other runs can be opened, and other filters tried
        self.tabs.setVisible(results is not None)
        self._column.setStretchFactor(self.empty, int(results is None))
        for part in (self.numbers, self.recipe, self.count):
            part.setVisible(results is not None)
        self.legend.setVisible(not is_empty)
        self.show_listing()
        self.shown_results.emit()

    def show_listing(self) -> None:
        """Show filter, counts and the marked row of the list."""
        self.errors.show_listing()
        self._show_count()

    def show_marks(self) -> None:
        """Show what people said of the findings."""
        self.errors.review.show_state()
        self.errors.filters.show_marks()
        self._show_count()

    def show_finding(self, finding: int | None) -> None:
        """Mark the row of ``finding`` and show its trace, and why verdicts are not saved, if so."""
        self.message.show_text(self.errors.review.problem)
        self.errors.show_finding(finding)
        self._show_count()

    def show_error(self, error: Exception) -> None:
        """Show what is wrong and what to do, until the next error of the list."""
        self.message.show_error(error)

    def take_focus(self, _: object = None) -> None:
        """Take the keys, after the mouse was used in the canvas: to the list, if it shows."""
        part = self.view if self.view.isVisible() else self.tabs.currentWidget()
        if part is not None and part.isVisible():
            part.setFocus()

    def show_message(self, text: str) -> None:
        """Show ``text`` until the next error of the list."""
        self.message.show_text(text)

    def toggle_help(self) -> None:
        """Show the list of keys, or hide it."""
        self.sheet.setVisible(self.sheet.isHidden())

    def toggle_legend(self) -> None:
        """Show the legend, or hide it."""
        self.legend.setVisible(self.legend.isHidden())

    def _show_count(self) -> None:
        session = self._session
        listed, total = len(session.listed), len(session.table)
        filtered = "" if session.filter == FindingFilter() else f"{listed} of "
        seen = int(session.marks.seen.sum())
        self.count.setText(f"{filtered}{total} errors · {seen} seen")


def _empty_text(session: Session) -> str:
    if session.results is None:
        return _NO_PROJECT
    return _NOT_DIAGNOSED if session.results.findings is None else _NO_ERRORS
