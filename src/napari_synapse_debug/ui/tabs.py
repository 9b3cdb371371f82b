"""Our docks share one place as tabs: napari stacks them, which on a small screen hides all."""

from __future__ import annotations

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

_MARK = "napari-synapse-debug panel"


def join_tabs(panel: QWidget) -> None:
    """Bring ``panel``, once it is docked, to the front of the tabs of our panels in its window."""
    panel.setProperty(_MARK, True)
    # a child, so that it ends with the panel; napari docks a widget after making it
    timer = QTimer(panel)
    timer.setSingleShot(True)
    timer.timeout.connect(lambda: _join(panel))
    timer.start(0)


def _join(panel: QWidget) -> None:
    window = panel.window()
    if not isinstance(window, QMainWindow):
        return
    docks = [dock for dock in window.findChildren(QDockWidget) if _holds_panel(dock)]
    mine = next((dock for dock in docks if dock.isAncestorOf(panel)), None)
    if mine is not None:
        # short, so that six tabs fit; an & would be taken for a mnemonic
        mine.setWindowTitle(mine.windowTitle().split(" (")[0].replace("&", "&&"))
    others = [dock for dock in docks if dock is not mine and not dock.isFloating()]
    if mine is not None and others:
        window.tabifyDockWidget(others[0], mine)
        mine.raise_()


def our_panels(window: QWidget) -> list[QWidget]:
    """The panels of ours in ``window``, shown or not."""
    return [child for child in window.findChildren(QWidget) if child.property(_MARK)]


def _holds_panel(dock: QDockWidget) -> bool:
    return bool(our_panels(dock))
