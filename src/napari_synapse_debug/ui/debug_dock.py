"""The Debug dock of the Plugins menu: the panel, joined to the desk of its viewer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from qtpy.QtCore import QEvent, QTimer
from qtpy.QtWidgets import QFileDialog, QMenu, QWidget

from napari_synapse_debug.domain.errors import SynapseDebugError
from napari_synapse_debug.domain.verdicts import Verdict
from napari_synapse_debug.io import write_table
from napari_synapse_debug.ui import keys
from napari_synapse_debug.ui.again_joint import join_again
from napari_synapse_debug.ui.camera import seen_nm
from napari_synapse_debug.ui.debug_pages import (
    join_charts,
    join_runs,
    join_truth,
    join_whatif,
)
from napari_synapse_debug.ui.debug_panel import DebugPanel
from napari_synapse_debug.ui.desk import desk_of
from napari_synapse_debug.ui.guarding import guarded, while_alive
from napari_synapse_debug.ui.tabs import join_tabs
from napari_synapse_debug.ui.team_joint import join_team

if TYPE_CHECKING:
    import napari.viewer

_BLINK_MS, _BLINKS = 180, 4


class DebugDock(DebugPanel):
    """The errors of a run and what is done about them."""

    def __init__(self, viewer: napari.viewer.Viewer, parent: QWidget | None = None) -> None:
        self._desk = desk = desk_of(viewer)
        super().__init__(desk.session, parent, desk.background)
        guard = partial(guarded, show_error=self.show_error)
        commands = {name: guard(act) for name, act in self._commands().items()}
        self.finding_requested.connect(guard(desk.session.select))
        self.filter_requested.connect(desk.session.set_filter)
        self.view_requested.connect(self._filter_view)
        self.verdict_requested.connect(guard(desk.reviewing.give))
        self.comment_requested.connect(self._comment)
        self.export_requested.connect(guard(self._ask_export))
        self.command_requested.connect(lambda command: commands[command]())
        self.view.choose_columns(desk.preferences.read("columns", {}))
        self.view.columns_chosen.connect(partial(desk.preferences.write, "columns"))
        self.shortcuts = keys.bind(self, commands)
        self._fill_layers_menu(commands)
        self.charts, self.whatif = join_charts(self, desk), join_whatif(self, desk)
        self.charts.score_requested.connect(self._try_score)
        self.truth_page = join_truth(self, desk)
        self.runs = join_runs(self, desk)
        self.again = join_again(self, desk, self.runs)
        self.team = join_team(self, desk)
        self._listen()
        bar = self.errors.review
        desk.reviewing.problem_changed.connect(while_alive(self, bar.show_problem))
        bar.show_problem(desk.reviewing.problem)
        join_tabs(self)

    def _commands(self) -> dict[str, Callable[[], object]]:
        desk = self._desk
        adapter, session, reviewing = desk.adapter, desk.session, desk.reviewing
        commands: dict[str, Callable[[], object]] = {
            "next": lambda: session.step_unreviewed(1),
            "previous": lambda: session.step_unreviewed(-1),
            "take back": reviewing.take_back,
            "undo": reviewing.undo,
            "redo": reviewing.redo,
            "comment": self.errors.review.comment.setFocus,
            "accept": reviewing.accept,
            "sides": adapter.showing.toggle_sides,
            "blink": self._blink,
            "oracle": adapter.showing.toggle_oracle,
            "dimensions": adapter.toggle_dimensions,
            "fit": lambda: adapter.look(fit=True),
            "layers": self._show_layers_again,
            "keep layers": self._keep_layers,
            "default layers": self._restore_layers,
            "legend": self.toggle_legend,
            "help": self.toggle_help,
            "search": self.search.setFocus,
        }
        gives = {f"verdict {verdict}": partial(reviewing.give, verdict) for verdict in Verdict}
        return commands | gives

    def _comment(self, finding: int, text: str) -> None:
        try:
            self._desk.reviewing.comment(finding, text)
        except SynapseDebugError as error:
            self.errors.review.keep_comment(finding, text)
            self.show_error(error)

    def _listen(self) -> None:
        """Return to the list after a comment or a search."""
        self.errors.review.comment.returnPressed.connect(self.view.setFocus)
        self.search.returnPressed.connect(self.view.setFocus)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Take up what other windows saved as soon as this one is in use again."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            guarded(self._desk.reviewing.refresh, self.show_error)()

    def _fill_layers_menu(self, commands: dict[str, Callable[..., None]]) -> None:
        menu = QMenu(self)
        for command, text in (
            ("layers", "Show the layers of this stage again"),
            ("keep layers", "Keep what shows now for this stage"),
            ("default layers", "Back to the default of this stage"),
        ):
            menu.addAction(text).triggered.connect(lambda _, name=command: commands[name]())
        menu.addSeparator()
        flight = menu.addAction("Fly to an error (off: jump)")
        flight.setCheckable(True)
        flight.setChecked(self._desk.flight.is_on)
        flight.toggled.connect(self._set_flight)
        self.buttons["layers"].setMenu(menu)

    def _try_score(self, score: float) -> None:
        self.tabs.setCurrentWidget(self.whatif)
        self.whatif.try_score(score)

    def _set_flight(self, is_on: bool) -> None:
        self._desk.flight.is_on = is_on
        self._desk.preferences.write("flight", is_on)

    def _show_layers_again(self) -> None:
        """Show the layers of this stage as at first, also those that the user has deleted."""
        desk = self._desk
        desk.adapter.show_again()
        for part in (desk.interface, desk.surfaces, desk.corrections):
            part.update()

    def _keep_layers(self) -> None:
        self._desk.adapter.showing.keep()
        self._desk.preferences.write("presets", self._desk.adapter.showing.kept)

    def _restore_layers(self) -> None:
        self._desk.adapter.showing.restore()
        self._desk.preferences.write("presets", self._desk.adapter.showing.kept)

    def _blink(self) -> None:
        """Hide and show the prediction a few times, and leave it shown."""
        for turn in range(_BLINKS):
            show = partial(self._desk.adapter.showing.show_prediction, is_shown=turn % 2 == 1)
            QTimer.singleShot(turn * _BLINK_MS, self, show)

    def _filter_view(self, is_on: bool) -> None:
        corners = seen_nm(self._desk.adapter.viewer) if is_on else None
        self._desk.session.set_filter(replace(self._desk.session.filter, view_nm=corners))

    def _ask_export(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Export listed errors", "errors.csv", "*.csv")
        if name:
            self.export(Path(name))

    def export(self, path: Path) -> None:
        """Write the listed errors with their verdicts to the CSV file ``path``."""
        rows = self.listed_rows()

        def done(_: object) -> None:
            self.show_message(f"{len(rows)} errors were written to {path}")

        self._desk.background.run(
            "export",
            lambda: write_table(rows, path),
            while_alive(self, done),
            while_alive(self, self.show_error),
        )

    def listed_rows(self) -> pd.DataFrame:
        """The listed errors in their order, with verdict, who gave it and when, and the like."""
        session = self._desk.session
        rows = session.table.frame.iloc[session.listed]
        marks = ("verdict", "author", "time", "comment", "seen", "change")
        return rows.assign(**{name: session.marks.column(name)[session.listed] for name in marks})
