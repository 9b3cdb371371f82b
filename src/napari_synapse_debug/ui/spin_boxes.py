"""Spin boxes for forms: safe from a passing mouse wheel, numbers the same in every language."""

from __future__ import annotations

from qtpy.QtCore import QLocale
from qtpy.QtGui import QValidator
from qtpy.QtWidgets import QDoubleSpinBox, QSpinBox, QWidget

from napari_synapse_debug.ui.scroll_safe import ScrollSafe

DECIMALS = 9


class WholeBox(ScrollSafe, QSpinBox):
    """A spin box for whole numbers; a point or a comma cannot be typed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setLocale(_plain_locale())

    def validate(self, text: str, at: int) -> tuple[QValidator.State, str, int]:
        """Swallow separators of thousands, 2,000 and 2.000, so that what is seen is the number."""
        if "," in text or "." in text:
            return QValidator.State.Invalid, text, at
        return super().validate(text, at)


class RealBox(ScrollSafe, QDoubleSpinBox):
    """A spin box that shows a number without trailing zeros and steps by its size.

    It shows a point; a comma that is typed is a point too.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setLocale(_plain_locale())
        self.setDecimals(DECIMALS)
        self.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)

    def textFromValue(self, value: float) -> str:  # noqa: N802
        """The shortest text for ``value``."""
        return f"{value:.9g}"

    def validate(self, text: str, at: int) -> tuple[QValidator.State, str, int]:
        """Whether ``text`` is a number, after its comma became a point."""
        return super().validate(text.replace(",", "."), at)


def _plain_locale() -> QLocale:
    """Numbers as Python writes them, whatever the language of the computer."""
    locale, options = QLocale.c(), QLocale.NumberOption
    locale.setNumberOptions(options.OmitGroupSeparator | options.RejectGroupSeparator)
    return locale
