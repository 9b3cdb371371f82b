"""The keys of the window: one table that binds them, names them in tooltips and lists them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import QWidget


@dataclass(frozen=True)
class Key:
    """A key and what it does; ``command`` names the function it is bound to."""

    key: str
    command: str
    help: str


KEYS = (
    Key("N", "next", "next error"),
    Key("P", "previous", "previous error"),
    Key("Space", "sides", "truth and prediction, truth alone, prediction alone"),
    Key("V", "dimensions", "2D or 3D, at the same place"),
    Key("F", "fit", "fit the error into the view"),
    Key("/", "search", "search the list"),
    Key("?", "help", "show or hide this list"),
)


def bind(widget: QWidget, commands: Mapping[str, Callable[[], object]]) -> list[QShortcut]:
    """The shortcuts for those ``commands``, active while ``widget`` or a part of it has focus.

    They are bound to the widget and its children, so that napari's own keys stay as they are.
    """
    shortcuts = []
    for key in KEYS:
        if key.command in commands:
            shortcut = QShortcut(QKeySequence(key.key), widget)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(commands[key.command])
            shortcuts.append(shortcut)
    return shortcuts


def cheat_sheet() -> str:
    """All keys as an HTML table."""
    rows = [("↑ ↓ Return", "go to the error of a row"), *((k.key, k.help) for k in KEYS)]
    cells = "".join(f"<tr><td><b>{k}</b>&nbsp;&nbsp;</td><td>{h}</td></tr>" for k, h in rows)
    return f"<table>{cells}</table>"


def hint(command: str) -> str:
    """What a command does with its key, for a tooltip."""
    return next(f"{k.help} ({k.key})" for k in KEYS if k.command == command)
