"""A picture of the whole window, taken once everything that is slow to appear has appeared."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QApplication

from napari_synapse_debug.domain.errors import StorageError

if TYPE_CHECKING:
    import napari

SETTLE_SECONDS = 1.0
"""How long the window is given to slice, lay out and paint, unless told otherwise."""


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
    target = Path(path)
    viewer.window.resize(*size)
    until = time.monotonic() + settle_seconds
    while time.monotonic() < until:
        QApplication.processEvents()
        time.sleep(0.01)
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
