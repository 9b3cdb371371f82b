"""The list of errors: a row is gone to by click, by arrow keys and by Return."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import QItemSelectionModel, QModelIndex, QPoint, QSignalBlocker, Qt, Signal
from qtpy.QtGui import QAction, QFocusEvent, QKeyEvent, QKeySequence, QMouseEvent, QResizeEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QHeaderView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from napari_synapse_debug.ui.error_model import COLUMNS, ErrorModel

_HEADS = [column.head for column in COLUMNS]
_FIRST_TO_GO = ("z, y, x [nm]", "size [µm³]", "partners", "comment", "score", "kind", "seen")
_USUALLY_HIDDEN = frozenset({"change", "comment", "seen"})
_MARGIN_EM = 1.6
_LEAST_CAUSE_EM = 8
_MEASURED_ROWS = 60


class StageDelegate(QStyledItemDelegate):
    """Paints the stage in its hue, also in the selected row."""

    def initStyleOption(  # noqa: N802
        self, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Leave the mark of selection to the other columns."""
        super().initStyleOption(option, index)
        option.state &= ~QStyle.StateFlag.State_Selected


class ErrorView(QTableView):
    """The list; it emits ``finding_requested`` and shows the finding that it is told."""

    finding_requested = Signal(int)
    export_requested = Signal()
    columns_chosen = Signal(object)

    def __init__(self, model: ErrorModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._errors = model
        self._is_told = False
        self._row_before_press = -1
        self._usual = frozenset(_HEADS) - _USUALLY_HIDDEN
        self._chosen: dict[str, bool] = {}
        self.setModel(model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)  # Tab goes on to what stands below
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setWordWrap(False)
        self.setShowGrid(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(int(self.fontMetrics().height() * 1.5))
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self._show_order()
        self.setSortingEnabled(True)
        self.setItemDelegateForColumn(_HEADS.index("stage"), StageDelegate(self))
        head.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        head.customContextMenuRequested.connect(self._ask_columns)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self._add_actions()
        self.clicked.connect(self._request_again)
        self.selectionModel().currentRowChanged.connect(self._request)
        model.modelReset.connect(self._show_order)
        model.modelReset.connect(self.fit_columns)

    def show_finding(self, finding: int | None) -> None:
        """Mark the row of ``finding`` without asking for it again."""
        row = self._errors.row_of(finding)
        if row is None:
            self.clearSelection()
            return
        index = self._errors.index(row, max(self.currentIndex().column(), 0))
        aside = self.horizontalScrollBar().value()
        self._is_told = True
        try:
            flags = QItemSelectionModel.SelectionFlag
            self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
            self.scrollTo(index)
        finally:
            self._is_told = False
        self.horizontalScrollBar().setValue(aside)

    def fit_columns(self) -> None:
        """Give each column the width of its widest text, and hide those that have no room.

        Only the first rows are measured, so that a long list opens at once. Columns that the user
        chose are left as they are: where they need more room, the list scrolls sideways.
        """
        metrics, margin = self.fontMetrics(), int(self.fontMetrics().height() * _MARGIN_EM)
        widths = [metrics.horizontalAdvance(head) + margin for head in _HEADS]
        for row in range(min(_MEASURED_ROWS, self._errors.rowCount())):
            for column in range(len(COLUMNS)):
                text = self._errors.data(self._errors.index(row, column))
                widths[column] = max(widths[column], metrics.horizontalAdvance(text) + margin // 2)
        width_of, room = dict(zip(_HEADS, widths, strict=True)), self.viewport().width()
        width_of["cause"] = max(width_of["cause"], self._least_cause)
        shown = {head for head in _HEADS if self._chosen.get(head, head in self._usual)}
        for head in _FIRST_TO_GO:
            if head not in self._chosen and sum(width_of[name] for name in shown) > room:
                shown.discard(head)
        self._stretch_cause(room - sum(width_of[name] for name in shown - {"cause"}))
        for column, head in enumerate(_HEADS):
            self.setColumnHidden(column, head not in shown)
            if head != "cause":
                self.setColumnWidth(column, width_of[head])

    @property
    def chosen_columns(self) -> dict[str, bool]:
        """Whether each column that the user chose is to show, by its head."""
        return dict(self._chosen)

    def choose_columns(self, chosen: Mapping[str, bool]) -> None:
        """Show and hide columns as the user has ``chosen``; unknown heads are passed over."""
        self._chosen = {head: bool(chosen[head]) for head in _HEADS if head in chosen}
        self.fit_columns()

    def show_column(self, head: str) -> None:
        """Show the column ``head`` from now on, if the user did not hide it."""
        self._usual |= {head}
        self.fit_columns()

    def copy(self) -> None:
        """Copy the marked row to the clipboard, with tabs between its texts."""
        index = self.currentIndex()
        clipboard = QApplication.clipboard()
        if index.isValid() and clipboard is not None:
            clipboard.setText(self._errors.text_of_row(index.row()))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Choose the columns for the new width, and keep the marked row in sight."""
        super().resizeEvent(event)
        aside = self.horizontalScrollBar().value()
        self.fit_columns()
        if self.currentIndex().isValid():
            self.scrollTo(self.currentIndex())
        self.horizontalScrollBar().setValue(aside)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Go again to the current row on Return."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._request(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """Take the focus without going anywhere: Qt marks the first row where none is."""
        self._is_told = True
        try:
            super().focusInEvent(event)
        finally:
            self._is_told = False

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Remember the row that was marked, since pressing on another asks for that already."""
        self._row_before_press = self.currentIndex().row()
        super().mousePressEvent(event)

    def _show_order(self) -> None:
        """Let the arrow stand at the column by which the session sorts, without sorting."""
        with QSignalBlocker(self.horizontalHeader()):
            self.horizontalHeader().setSortIndicator(*self._errors.order)

    @property
    def _least_cause(self) -> int:
        return int(self.fontMetrics().height() * _LEAST_CAUSE_EM)

    def _stretch_cause(self, room: int) -> None:
        """Give the cause the ``room`` that is left, or else the least that it must have."""
        head, column = self.horizontalHeader(), _HEADS.index("cause")
        least = self._least_cause
        modes = QHeaderView.ResizeMode
        head.setSectionResizeMode(column, modes.Stretch if room >= least else modes.Interactive)
        if room < least:
            self.setColumnWidth(column, least)

    def _add_actions(self) -> None:
        copy, export = QAction("Copy row", self), QAction("Export listed rows …", self)
        copy.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        copy.triggered.connect(self.copy)
        export.triggered.connect(self.export_requested)
        self.addActions([copy, export])

    def _ask_columns(self, place: QPoint) -> None:
        """A menu of all columns; those that show are ticked."""
        menu = QMenu(self)
        for column, head in enumerate(_HEADS[1:], start=1):
            action = menu.addAction(head)
            action.setCheckable(True)
            action.setChecked(not self.isColumnHidden(column))
            action.toggled.connect(lambda is_shown, name=head: self._choose(name, is_shown))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.horizontalHeader().mapToGlobal(place))

    def _choose(self, head: str, is_shown: bool) -> None:
        self.choose_columns(self._chosen | {head: is_shown})
        self.columns_chosen.emit(self.chosen_columns)

    def _request_again(self, index: QModelIndex) -> None:
        if index.row() == self._row_before_press:
            self._request(index)

    def _request(self, index: QModelIndex) -> None:
        if index.isValid() and not self._is_told:
            self.finding_requested.emit(self._errors.finding_at(index.row()))
