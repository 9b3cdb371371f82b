"""The page Train again, joined to the desk of its viewer."""

from __future__ import annotations

from functools import partial
from typing import Any

from napari_synapse_debug.domain.grid import Box, Grid, Triple
from napari_synapse_debug.domain.params import AgainParams
from napari_synapse_debug.ui.again_page import AgainPage
from napari_synapse_debug.ui.camera import look_at
from napari_synapse_debug.ui.debug_panel import DebugPanel
from napari_synapse_debug.ui.desk import Desk
from napari_synapse_debug.ui.guarding import guarded, while_alive
from napari_synapse_debug.ui.runs_page import RunsPage

PROPOSED = 5
"""Boxes that are proposed at a time."""

_BOX_NM = 2000.0
_SEARCH = "proposed boxes"


def join_again(panel: DebugPanel, desk: Desk, runs: RunsPage) -> AgainPage:
    """The page of training again; when it is done the new run is compared with the one before."""
    session, page = desk.session, AgainPage(desk.session)
    alive = partial(while_alive, page)

    def count() -> None:
        task = partial(desk.backend().lessons_of, session.project, session.run)
        show, fail = alive(page.show_lessons), alive(page.show_problem)
        desk.background.run("lessons", task, show, fail)

    def propose() -> None:
        if session.results is None:
            return
        page.show_looking()
        shape = box_to_annotate(session.results.grid)
        task = partial(
            desk.backend().propose_boxes, session.project, shape, PROPOSED, run=session.run
        )
        show, fail, told = map(alive, (page.show_boxes, page.show_no_boxes, page.show_progress))
        desk.background.run(_SEARCH, task, show, fail, on_event=told)

    def go_to(box: Box) -> None:
        if session.results is None:
            return
        grid = session.results.grid
        corners = grid.to_nm([box.start, [k - 1 for k in box.stop]])
        look_at(desk.adapter.viewer, corners.mean(axis=0), corners, fit=True)
        session.propose_box(box)
        page.show_message(f"The Train dock has the box {box}: paint in it, and add it there.")

    def start(params: AgainParams) -> None:
        desk.runner.train_again(params)

    def compare(made: Any) -> None:
        if made.compared is None:
            return  # there is no truth to compare with
        panel.tabs.setCurrentWidget(runs)
        runs.other.setCurrentText(made.before)
        runs.compare_requested.emit(made.before)

    page.lessons_requested.connect(guarded(count, page.show_problem))
    page.boxes_requested.connect(guarded(propose, page.show_problem))
    page.stop_requested.connect(partial(desk.background.stop, _SEARCH))
    page.box_requested.connect(guarded(go_to, page.show_problem))
    page.run_requested.connect(guarded(start, page.show_problem))
    page.cancel_requested.connect(desk.runner.cancel)
    page.trained.connect(compare)
    desk.runner.trained_again.connect(page.trained)
    panel.add_page(page, "Train again", "Train on with what this review taught, and compare")
    return page


def box_to_annotate(grid: Grid) -> Triple:
    """Voxels zyx of a box that one sits at for an hour: about 2 µm, no larger than the volume."""
    z, y, x = (
        max(2, min(n, round(_BOX_NM / size)))
        for n, size in zip(grid.shape, grid.voxel_size_nm, strict=True)
    )
    return z, y, x
