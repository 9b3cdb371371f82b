"""A picture of the whole window, taken once everything that is slow to appear has appeared."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QApplication

from napari_synapse_debug.domain.errors import StorageError
from napari_synapse_debug.ui.desk import desk_of

if TYPE_CHECKING:
    import napari

SETTLE_SECONDS = 1.0
"""How long the window is given to slice, lay out and paint, unless told otherwise."""

_LONGEST_S = 60.0
"""So long it is waited for what is read beside the window."""


def save_picture(
    viewer: napari.Viewer,
    path: str | Path,
    size: tuple[int, int] = (1600, 1000),
    settle_seconds: float = SETTLE_SECONDS,
) -> Path:
    """The path of a PNG of the window of ``viewer`` at ``size`` (width, height in pixels).

    The window must be shown, on a screen or a virtual one; hidden windows paint no canvas.

    Raises
    ------
    StorageError
        The picture could not be written.
    """
    target, background = Path(path), desk_of(viewer).background
    viewer.window.resize(*size)
    latest = time.monotonic() + _LONGEST_S
    until = time.monotonic() + settle_seconds
    while time.monotonic() < until:
        QApplication.processEvents()
        time.sleep(0.01)
        if background.is_busy and time.monotonic() < latest:
            until = time.monotonic() + settle_seconds
    try:
        viewer.screenshot(str(target), canvas_only=False, flash=False)
    except OSError as error:
        raise StorageError(
            "The picture could not be written",
            found=f"{target}: {error}",
            expected="a folder that exists and can be written to",
            fix="give another path",
        ) from error
    return target
