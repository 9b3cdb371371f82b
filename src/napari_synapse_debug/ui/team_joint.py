"""The page Team, joined to the desk of its viewer: packages are made and merged in a thread."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from napari_synapse_debug.ui.debug_panel import DebugPanel
from napari_synapse_debug.ui.desk import Desk
from napari_synapse_debug.ui.finding_table import FindingFilter
from napari_synapse_debug.ui.guarding import guarded, while_alive
from napari_synapse_debug.ui.marks import DISPUTED
from napari_synapse_debug.ui.team_page import TeamPage

_PACKAGE = "package"


def join_team(panel: DebugPanel, desk: Desk) -> TeamPage:
    """The page of reviewers."""
    session, page = desk.session, TeamPage(desk.session)
    alive = partial(while_alive, page)

    def describe() -> None:
        page.show_author(desk.reviewing.author)
        if session.project is not None and desk.reviewing.is_open:
            task = partial(desk.backend().describe_review, session.project, session.run)
            desk.background.run("reviewers", task, alive(page.show_summary), alive(page.show_error))

    def name_reviewer(name: str) -> None:
        desk.preferences.write("reviewer", name or None)
        desk.reviewing.reopen()
        page.show_author(desk.reviewing.author)

    def list_disputes() -> None:
        session.set_filter(FindingFilter(verdict=DISPUTED))
        panel.tabs.setCurrentWidget(panel.errors)

    page.summary_requested.connect(describe)
    page.name_given.connect(guarded(name_reviewer, page.show_error))
    page.disputes_requested.connect(list_disputes)
    desk.reviewing.edits_changed.connect(alive(page.ask_anew))
    _join_packages(page, desk)
    panel.add_page(page, "Team", "Work packages, progress and agreement of reviewers")
    return page


def _join_packages(page: TeamPage, desk: Desk) -> None:
    session, background, alive = desk.session, desk.background, partial(while_alive, page)

    def make(reviewer: str, path: Path) -> None:
        page.show_making()
        findings = session.table.ids(session.listed).tolist()
        make_package = desk.backend().make_package
        task = partial(make_package, session.project, reviewer, path, findings, session.run)
        show = alive(page.show_progress)
        background.run(_PACKAGE, task, alive(made), alive(page.show_not_made), on_event=show)

    def made(package: Any) -> None:
        size = package.size_bytes / 1e6
        page.show_made(f"{package.findings} errors in {package.path} ({size:.1f} MB)")
        page.summary_requested.emit()

    def merge(paths: list[Path]) -> None:
        page.show_message("Merging …")
        task = partial(desk.backend().merge_packages, session.project, paths)
        background.run("merge", task, alive(merged), alive(page.show_error))

    def merged(result: Any) -> None:
        lines = (f"{path.name}: {count} new actions" for path, count in result.added)
        page.show_message("Merged. " + "; ".join(lines))
        desk.reviewing.refresh()
        page.summary_requested.emit()

    page.package_requested.connect(make)
    page.cancel_requested.connect(partial(background.stop, _PACKAGE))
    page.merge_requested.connect(merge)
