"""Widgets of forms that a passing mouse wheel does not change."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QComboBox, QSlider


class ScrollSafe:
    """Mixed in before a Qt widget: it turns with the wheel only when it has the focus."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # type: ignore[attr-defined]

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Turn only when it has the focus, so that scrolling a form changes nothing."""
        if self.hasFocus():  # type: ignore[attr-defined]
            super().wheelEvent(event)  # type: ignore[misc]
        else:
            event.ignore()


class ChoiceBox(ScrollSafe, QComboBox):
    """A list of choices."""


class Slider(ScrollSafe, QSlider):
    """A slider."""
