"""The widgets of the Plugins menu: each joins a view to the desk of the viewer it is docked in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtGui import QEnterEvent
from qtpy.QtWidgets import QWidget

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.ui import step_panel
from napari_synapse_debug.ui.annotation_request import AnnotationRequest
from napari_synapse_debug.ui.contact_filter import ContactFilter
from napari_synapse_debug.ui.desk import desk_of
from napari_synapse_debug.ui.guarding import guarded, while_alive
from napari_synapse_debug.ui.layer_info import rectangle_box, volume_layers
from napari_synapse_debug.ui.predict_panel import PredictPanel
from napari_synapse_debug.ui.preview import box_in_view
from napari_synapse_debug.ui.project_panel import ProjectPanel
from napari_synapse_debug.ui.project_request import RAW, ProjectRequest
from napari_synapse_debug.ui.session import PROJECT, JobState
from napari_synapse_debug.ui.sketch_choice import SketchChoice
from napari_synapse_debug.ui.step_panel import StepGroup, StepPanel
from napari_synapse_debug.ui.tabs import join_tabs
from napari_synapse_debug.ui.train_panel import TrainPanel

if TYPE_CHECKING:
    import napari.viewer
    from napari.layers import Layer


class StepDock(StepPanel):
    """Forms and Run of a group of steps, joined to its viewer."""

    group: StepGroup

    def __init__(self, viewer: napari.viewer.Viewer, parent: QWidget | None = None) -> None:
        desk = desk_of(viewer)
        super().__init__(desk.session, self.group, parent)
        self.run_requested.connect(desk.runner.start)
        self.cancel_requested.connect(desk.runner.cancel)
        join_tabs(self)


class TrainDock(TrainPanel):
    """Annotate boxes in the open layers and train on them, joined to its viewer."""

    def __init__(self, viewer: napari.viewer.Viewer, parent: QWidget | None = None) -> None:
        desk = desk_of(viewer)
        super().__init__(desk.session, parent)
        self._desk = desk
        self._waiting: tuple[Path | None, tuple[Any, ...]] | None = None
        boxes = self.annotations
        self.run_requested.connect(self._start)
        self.finish_requested.connect(desk.runner.finish_training)
        self.cancel_requested.connect(desk.runner.cancel)
        show = boxes.message.show_error
        boxes.add_requested.connect(guarded(self._add_box, show))
        boxes.forget_requested.connect(guarded(self._forget_box, show))
        boxes.box_requested.connect(guarded(self._take_box, show))
        desk.session.job_changed.connect(self._go_on)
        desk.session.box_proposed.connect(boxes.show_box)
        if desk.session.proposed_box is not None:
            boxes.show_box(desk.session.proposed_box)
        desk.session.results_changed.connect(self._refresh)
        layers = desk.adapter.viewer.layers
        for event in (layers.events.inserted, layers.events.removed, layers.events.changed):
            event.connect(self._list_layers)
        self._list_layers()
        self._refresh()
        join_tabs(self)

    def _refresh(self) -> None:
        guarded(self._show_training, self.annotations.message.show_error)()

    def _show_training(self) -> None:
        """How the model of the run was trained, or is being trained right now."""
        if not self._desk.session.job.is_running:
            self._desk.session.set_training(self._desk.runner.read_training_rows())
        self.show_training(self._desk.runner.read_sections())

    def _list_layers(self) -> None:
        layers = self._desk.adapter.user_layers
        for layer in layers:
            layer.events.name.connect(self._list_layers)
        self.annotations.show_layers(volume_layers(layers))

    def _take_box(self) -> None:
        results = self._desk.session.results
        if results is not None:
            self.annotations.show_box(rectangle_box(self._desk.adapter.viewer, results.grid))

    def _add_box(self, request: AnnotationRequest) -> None:
        self._write(request, self._desk.adapter.user_layers)

    def _write(self, request: AnnotationRequest, layers: Sequence[Layer]) -> None:
        self._desk.paint.remember(request, layers)
        self._desk.runner.annotate(request, volume_layers(layers))

    def _forget_box(self, box: str) -> None:
        self._desk.paint.forget(box)
        self._desk.runner.forget_box(box)

    def _start(self, *asked: Any) -> None:
        """Write what was painted since, then train."""
        paint = self._desk.paint
        changed = paint.changed()
        if not changed:
            self._desk.runner.start(*asked)
            return
        self._waiting = self._desk.session.project, asked
        painted = paint.layers_of(changed[0])
        self._write(changed[0], [x for x in self._desk.adapter.user_layers if x in painted])

    def _go_on(self, job: JobState) -> None:
        if job.step == "train" and "validation_score" in job.values:
            self._refresh()
        if job.step != PROJECT or job.is_running:
            return
        self.annotations.message.show_text(job.message, job.details)
        waiting, self._waiting = self._waiting, None
        if waiting is None or job.status != "done":
            return
        project, asked = waiting
        if project == self._desk.session.project:
            self._start(*asked)


class PredictDock(PredictPanel):
    """Predict a volume, or what is in view, joined to its viewer."""

    def __init__(self, viewer: napari.viewer.Viewer, parent: QWidget | None = None) -> None:
        desk = desk_of(viewer)
        super().__init__(desk.session, parent)
        self._desk = desk
        self.run_requested.connect(desk.runner.start)
        self.cancel_requested.connect(desk.runner.cancel)
        self.here_requested.connect(guarded(self._predict_here, self.show_error))
        self.end_requested.connect(desk.preview.cancel)
        desk.preview.message_changed.connect(self.show_message)
        desk.preview.failed.connect(self.show_error)
        desk.preview.running_changed.connect(self.show_running)
        join_tabs(self)

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802
        """Load the model while the mouse is on its way to Predict here."""
        super().enterEvent(event)
        self._desk.runner.warm_up()

    def _predict_here(self) -> None:
        results = self._desk.session.results
        if results is not None:
            self._desk.preview.start(*box_in_view(self._desk.adapter.viewer, results.grid))


class SynapsesDock(StepDock):
    """Find contacts and synapses; the smallest contact that shows is chosen live."""

    group = step_panel.SYNAPSES

    def __init__(self, viewer: napari.viewer.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(viewer, parent)
        self._desk = desk_of(viewer)
        self.contacts, self.sketches = ContactFilter(), SketchChoice()
        self.rows.insertWidget(0, self.contacts)
        self.rows.insertWidget(1, self.sketches)
        self._join_sketches()
        self.contacts.area_changed.connect(self._desk.adapter.show_contacts_from)
        self._desk.session.results_changed.connect(self._show_contacts)
        self._show_contacts()

    def _join_sketches(self) -> None:
        desk, choice = self._desk, self.sketches
        parts = (("paths", choice.paths, desk.paths), ("outlines", choice.outlines, desk.outlines))
        for name, box, shown in parts:
            box.setChecked(shown.is_on)
            box.toggled.connect(shown.switch)
            box.toggled.connect(partial(desk.preferences.write, f"shows {name}"))
        desk.paths.reason_changed.connect(choice.show_reason)
        choice.show_reason(desk.paths.reason)

    def _show_contacts(self) -> None:
        results = self._desk.session.results
        found = None if results is None else results.contacts
        self.contacts.show_areas(() if found is None else found["area_nm2"])


class EvaluateDock(StepDock):
    """Evaluate and diagnose."""

    group = step_panel.EVALUATE


class ProjectDock(ProjectPanel):
    """Create and open projects, joined to its viewer."""

    def __init__(self, viewer: napari.viewer.Viewer, parent: QWidget | None = None) -> None:
        desk = desk_of(viewer)
        super().__init__(desk.session, parent)
        self._desk = desk
        self.open_requested.connect(guarded(self._open, self.show_error))
        self.create_requested.connect(guarded(self._create_project, self.show_error))
        self.box_requested.connect(guarded(self._take_box, self.show_error))
        layers = desk.adapter.viewer.layers
        for event in (layers.events.inserted, layers.events.removed, layers.events.changed):
            event.connect(self._list_layers)
        self._list_layers()
        join_tabs(self)

    def _list_layers(self) -> None:
        layers = self._desk.adapter.user_layers
        for layer in layers:
            layer.events.name.connect(self._list_layers)
        self.show_layers(volume_layers(layers))

    def _open(self, path: Path) -> None:
        """Open a project; a package once it is unpacked, which takes a while if it is large."""
        if not path.is_file():
            self._desk.open_project(path)
            return
        self.message.show_text(f"Unpacking {path.name} …")
        open_it = guarded(partial(self._open_unpacked, self._desk.session.project), self.show_error)
        self._desk.background.run(
            "unpacking",
            partial(self._desk.backend().unpack_package, path),
            while_alive(self, open_it),
            while_alive(self, self.show_error),
        )

    def _open_unpacked(self, before: Path | None, folder: Path) -> None:
        if self._desk.session.project != before:  # another was opened meanwhile
            self.message.show_text(f"Unpacked: open the project {folder}")
            return
        self.message.clear()
        self._desk.open_project(folder)

    def _create_project(self, request: ProjectRequest) -> None:
        self._desk.runner.create(request, volume_layers(self._desk.adapter.user_layers))

    def _take_box(self, which: str) -> None:
        raw = [x for x in self.layers if self.uses[x.name].currentData() == RAW]
        if not raw:
            raise InputError("Choose the layer that is the EM image first")
        self.show_box(which, rectangle_box(self._desk.adapter.viewer, raw[0].grid))
