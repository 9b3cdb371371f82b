"""Slots that may fail, or come too late: a slot of Qt must not raise."""

from __future__ import annotations

from collections.abc import Callable

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
    """``action`` as long as Qt has not deleted ``widget``: threads may end after the window."""

    def act(*values: object) -> None:
        if isalive(widget):
            action(*values)

    return act
