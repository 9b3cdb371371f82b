"""Spin boxes for forms: safe from a passing mouse wheel, numbers without trailing zeros."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QDoubleSpinBox, QSpinBox, QWidget

DECIMALS = 9


class _ScrollSafe:
    """Mixed into a spin box: a passing mouse wheel does not change it."""

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Turn only when it has the focus, so that scrolling a form changes nothing."""
        if self.hasFocus():  # type: ignore[attr-defined]
            super().wheelEvent(event)  # type: ignore[misc]
        else:
            event.ignore()


class WholeBox(_ScrollSafe, QSpinBox):
    """A spin box for whole numbers."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)


class RealBox(_ScrollSafe, QDoubleSpinBox):
    """A spin box that shows a number without trailing zeros and steps by its size."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setDecimals(DECIMALS)
        self.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)

    def textFromValue(self, value: float) -> str:  # noqa: N802
        """The shortest text for ``value``."""
        return f"{value:.9g}"
