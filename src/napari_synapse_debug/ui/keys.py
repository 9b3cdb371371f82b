"""The keys of the window: one table that binds them, names them in tooltips and lists them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import QAbstractButton, QApplication, QComboBox, QWidget

from napari_synapse_debug.domain.verdicts import Verdict
from napari_synapse_debug.ui.words import in_words


@dataclass(frozen=True)
class Key:
    """A key (and others) and what it does; ``command`` names the function it is bound to."""

    key: str
    command: str
    help: str
    also: tuple[str, ...] = ()


_PRESS = "Space"
KEYS = (
    Key("N", "next", "next error without a verdict"),
    Key("P", "previous", "previous error without a verdict"),
    *(Key(str(n), f"verdict {v}", f"{in_words(v)}, and go on") for n, v in enumerate(Verdict, 1)),
    Key("0", "take back", "take your verdict back"),
    Key("U", "undo", "undo", also=("Ctrl+Z",)),
    Key("Ctrl+Y", "redo", "redo", also=("Ctrl+Shift+Z",)),
    Key("C", "comment", "comment on the error"),
    Key("A", "accept", "accept a false one as true, and go on"),
    Key(_PRESS, "sides", "truth and prediction, truth alone, prediction alone"),
    Key("B", "blink", "blink the prediction"),
    Key("V", "dimensions", "2D or 3D, at the same place"),
    Key("F", "fit", "fit the error into the view"),
    Key("/", "search", "search the list"),
    Key("?", "help", "show or hide this list"),
)


def bind(widget: QWidget, commands: Mapping[str, Callable[[], object]]) -> list[QShortcut]:
    """The shortcuts for those ``commands``, active while ``widget`` or a part of it has focus.

    They are bound to the widget and its children, so that napari's own keys stay as they are. A
    button or a choice that has the focus keeps the space bar.
    """
    shortcuts = []
    for key in KEYS:
        for text in (key.key, *key.also) if key.command in commands else ():
            shortcut = QShortcut(QKeySequence(text), widget)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(partial(_act, text, commands[key.command]))
            shortcuts.append(shortcut)
    return shortcuts


def _act(text: str, command: Callable[[], object]) -> None:
    """Do what ``text`` is bound to; the space bar presses the button that has the focus."""
    focus = QApplication.focusWidget()
    if text == _PRESS and isinstance(focus, QAbstractButton):
        focus.click()
    elif text == _PRESS and isinstance(focus, QComboBox):
        focus.showPopup()
    else:
        command()


def cheat_sheet() -> str:
    """All keys as an HTML table."""
    rows = [("↑ ↓ Return", "go to the error of a row")]
    rows += [(" ".join((k.key, *k.also)), k.help) for k in KEYS]
    half = (len(rows) + 1) // 2
    pairs = zip(rows[:half], [*rows[half:], ("", "")], strict=False)
    cells = "".join(
        "<tr>"
        + "".join(f"<td><b>{k}</b>&nbsp;&nbsp;</td><td>{h}&nbsp;&nbsp;</td>" for k, h in p)
        + "</tr>"
        for p in pairs
    )
    return f"<table>{cells}</table>"


def hint(command: str) -> str:
    """What a command does with its keys, for a tooltip."""
    key = next(key for key in KEYS if key.command == command)
    return f"{key.help[0].upper()}{key.help[1:]} ({' or '.join((key.key, *key.also))})"
