"""Why something cannot be done now, in words: beside a Run button, or as a button's tooltip."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from qtpy.QtWidgets import QWidget

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.ui.names import PROJECT_MENU
from napari_synapse_debug.ui.ports import Results
from napari_synapse_debug.ui.session import Session

NO_PROJECT = f"Open or create a project first ({PROJECT_MENU})"
NO_MODEL = "Train a model first"
NO_PREDICTION = "Predict first: synapses are found in the probabilities"
NO_SYNAPSES = "Find synapses first (Contacts & synapses)"
NOT_SELECTED = "Select an error of the list first"
NO_VERDICT_GIVEN = "No verdict was given on this error"
IN_PACKAGE = (
    "This is a work package, which holds what is seen around its errors alone: send it back, and "
    "do this in the project that it was made from"
)
_NEEDED: dict[str, tuple[tuple[Callable[[Results], object], str], ...]] = {
    "train": (
        (
            lambda results: results.config.classes,
            "The project has nothing to learn: add masks or 3-point rows",
        ),
        (
            lambda results: results.config.annotated,
            "The project has no box to learn in: add one under Annotated boxes",
        ),
    ),
    "predict": ((lambda results: results.has_model, NO_MODEL),),
    "contacts": (
        (lambda results: results.config.segmentation, "The project has no neuron segmentation"),
    ),
    "synapses": ((lambda results: "prediction" in results.volumes, NO_PREDICTION),),
    "evaluate": (
        (lambda results: results.config.truth, "The project has no truth to compare with"),
        (lambda results: results.synapses is not None, NO_SYNAPSES),
    ),
    "again": ((lambda results: results.has_model, NO_MODEL),),
}
"""What must be there before a step that is not run by the same button."""


def why_blocked(
    session: Session, read_form: Callable[[], object], steps: Iterable[str] = ()
) -> str:
    """Why nothing can be run now, in words; empty where it can.

    Parameters
    ----------
    session : Session
        A step may be running in it, or no project be open, or one in which nothing is run.
    read_form : callable
        Raises ``InputError`` where the form holds what is refused.
    steps : iterable of str
        What these need must be in the project and its run.
    """
    if session.job.is_running:
        return f"{session.job.step} is running"
    if reason := why_missing(session, steps):
        return reason
    try:
        read_form()
    except InputError as error:
        return str(error)
    return ""


def why_missing(session: Session, steps: Iterable[str] = ()) -> str:
    """What is missing to run ``steps``, whatever runs now; empty where nothing is."""
    results = session.results
    if session.project is None or results is None:
        return NO_PROJECT
    if results.is_package:
        return IN_PACKAGE
    needed = (part for step in steps for part in _NEEDED.get(step, ()))
    return next((reason for is_there, reason in needed if not is_there(results)), "")


def allow(button: QWidget, tip: str, reason: str) -> None:
    """Let ``button`` be used, with ``tip``; or not where there is a ``reason``, which it tells."""
    button.setEnabled(not reason)
    button.setToolTip(reason or tip)
