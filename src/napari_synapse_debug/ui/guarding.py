"""Slots that may fail, or come too late: a slot of Qt must not raise."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from types import MethodType

from qtpy.compat import isalive
from qtpy.QtCore import QObject

from napari_synapse_debug.domain.errors import SynapseDebugError


def guarded(
    action: Callable[..., object], show_error: Callable[[SynapseDebugError], object]
) -> Callable[..., None]:
    """``action``, whose errors are shown to the user: a slot of Qt must not raise."""

    def act(*values: object) -> None:
        try:
            action(*values)
        except SynapseDebugError as error:
            show_error(error)

    return act


def while_alive(widget: QObject, action: Callable[..., object]) -> Callable[..., None]:
    """``action`` as long as ``widget`` lives: threads and signals may outlast the window.

    Neither ``widget`` nor the object of a method is kept alive by it, so that a dock that was
    closed is gone; a plain function is kept, and so is what it holds.
    """
    whose, which = weakref.ref(widget), _held(action)

    def act(*values: object) -> None:
        alive, function = whose(), which()
        if alive is not None and isalive(alive) and function is not None:
            function(*values)

    return act


def _held(action: Callable[..., object]) -> Callable[[], Callable[..., object] | None]:
    """Gives ``action`` back, or None where it is a method of an object that is gone."""
    if isinstance(action, MethodType):
        return weakref.WeakMethod(action)
    return lambda: action
