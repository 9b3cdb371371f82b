"""What napari's command palette offers: the keys of the Debug dock, wherever the focus is."""

from __future__ import annotations

from collections.abc import Callable

from napari.utils.notifications import show_warning
from napari.viewer import Viewer  # napari reads the annotations to pass the viewer

from napari_synapse_debug.domain.errors import SynapseDebugError
from napari_synapse_debug.domain.verdicts import Verdict
from napari_synapse_debug.ui.desk import Desk, desk_of
from napari_synapse_debug.ui.guarding import guarded


def next_error(viewer: Viewer) -> None:
    """Go to the next error without a verdict."""
    _act(viewer, lambda desk: desk.session.step_unreviewed(1))


def previous_error(viewer: Viewer) -> None:
    """Go to the previous error without a verdict."""
    _act(viewer, lambda desk: desk.session.step_unreviewed(-1))


def give_model_error(viewer: Viewer) -> None:
    """Hold the selected error for one of the model, and go on."""
    _act(viewer, lambda desk: desk.reviewing.give(Verdict.MODEL_ERROR))


def give_segmentation_error(viewer: Viewer) -> None:
    """Hold the selected error for one of the segmentation, and go on."""
    _act(viewer, lambda desk: desk.reviewing.give(Verdict.SEGMENTATION_ERROR))


def give_truth_error(viewer: Viewer) -> None:
    """Hold the selected error for one of the truth, and go on."""
    _act(viewer, lambda desk: desk.reviewing.give(Verdict.GROUND_TRUTH_ERROR))


def give_ambiguous(viewer: Viewer) -> None:
    """Hold the selected error for ambiguous, and go on."""
    _act(viewer, lambda desk: desk.reviewing.give(Verdict.AMBIGUOUS))


def give_unsure(viewer: Viewer) -> None:
    """Be unsure about the selected error, and go on."""
    _act(viewer, lambda desk: desk.reviewing.give(Verdict.UNSURE))


def take_back(viewer: Viewer) -> None:
    """Take the verdict on the selected error back."""
    _act(viewer, lambda desk: desk.reviewing.take_back())


def undo(viewer: Viewer) -> None:
    """Undo the last verdict, comment or edit of the truth."""
    _act(viewer, lambda desk: desk.reviewing.undo())


def redo(viewer: Viewer) -> None:
    """Do again what was undone last."""
    _act(viewer, lambda desk: desk.reviewing.redo())


def turn(viewer: Viewer) -> None:
    """Switch between 2D and 3D at the selected error."""
    _act(viewer, lambda desk: desk.adapter.toggle_dimensions())


def fit(viewer: Viewer) -> None:
    """Fit the selected error into the view."""
    _act(viewer, lambda desk: desk.adapter.look(fit=True))


def _act(viewer: Viewer, action: Callable[[Desk], object]) -> None:
    guarded(lambda: action(desk_of(viewer)), _tell)()


def _tell(error: SynapseDebugError) -> None:
    show_warning(str(error))
