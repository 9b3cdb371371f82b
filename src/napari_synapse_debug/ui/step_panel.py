"""The panel of one or more steps: a form a parameter model, and Run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from napari_synapse_debug.domain.project import StepParams
from napari_synapse_debug.ui.blocking import NO_PREDICTION, why_blocked
from napari_synapse_debug.ui.forms import Form
from napari_synapse_debug.ui.run_panel import RunPanel
from napari_synapse_debug.ui.session import Session


@dataclass(frozen=True)
class StepGroup:
    """Steps that are run by one button, and the models whose forms stand above it.

    ``unpredicted``: the label, and those of the steps that can be run without a prediction.
    """

    label: str
    steps: tuple[str, ...]
    forms: tuple[str, ...]
    about: str
    unpredicted: tuple[str, tuple[str, ...]] | None = None


TRAIN = StepGroup(
    "Train", ("train",), ("train",), "Learn the classes that are marked in the annotated boxes."
)
PREDICT = StepGroup(
    "Predict", ("predict",), ("predict",), "Probabilities of every class for the whole volume."
)
SYNAPSES = StepGroup(
    "Find synapses",
    ("contacts", "synapses"),
    ("contacts", "synapses"),
    "Where neurons touch, and which contacts hold a synapse: pre → cleft → post.",
    ("Find contacts", ("contacts",)),
)
EVALUATE = StepGroup(
    "Evaluate",
    ("evaluate", "diagnose", "report"),
    ("evaluate", "diagnose"),
    "Compare with the truth, and trace each error to the stage that lost it.",
)


class StepPanel(QWidget):
    """Forms and Run for a group of steps; emits ``run_requested(steps, params)``."""

    run_requested = Signal(object, object)
    cancel_requested = Signal()

    def __init__(self, session: Session, group: StepGroup, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._group = session, group
        self._shown: dict[str, tuple[Any, ...]] = {}
        self._asked: dict[str, tuple[Any, ...]] = {}
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        about = QLabel(group.about)
        about.setWordWrap(True)
        body = QWidget()
        self.rows = rows = QVBoxLayout(body)
        rows.setContentsMargins(0, 0, 0, 0)
        defaults = StepParams()
        self.forms = {name: Form(getattr(defaults, name)) for name in group.forms}
        for name, form in self.forms.items():
            if len(self.forms) > 1:
                rows.addWidget(QLabel(f"<b>{name.capitalize()}</b>"))
            rows.addWidget(form)
            form.changed.connect(self.show_state)
        rows.addStretch(1)
        self.scroll = scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(body)
        self.run_panel = RunPanel(group.label, group.steps)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 6, 4)
        column.addWidget(about)
        column.addWidget(scroll, 1)
        column.addWidget(self.run_panel)
        self.run_panel.run_requested.connect(self._request)
        self.run_panel.cancel_requested.connect(self.cancel_requested)
        session.project_changed.connect(self.show_state)
        session.results_changed.connect(self.show_project)
        session.job_changed.connect(self.show_state)
        self.show_project()

    def show_project(self) -> None:
        """Show the parameters of the open run where they are news; what was typed else stays."""
        results = self._session.results
        if results is not None:
            for name, form in self.forms.items():
                stored = self._stored(getattr(results.config.params, name))
                if stored == self._asked.get(name):
                    del self._asked[name]  # what was asked for here; more may be typed by now
                elif stored != self._shown.get(name):
                    self._asked.pop(name, None)
                    form.set_value(stored[-1])
                self._shown[name] = stored
        self.show_state()

    def show_state(self) -> None:
        """Show how the step stands and why it cannot be run, if it cannot."""
        label, steps = self._offered()
        self.run_panel.run.setText(label)
        self.run_panel.run.setToolTip(NO_PREDICTION if steps != self._group.steps else "")
        self.run_panel.show_job(self._session.job, self._blocked())

    def _blocked(self) -> str:
        return why_blocked(self._session, self._params, self._offered()[1])

    def _offered(self) -> tuple[str, tuple[str, ...]]:
        """What Run says and does now."""
        results, group = self._session.results, self._group
        if group.unpredicted and results is not None and "prediction" not in results.volumes:
            return group.unpredicted
        return group.label, group.steps

    def _params(self) -> dict[str, object]:
        return {name: form.value() for name, form in self.forms.items()}

    def _stored(self, params: Any) -> tuple[Any, ...]:
        return self._session.project, self._session.run, params

    def _request(self) -> None:
        params = self._params()
        self._asked = {name: self._stored(value) for name, value in params.items()}
        self.run_requested.emit(self._offered()[1], params)
