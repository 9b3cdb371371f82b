"""The pages behind the tabs of Debug, each joined to the desk of its viewer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.params import SynapseParams
from napari_synapse_debug.ui.charts_page import ChartsPage
from napari_synapse_debug.ui.debug_panel import DebugPanel
from napari_synapse_debug.ui.desk import Desk
from napari_synapse_debug.ui.finding_table import FindingFilter
from napari_synapse_debug.ui.guarding import guarded, while_alive
from napari_synapse_debug.ui.outlook_changes import changes_under
from napari_synapse_debug.ui.runs_page import RunsPage, changes_of
from napari_synapse_debug.ui.truth_page import TruthPage
from napari_synapse_debug.ui.whatif_page import APPLIED_STEPS, WhatIfPage

Filters = tuple[SynapseParams, float]
"""Parameters of synapses, and the largest gap (nm)."""


def join_charts(panel: DebugPanel, desk: Desk) -> ChartsPage:
    """The page of charts; a bar lists the errors of its stage."""
    session = desk.session

    def read_budget() -> Mapping[str, Any] | None:
        if session.project is None:
            return None
        return desk.backend().read_budget(session.project, session.run)

    def list_stage(stage: str) -> None:
        session.set_filter(replace(session.filter, stages=frozenset({stage})))
        panel.tabs.setCurrentWidget(panel.errors)

    page = ChartsPage(session, read_budget)
    page.stage_requested.connect(list_stage)
    panel.add_page(page, "Charts", "Precision and recall, errors by stage, error budget")
    return page


def join_whatif(panel: DebugPanel, desk: Desk) -> WhatIfPage:
    """The page of sliders; tables are read and asked in a thread."""
    session, page = desk.session, WhatIfPage(desk.session)
    alive = partial(while_alive, page)
    ours: NDArray[Any] | None = None  # what this page put into the column ``change``,
    kept: NDArray[Any] | None = None  # and what stood in it before

    def load() -> None:
        folder, run, backend = session.project, session.run, desk.backend()
        task = partial(backend.load_whatif, folder, run)
        show, fail = alive(page.show_whatif), alive(page.show_problem)
        desk.background.run("what if tables", task, show, fail)

    def show_outlook(made: tuple[Any, Any, NDArray[Any]]) -> None:
        nonlocal ours, kept
        outlook, before, change = made
        page.show_outlook(outlook)
        if before is not None:
            page.show_before(before)
        is_ours = ours is not None and session.marks.change is ours
        if page.is_as_run:
            page.show_changes(np.full(len(change), "", dtype=object))
            if is_ours and kept is not None:
                session.set_marks(replace(session.marks, change=kept))
            ours = kept = None
            return
        page.show_changes(change)
        if len(change) == len(session.table.frame):  # else another run was opened meanwhile
            kept, ours = kept if is_ours else session.marks.change, change
            panel.view.show_column("change")
            session.set_marks(replace(session.marks, change=change))

    def ask(params: SynapseParams, gap_nm: float) -> None:
        task = partial(_look_ahead, page, session.table.frame, (params, gap_nm), page.untold)
        show, fail = alive(show_outlook), alive(page.show_problem)
        desk.background.run("what if", task, show, fail)

    def apply(params: SynapseParams, gap_nm: float) -> None:
        contacts, results = page.contacts(gap_nm), session.results
        has_truth = results is not None and results.config.truth is not None
        steps = APPLIED_STEPS if has_truth else APPLIED_STEPS[:1]
        if contacts is None:
            desk.runner.start(steps, {"synapses": params})
        else:
            desk.runner.start(("contacts", *steps), {"contacts": contacts, "synapses": params})

    page.load_requested.connect(guarded(load, panel.show_error))
    page.asked.connect(ask)
    page.apply_requested.connect(guarded(apply, panel.show_error))
    page.cancel_requested.connect(desk.runner.cancel)
    page.prepare_requested.connect(guarded(desk.runner.prepare_gaps, panel.show_error))
    panel.add_page(page, "What if", "Try other filters: counts and score at once")
    return page


def _look_ahead(
    page: WhatIfPage, findings: pd.DataFrame, filters: Filters, of_run: Filters | None
) -> tuple[Any, Any, NDArray[Any]]:
    """What filters would give, what those of the run gave if asked for, and each error's change."""
    outlook = page.derive(*filters)
    before = None if of_run is None else page.derive(*of_run)
    return outlook, before, changes_under(findings, outlook)


def join_truth(panel: DebugPanel, desk: Desk) -> TruthPage:
    """The page on which the truth is corrected."""
    page, corrections = TruthPage(desk.session), desk.corrections
    editor = corrections.editor
    guard = partial(guarded, show_error=panel.show_error)

    def edit(mode: str) -> None:
        try:
            if mode:
                editor.start(mode)
            else:
                editor.stop()
        finally:
            page.show_mode(editor.mode)

    def score() -> None:
        page.show_score(None)
        corrections.score()

    page.mode_requested.connect(guard(edit))
    page.delete_requested.connect(guard(editor.delete))
    page.kind_requested.connect(guard(editor.change_kind))
    page.accept_requested.connect(guard(desk.reviewing.accept))
    page.score_requested.connect(guard(score))
    page.command_requested.connect(panel.command_requested)
    page.show_rows(editor.target.rows())
    for signal, show in (
        (editor.mode_changed, page.show_mode),
        (editor.told, page.show_prompt),
        (editor.target.changed, page.show_rows),
        (editor.edit_made, panel.take_focus),  # so that Ctrl+Z undoes what the mouse did
        (corrections.corrected, page.show_counts),
        (corrections.scored, page.show_score),
        (corrections.failed, panel.show_error),
        (corrections.failed, page.show_no_score),
        (desk.reviewing.failed, panel.show_error),
        (desk.surfaces.failed, panel.show_error),
        (desk.interface.failed, panel.show_error),
        (desk.outlines.failed, panel.show_error),
    ):
        signal.connect(while_alive(page, show))
    panel.add_page(page, "Truth", "Correct the truth, and score against it")
    return page


def join_runs(panel: DebugPanel, desk: Desk) -> RunsPage:
    """The page of runs; a comparison fills the column ``change``."""
    session, page = desk.session, RunsPage()

    def show_compared(compared: Any) -> None:
        change = changes_of(session.table.frame, compared.rows)
        session.set_marks(replace(session.marks, change=change))
        panel.view.show_column("change")
        page.show_comparison(compared.content)

    def compare(other: str) -> None:
        task = partial(desk.backend().compare_runs, session.project, other, session.run)
        page.show_message("Comparing …")
        alive = partial(while_alive, page)
        desk.background.run("compare", task, alive(show_compared), alive(page.show_error))

    def open_run(run: str) -> None:
        if session.project is not None:
            desk.runner.open(session.project, run)

    def list_change(change: str) -> None:
        session.set_filter(FindingFilter(change=change))
        panel.tabs.setCurrentWidget(panel.errors)

    page.run_requested.connect(guarded(open_run, panel.show_error))
    page.compare_requested.connect(guarded(compare, panel.show_error))
    page.change_requested.connect(list_change)
    show_runs = guarded(partial(_show_runs, page, desk), panel.show_error)
    panel.shown_results.connect(show_runs)
    show_runs()
    panel.add_page(page, "Runs", "Open another run, or compare with it")
    return page


def _show_runs(page: RunsPage, desk: Desk) -> None:
    folder = desk.session.project
    runs = () if folder is None else tuple(desk.backend().list_runs(folder))
    page.show_runs(runs, desk.session.run)
