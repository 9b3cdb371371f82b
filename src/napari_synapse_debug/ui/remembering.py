"""Where a project was left: its run, the error that was looked at, and the list as it was."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

from napari_synapse_debug.ui.finding_table import FindingFilter
from napari_synapse_debug.ui.marks import Marks
from napari_synapse_debug.ui.preferences import Preferences
from napari_synapse_debug.ui.session import Session

_FORGOTTEN = ("change", "view_nm")
"""Parts of a filter that mean nothing in a new window."""


class Remembering:
    """Writes down where the open project is left, and goes back there when it is opened again.

    Parameters
    ----------
    session : Session
        Followed from the first ``restore`` of its project on.
    preferences : Preferences
        Where it is kept, by the project's path.
    """

    def __init__(self, session: Session, preferences: Preferences) -> None:
        self._session, self._preferences = session, preferences
        self._followed: Path | None = None
        session.finding_selected.connect(self._note)
        session.listing_changed.connect(self._note)

    def run_of(self, folder: Path) -> str:
        """The run of the project in ``folder`` that was open last; ``main`` for a new one."""
        return str(self._read(folder).get("run", "main"))

    def restore(self) -> bool:
        """List the errors as they were, and go to the one that was looked at; whether there is one.

        Only for the run that was left; any other begins anew.
        """
        session, folder = self._session, self._session.project
        self._followed = None
        if folder is None or session.results is None:
            return False
        state = self._read(folder)
        if state.get("run") == session.run:
            session.set_filter(_filter_of(state.get("filter")))
            if state.get("sort") in {*session.table.frame.columns, *Marks.COLUMNS}:
                session.sort(str(state["sort"]), ascending=bool(state.get("ascending", True)))
            finding = state.get("finding")
            if isinstance(finding, int) and finding in session.table.frame["finding"].tolist():
                session.select(finding)
        self._followed = folder
        self._note()
        return session.selected is not None

    def _note(self, _: object = None) -> None:
        session, folder = self._session, self._session.project
        if folder is None or folder != self._followed:
            return
        wanted = {k: v for k, v in asdict(session.filter).items() if k not in _FORGOTTEN}
        state = {
            "run": session.run,
            "finding": session.selected,
            "filter": wanted | {"stages": sorted(session.filter.stages)},
            "sort": session.sort_by,
            "ascending": session.ascending,
        }
        self._preferences.write(_name(folder), state)

    def _read(self, folder: Path) -> dict[str, Any]:
        state = self._preferences.read(_name(folder), {})
        return state if isinstance(state, dict) else {}


def _name(folder: Path) -> str:
    return "left " + hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]


def _filter_of(kept: Any) -> FindingFilter:
    """The filter that was kept; the empty one where it was of another version."""
    if not isinstance(kept, dict):
        return FindingFilter()
    try:
        low, high = kept.get("score", (None, None))
        parts = {**kept, "stages": frozenset(kept.get("stages", ())), "score": (low, high)}
        return FindingFilter(**parts)
    except (TypeError, ValueError):
        return FindingFilter()
