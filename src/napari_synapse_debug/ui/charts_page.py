"""The page of charts: what a click on them does, the session and the sliders do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_synapse_debug.ui.charts import PrecisionRecall, StageBars
from napari_synapse_debug.ui.session import Session

ReadBudget = Callable[[], Mapping[str, Any] | None]


class ChartsPage(QWidget):
    """Emits ``stage_requested(stage)`` and ``score_requested(score)``; drawn when it is shown."""

    stage_requested = Signal(str)
    score_requested = Signal(float)

    def __init__(
        self, session: Session, read_budget: ReadBudget, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._read_budget = session, read_budget
        self.curve = PrecisionRecall()
        self.errors, self.budget = StageBars("errors"), StageBars("F1")
        self.curve_note, self.budget_note = QLabel(), QLabel()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 2, 0, 0)
        column.setSpacing(2)
        for title, chart, note in (
            ("Precision and recall over the score", self.curve, self.curve_note),
            ("Errors by stage", self.errors, None),
            ("F1 with all stages right up to this one", self.budget, self.budget_note),
        ):
            column.addWidget(QLabel(f"<b>{title}</b>"))
            column.addWidget(chart, 1)
            if note is not None:
                note.setWordWrap(True)
                column.addWidget(note)
        self.curve.setToolTip("Click: try this smallest score under What if")
        for chart in (self.errors, self.budget):
            chart.setToolTip("Click: list the errors of this stage")
            chart.stage_chosen.connect(self.stage_requested)
        self.curve.score_chosen.connect(self.score_requested)
        self._is_stale = True
        for told in (session.results_changed, session.listing_changed):
            told.connect(self._outdate)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Draw what changed while the page was behind another."""
        super().showEvent(event)
        self.draw()

    def draw(self) -> None:
        """Draw all charts, if anything changed."""
        if not self._is_stale:
            return
        self._is_stale = False
        results = self._session.results
        content = None if results is None else results.evaluation
        self.curve.show_evaluation(content)
        has_curve = bool(len(self.curve.points))
        self.curve_note.setText(
            "★ is the run. A curve over scores keeps the threshold; What if moves both."
            if has_curve
            else "No curve: the predictions have no score, or were not evaluated yet."
        )
        counts = {k: v for k, v in self._session.table.stage_counts().items() if v}
        self.errors.show_bars(counts, [str(count) for count in counts.values()])
        self._draw_budget(self._read_budget())

    def _draw_budget(self, budget: Mapping[str, Any] | None) -> None:
        self.budget.setVisible(budget is not None)
        if budget is None:
            self.budget_note.setText(
                "No error budget: it is made by Evaluate (Diagnose › Error budget)."
            )
            return
        stages = {str(s["stage"]): float(s["in_order"]) for s in budget["stages"]}
        f1 = float(budget["f1"])
        self.budget.show_bars(stages, [f"{value:.2f}" for value in stages.values()], foot=f1)
        self.budget_note.setText(
            f"F1 {f1:.2f} as it is; each bar has its stage and all before it replaced by the "
            f"truth. Unexplained: {float(budget['unexplained']):.2f}."
        )

    def _outdate(self) -> None:
        self._is_stale = True
        if self.isVisible():
            self.draw()
