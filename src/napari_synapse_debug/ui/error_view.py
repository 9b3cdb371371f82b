"""The list of errors: a row is gone to by click, by arrow keys and by Return."""

from __future__ import annotations

from qtpy.QtCore import QItemSelectionModel, QModelIndex, Qt, Signal
from qtpy.QtGui import QKeyEvent, QMouseEvent, QResizeEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from napari_synapse_debug.ui.error_model import COLUMNS, ErrorModel

_HEADS = [column.head for column in COLUMNS]
_FIRST_TO_GO = ("z, y, x [nm]", "partners", "score", "kind")
_MARGIN_EM = 1.6


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

    def __init__(self, model: ErrorModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._errors = model
        self._is_told = False
        self._row_before_press = -1
        self.setModel(model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setWordWrap(False)
        self.setShowGrid(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(int(self.fontMetrics().height() * 1.5))
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        head.setSectionResizeMode(_HEADS.index("cause"), QHeaderView.ResizeMode.Stretch)
        head.setSortIndicator(0, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        self.setItemDelegateForColumn(_HEADS.index("stage"), StageDelegate(self))
        self.clicked.connect(self._request_again)
        self.selectionModel().currentRowChanged.connect(self._request)
        model.modelReset.connect(self.fit_columns)

    def show_finding(self, finding: int | None) -> None:
        """Mark the row of ``finding`` without asking for it again."""
        row = self._errors.row_of(finding)
        if row is None:
            self.clearSelection()
            return
        index = self._errors.index(row, 0)
        self._is_told = True
        try:
            flags = QItemSelectionModel.SelectionFlag
            self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
            self.scrollTo(index)
        finally:
            self._is_told = False

    def fit_columns(self) -> None:
        """Give each column the width of its widest text, and hide those that have no room.

        Only the first rows are measured, so that a long list opens at once.
        """
        metrics, margin = self.fontMetrics(), int(self.fontMetrics().height() * _MARGIN_EM)
        widths = [metrics.horizontalAdvance(head) + margin for head in _HEADS]
        for row in range(min(200, self._errors.rowCount())):
            for column in range(len(COLUMNS)):
                text = self._errors.data(self._errors.index(row, column))
                widths[column] = max(widths[column], metrics.horizontalAdvance(text) + margin // 2)
        room = self.viewport().width()
        hidden: set[int] = set()
        for head in _FIRST_TO_GO:
            if sum(w for i, w in enumerate(widths) if i not in hidden) > room:
                hidden.add(_HEADS.index(head))
        for column, width in enumerate(widths):
            self.setColumnHidden(column, column in hidden)
            self.setColumnWidth(column, width)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Choose the columns for the new width."""
        super().resizeEvent(event)
        self.fit_columns()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Go again to the current row on Return."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._request(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Remember the row that was marked, since pressing on another asks for that already."""
        self._row_before_press = self.currentIndex().row()
        super().mousePressEvent(event)

    def _request_again(self, index: QModelIndex) -> None:
        if index.row() == self._row_before_press:
            self._request(index)

    def _request(self, index: QModelIndex) -> None:
        if index.isValid() and not self._is_told:
            self.finding_requested.emit(self._errors.finding_at(index.row()))
