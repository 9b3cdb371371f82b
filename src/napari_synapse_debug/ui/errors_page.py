"""The page of errors: stages, filter, list, review, sections and the trace of one error."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QSplitter, QVBoxLayout, QWidget

from napari_synapse_debug.ui.background import Background
from napari_synapse_debug.ui.error_model import ErrorModel
from napari_synapse_debug.ui.error_view import ErrorView
from napari_synapse_debug.ui.filter_row import FilterRow
from napari_synapse_debug.ui.presets import oracle_layers
from napari_synapse_debug.ui.review_bar import ReviewBar
from napari_synapse_debug.ui.section_views import SectionViews
from napari_synapse_debug.ui.session import Session
from napari_synapse_debug.ui.stage_chips import StageChips
from napari_synapse_debug.ui.trace_view import TraceView


class ErrorsPage(QWidget):
    """The list and what belongs to one of its rows; its parts emit what is asked for."""

    def __init__(
        self,
        session: Session,
        background: Background | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._is_stale = session, True
        self.chips, self.filters = StageChips(), FilterRow(session)
        self.view, self.review = ErrorView(ErrorModel(session, self)), ReviewBar(session)
        self.trace, self.sections = TraceView(), SectionViews(background)
        upper, lower = QWidget(), QWidget()
        above, below, column = QVBoxLayout(upper), QVBoxLayout(lower), QVBoxLayout(self)
        for layout in (above, below, column):
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setSpacing(4)
        for part in (self.chips, self.filters):
            above.addWidget(part)
        above.addWidget(self.view, 1)
        above.addWidget(self.review)
        below.addWidget(self.sections)
        below.addWidget(self.trace, 1)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(upper)
        splitter.addWidget(lower)
        splitter.setChildrenCollapsible(False)
        splitter.setSizes([430, 420])
        column.addWidget(splitter)

    def show_listing(self) -> None:
        """Show filter, counts and the marked row of the list."""
        session, chosen = self._session, self._session.filter
        self.chips.show_counts(session.table.stage_counts(chosen), chosen.stages)
        self.filters.show_filter()
        self.view.show_finding(session.selected)
        self.review.show_state()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Show the trace of what was selected while the page was not seen."""
        super().showEvent(event)
        if self._is_stale:
            self._show_trace()

    def show_finding(self, finding: int | None) -> None:
        """Mark the row of ``finding`` and show its trace; nothing is read for a hidden page."""
        self.view.show_finding(finding)
        self.review.show_state()
        self._is_stale = True
        if self.isVisible():
            self._show_trace()

    def _show_trace(self) -> None:
        self._is_stale = False
        row = self._session.selected_row()
        oracle = () if row is None else oracle_layers(str(row["stage"]), self._session.results)
        self.trace.show_finding(row, has_oracle=bool(oracle))
        self.sections.show_finding(self._session.results, row)
