"""What if: sliders for the filters of synapses, with counts and score as they move."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.params import ContactParams, SynapseParams
from napari_synapse_debug.ui.blocking import allow, why_blocked
from napari_synapse_debug.ui.message_line import MessageLine
from napari_synapse_debug.ui.run_panel import RunPanel
from napari_synapse_debug.ui.scroll_safe import Slider
from napari_synapse_debug.ui.session import Session
from napari_synapse_debug.ui.whatif_sliders import FIELDS, GAP, Outlook, WhatIf, slider_stops

_CHANGES = {
    "fixed": "fixed",
    "kept_wrong": "kept wrong",
    "vanished": "vanished",
    "kept_false": "kept false",
}


APPLIED_STEPS = ("synapses", "evaluate", "diagnose", "report")
"""Steps that are run when the sliders are applied."""

STEPS = ("gaps", "contacts", *APPLIED_STEPS)
"""Steps whose progress is shown here."""

_TRIED = "Nothing is written until it is applied."
_LEARNT = (
    "Partners are told by the model of the run; when filters are applied it is learnt anew, so "
    "that a few may change."
)
_NO_TABLES = "There are no tables of this run to try filters on"
_APPLY = "Write these filters to the project, and run what follows"
_LOST = "; other gaps have to be prepared anew then"
_ONE_GAP = (
    "Another gap between neurons makes other contacts, which have to be found before it can be "
    "tried."
)


_Tried = tuple[object, object, tuple[SynapseParams, float]]
"""The run that it was tried on, what it was made with, and what was tried."""


class WhatIfPage(QWidget):
    """Emits ``load_requested`` when first seen, ``asked`` and ``apply_requested`` with filters.

    These are the parameters of synapses, and the largest gap (nm). ``prepare_requested`` asks for
    other gaps, ``cancel_requested`` for the end of what runs.
    """

    load_requested = Signal()
    asked = Signal(object, float)
    apply_requested = Signal(object, float)
    prepare_requested = Signal()
    cancel_requested = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._whatif: WhatIf | None = None
        self._is_setting = False
        self.stops: dict[str, Sequence[float]] = {}
        self.sliders: dict[str, Slider] = {}
        self.values: dict[str, QLabel] = {}
        self._at_run: tuple[SynapseParams, float] | None = None
        self._wanted_score: float | None = None
        self._of: tuple[object, str] = (None, "")
        self._tried: _Tried | None = None
        self.message, self.outlook, self.before = MessageLine(), QLabel(), QLabel()
        self.changes = QLabel()
        self.reset = QPushButton("As in the run")
        self.run_panel = RunPanel("Apply: place synapses anew and evaluate", STEPS)
        self.apply = self.run_panel.run
        self.prepare = QPushButton("Prepare other gaps")
        self._lay_out()
        self.run_panel.run_requested.connect(lambda: self.apply_requested.emit(*self.filters()))
        self.run_panel.cancel_requested.connect(self.cancel_requested)
        self.prepare.clicked.connect(self.prepare_requested)
        self.reset.clicked.connect(self._put_back)
        session.results_changed.connect(self._forget)
        session.job_changed.connect(self._show_blocked)
        self.show_whatif(None)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Ask for the tables when they are first needed."""
        super().showEvent(event)
        self._ask_for_tables()

    def show_whatif(self, whatif: WhatIf | None) -> None:
        """Take the tables; None: there are none."""
        self._whatif = whatif
        has_gaps = whatif is not None and len(whatif.gaps) > 1
        missing = "" if whatif is not None else _NO_TABLES
        for name, slider in self.sliders.items():
            lacks_gaps = name == GAP and not has_gaps
            allow(slider, FIELDS[name].help, missing or ("Prepare other gaps first" * lacks_gaps))
        allow(self.reset, "Put the sliders where the run had them", missing)
        self.prepare.setVisible(whatif is None or bool(whatif.gaps_left))
        self._show_blocked()
        if whatif is None:
            self.message.show_text("Open a project whose synapses were placed.")
            return
        said = (_TRIED, *((_LEARNT,) * whatif.is_learnt), *(() if has_gaps else (_ONE_GAP,)))
        self.message.show_text(" ".join(said))
        self.stops = slider_stops(whatif)
        self._put_back()
        self._of = self._session.project, self._session.run
        if (tried := self._tried) is not None and tried[:2] == (self._of, self._at_run):
            self._set(*tried[2])
        self._tried = None
        if self._wanted_score is not None:
            self.try_score(self._wanted_score)

    def show_problem(self, error: Exception) -> None:
        """Show why there is nothing to try."""
        self.message.show_error(error)

    def show_outlook(self, outlook: Outlook) -> None:
        """Show what the sliders would give."""
        self.outlook.setText(_told(outlook))
        if self.is_as_run:
            self.show_before(outlook)

    def show_before(self, outlook: Outlook) -> None:
        """Show what the run gave, beside what the sliders would give."""
        self.before.setText("In the run: " + _told(outlook).replace("<b>", "").replace("</b>", ""))

    @property
    def untold(self) -> tuple[SynapseParams, float] | None:
        """The filters of the run, as long as it does not show what they gave."""
        return None if self.before.text() else self._at_run

    @property
    def is_as_run(self) -> bool:
        """Whether the sliders stand where the run had them."""
        return self._whatif is not None and self.filters() == self._at_run

    def show_changes(self, change: NDArray[Any]) -> None:
        """Tell what would become of the errors of the run; see ``changes_under``."""
        counts = {name: int((change == name).sum()) for name in _CHANGES}
        told = [f"<b>{n}</b> {_CHANGES[name]}" for name, n in counts.items() if n]
        self.changes.setText("Of the errors of this run: " + " · ".join(told) if told else "")
        self.changes.setVisible(bool(told))

    def try_score(self, score: float) -> None:
        """Move the slider of the smallest score to ``score``, at the latest when it is filled."""
        self._wanted_score = score if self._whatif is None else None
        if self._whatif is not None:
            stops = np.asarray(self.stops["min_score"])
            self.sliders["min_score"].setValue(int(np.abs(stops - score).argmin()))

    def params(self) -> SynapseParams:
        """The parameters that the sliders stand for; all others as in the run."""
        base = SynapseParams() if self._whatif is None else self._whatif.params
        chosen = {
            name: FIELDS[name].kind(self.stops[name][slider.value()])
            for name, slider in self.sliders.items()
            if self.stops and name != GAP
        }
        return base.model_copy(update=chosen)

    def filters(self) -> tuple[SynapseParams, float]:
        """The parameters, and the largest gap (nm), that the sliders stand for."""
        stops = self.stops.get(GAP, (0.0,))
        return self.params(), float(stops[self.sliders[GAP].value()])

    def contacts(self, gap_nm: float) -> ContactParams | None:
        """The parameters of contacts with this gap; None where it is that of the run."""
        whatif = self._whatif
        if whatif is None or gap_nm == whatif.contacts.max_gap_nm:
            return None
        return whatif.contacts.model_copy(update={GAP: gap_nm})

    def derive(self, params: SynapseParams, gap_nm: float) -> Outlook:
        """What ``params`` and a gap would give; may be called in any thread.

        Raises
        ------
        InputError
            There are no tables to derive it from.
        """
        whatif = self._whatif
        if whatif is None:
            raise InputError("The tables of the run are not read yet")
        return whatif.derive(params, gap_nm)

    def _ask_for_tables(self) -> None:
        if self._whatif is None and self._session.project is not None:
            self.message.show_text("Reading the candidates of the run …")
            self.load_requested.emit()

    def _moved(self) -> None:
        if self._is_setting:
            return
        for name, slider in self.sliders.items():
            if self.stops:
                self.values[name].setText(FIELDS[name].text(self.stops[name][slider.value()]))
        if self._whatif is not None:
            self.asked.emit(*self.filters())

    def _put_back(self) -> None:
        if self._whatif is not None:
            self._set(self._whatif.params, self._whatif.contacts.max_gap_nm, is_run=True)

    def _set(self, params: SynapseParams, gap_nm: float, *, is_run: bool = False) -> None:
        """Put the sliders to the nearest stops; ``is_run`` where these are those of the run."""
        self._is_setting = True
        for name, slider in self.sliders.items():
            stops = np.asarray(self.stops[name], np.float64)
            slider.setMaximum(len(stops) - 1)
            value = gap_nm if name == GAP else float(getattr(params, name) or 0.0)
            slider.setValue(int(np.abs(stops - value).argmin()))
        self._is_setting = False
        if is_run:
            self._at_run = self.filters()
        self._moved()

    def _forget(self) -> None:
        if self._whatif is not None and not self.is_as_run:
            self._tried = self._of, self._at_run, self.filters()
        self._wanted_score = None
        self.before.clear()
        self.outlook.clear()
        self.changes.hide()
        self.show_whatif(None)
        if self.isVisible():
            self._ask_for_tables()

    def _show_blocked(self, _: object = None) -> None:
        reason = why_blocked(self._session, lambda: None)
        if not reason and self._whatif is None:
            reason = _NO_TABLES
        self.run_panel.show_job(self._session.job, reason)
        is_lost = self._whatif is not None and len(self._whatif.gaps) > 1
        allow(self.apply, _APPLY + _LOST * is_lost, reason)
        tip = "Find contacts and pairs under other gaps, so that the slider can try these"
        allow(self.prepare, tip, reason)

    def _lay_out(self) -> None:
        column, grid = QVBoxLayout(self), QGridLayout()
        for row, (name, field) in enumerate(FIELDS.items()):
            slider, value = Slider(Qt.Orientation.Horizontal), QLabel()
            slider.setToolTip(field.help)
            slider.valueChanged.connect(lambda _: self._moved())
            value.setMinimumWidth(90)
            grid.addWidget(QLabel(field.title), row, 0)
            grid.addWidget(slider, row, 1)
            grid.addWidget(value, row, 2)
            self.sliders[name], self.values[name] = slider, value
        grid.setColumnStretch(1, 1)
        for label in (self.outlook, self.changes, self.before):
            label.setWordWrap(True)
        self.changes.setToolTip(
            "The list of errors has the column change, and can be filtered by it"
        )
        self.changes.hide()
        self.outlook.setStyleSheet("font-size: 12pt;")
        column.addWidget(self.message)
        column.addLayout(grid)
        for part in (
            self.prepare,
            self.outlook,
            self.changes,
            self.before,
            self.reset,
            self.run_panel,
        ):
            column.addWidget(part)
        column.addStretch(1)


def _told(outlook: Outlook) -> str:
    """Counts and score in one line of rich text."""
    text = f"<b>{len(outlook.synapses)}</b> synapses"
    if outlook.f1 is not None:
        text += f" · <b>F1 {outlook.f1:.3f}</b>"
    if outlook.tp is not None:
        text += f" · {outlook.tp} right · {outlook.fn} missed"
    if outlook.fp is not None:
        text += f" · {outlook.fp} false"
    return text
