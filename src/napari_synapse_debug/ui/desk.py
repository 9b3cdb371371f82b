"""All that belongs to one viewer: its session, the adapter and the runner of steps.

Docks are made one by one by napari, with nothing but the viewer in hand, and must share one
session. So the desks lie in a dictionary that holds the viewers weakly: a desk lives as long as
its viewer, two viewers have two desks, and nothing is left that a test would have to reset.
"""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_synapse_debug.ui.backend import Backend, product_backend
from napari_synapse_debug.ui.background import Background
from napari_synapse_debug.ui.contact_outlines import ContactOutlines
from napari_synapse_debug.ui.corrections import Corrections
from napari_synapse_debug.ui.flight import Flight
from napari_synapse_debug.ui.interface_layer import InterfaceLayer
from napari_synapse_debug.ui.live_prediction import LivePrediction
from napari_synapse_debug.ui.painting import PaintWatch
from napari_synapse_debug.ui.partner_surfaces import PartnerSurfaces
from napari_synapse_debug.ui.picking import Picker
from napari_synapse_debug.ui.ports import Review
from napari_synapse_debug.ui.preferences import Preferences
from napari_synapse_debug.ui.preview import Preview
from napari_synapse_debug.ui.remembering import Remembering
from napari_synapse_debug.ui.reviewing import Reviewing
from napari_synapse_debug.ui.session import Session
from napari_synapse_debug.ui.step_runner import StepRunner
from napari_synapse_debug.ui.synapse_paths import SynapsePaths
from napari_synapse_debug.ui.viewer_adapter import ViewerAdapter

if TYPE_CHECKING:
    from napari.components import ViewerModel


ABOUT_RESULTS = (
    "what if tables",
    "what if",
    "compare",
    "score",
    "lessons",
    "proposed boxes",
    "reviewers",
    "corrected truth",
)
"""Work in the background whose answer is about the open results, by name."""


class Desk:
    """The parts of one viewer's window; only views are missing, which may come and go."""

    def __init__(
        self, viewer: ViewerModel, load_backend: Callable[[], Backend] = product_backend
    ) -> None:
        self.session, self.preferences = Session(), Preferences()
        self.flight = Flight(is_on=bool(self.preferences.read("flight", default=True)))
        self.adapter = ViewerAdapter(viewer, self.session, self.flight.go)
        self.adapter.showing.kept = dict(self.preferences.read("presets", default={}))
        self.backend = cache(load_backend)
        self.runner = StepRunner(self.session, self.backend)
        self.paint = PaintWatch(self.session)
        self.background = Background()
        self.session.results_changed.connect(self._forget_tasks)  # before what asks anew
        self.reviewing = Reviewing(self.session, self._open_review, self.background)
        self.surfaces = PartnerSurfaces(self.session, self.adapter, self.background)
        self.interface = InterfaceLayer(self.session, self.adapter, self.background)
        has_outlines = bool(self.preferences.read("shows outlines", default=False))
        self.outlines = ContactOutlines(
            self.session, self.adapter, self.background, is_on=has_outlines
        )
        has_paths = bool(self.preferences.read("shows paths", default=False))
        self.paths = SynapsePaths(self.session, self.adapter, is_on=has_paths)
        self.corrections = Corrections(
            self.session, self.adapter, self.reviewing, self.background, self.backend
        )
        self.corrections.drawn.connect(self.paths.show_edited)
        self.corrections.editor.held.connect(self.paths.show_held)
        self.picker = Picker(
            self.adapter, self.session, self.session.select, self.corrections.editor.choose
        )
        self.preview = Preview(
            self.session,
            self.adapter,
            self.runner.predict_here,
            lambda folder, run: self.backend().open_preview(folder, run=run),
        )
        self.remembering = Remembering(self.session, self.preferences)
        self.runner.project_made.connect(self.remembering.restore)
        self.live = LivePrediction(
            self.session,
            self.adapter,
            lambda folder, run: self.backend().open_partial(folder, run=run),
        )

    def open_project(self, folder: Path) -> None:
        """Open the project in ``folder`` where it was left: its run, its list, its error.

        A work package may be its zip, which is unpacked beside it.

        Raises
        ------
        SynapseDebugError
            It is no project, or something in it cannot be read.
        """
        folder = self.backend().unpack_package(folder)
        run = self.remembering.run_of(folder)
        known = self.backend().list_runs(folder)
        self.runner.open(folder, run if run in known else _first_run(known))
        self.remembering.restore()

    def open_run(self, folder: Path, run: str | None = None) -> None:
        """Open ``run`` of the project in ``folder``; by default main, or else the first one.

        List and error are as they were left where it is the run that was open last.

        Raises
        ------
        SynapseDebugError
            It is no project, it has no such run, or something in it cannot be read.
        """
        folder = self.backend().unpack_package(folder)
        self.runner.open(folder, run or _first_run(self.backend().list_runs(folder)))
        self.remembering.restore()

    def _open_review(self, folder: Path, run: str) -> Review:
        """The review, by the name that was given in the window; a package has its reviewer's."""
        results = self.session.results
        is_package = results is not None and results.is_package
        author = None if is_package else self.preferences.read("reviewer", default=None)
        return self.backend().open_review(folder, run, author)

    def _forget_tasks(self) -> None:
        """What was asked about the results before is not told of those that are open now."""
        for name in ABOUT_RESULTS:
            self.background.stop(name)
            self.background.forget(name)

    def close(self) -> None:
        """Stop what runs and close what is open."""
        self.runner.close()
        self.background.close()
        self.reviewing.close()


def _first_run(known: Sequence[str]) -> str:
    """The run to open where none is named: main, or the first of others, as in a work package."""
    return known[0] if known and "main" not in known else "main"


_DESKS: weakref.WeakKeyDictionary[ViewerModel, Desk] = weakref.WeakKeyDictionary()


def desk_of(viewer: ViewerModel) -> Desk:
    """The desk of ``viewer``; made at the first call.

    ``viewer`` may be the proxy that napari gives to docks.
    """
    real: Any = inspect.unwrap(viewer)
    if real not in _DESKS:
        desk = Desk(real)
        _DESKS[real] = desk
        weakref.finalize(real, desk.close)
    return _DESKS[real]
