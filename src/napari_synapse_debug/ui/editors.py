"""One editor a kind of field: each shows a value of that kind and gives it back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QWidget

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.ui.scroll_safe import ChoiceBox
from napari_synapse_debug.ui.spin_boxes import RealBox, WholeBox

_AXES = ("z", "y", "x")


@dataclass(frozen=True)
class Bounds:
    """Smallest and largest value of a number, as a spin box takes them."""

    low: float
    high: float


class Editor(QWidget):
    """A field's editor; emits ``changed`` when the user, or ``set_value``, changes it."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(4)

    def value(self) -> Any:
        """The value shown.

        Raises
        ------
        InputError
            What was typed is no value of this kind.
        """
        raise NotImplementedError

    def set_value(self, value: Any) -> None:
        """Show ``value``."""
        raise NotImplementedError


class SwitchEditor(Editor):
    """Yes or no."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.box = QCheckBox()
        self.box.toggled.connect(self.changed)
        self.row.addWidget(self.box)

    def value(self) -> bool:
        """Whether it is checked."""
        return bool(self.box.isChecked())

    def set_value(self, value: bool) -> None:
        """Check it, or not."""
        self.box.setChecked(value)


class ChoiceEditor(Editor):
    """One of a few words."""

    def __init__(self, choices: tuple[str, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.box = ChoiceBox()
        for choice in choices:
            self.box.addItem(choice.replace("_", " "), choice)
        self.box.currentIndexChanged.connect(self.changed)
        self.row.addWidget(self.box, 1)

    def value(self) -> str:
        """The chosen word."""
        return str(self.box.currentData())

    def set_value(self, value: str) -> None:
        """Choose ``value``."""
        self.box.setCurrentIndex(self.box.findData(value))


class NumberEditor(Editor):
    """A number within its bounds."""

    def __init__(
        self, bounds: Bounds, unit: str, *, is_whole: bool, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.box = WholeBox() if is_whole else RealBox()
        self.box.setRange(
            *((int(bounds.low), int(bounds.high)) if is_whole else (bounds.low, bounds.high))
        )
        self.box.setSuffix(f" {unit}" if unit else "")
        self.box.valueChanged.connect(self.changed)
        self.row.addWidget(self.box, 1)

    def value(self) -> float:
        """The number: int for a whole one."""
        return self.box.value()

    def set_value(self, value: float) -> None:
        """Show ``value``."""
        self.box.setValue(value)


class TripleEditor(Editor):
    """Three numbers along z, y, x."""

    def __init__(
        self, bounds: Bounds, unit: str, *, is_whole: bool, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.parts = [NumberEditor(bounds, "", is_whole=is_whole) for _ in _AXES]
        for axis, part in zip(_AXES, self.parts, strict=True):
            part.box.setPrefix(f"{axis} ")
            part.setToolTip(f"Along {axis}{f', in {unit}' if unit else ''}")
            part.changed.connect(self.changed)
            self.row.addWidget(part, 1)

    def value(self) -> tuple[float, ...]:
        """The three numbers, zyx."""
        return tuple(part.value() for part in self.parts)

    def set_value(self, value: tuple[float, float, float]) -> None:
        """Show ``value`` (zyx)."""
        for part, number in zip(self.parts, value, strict=True):
            part.set_value(number)


class TextEditor(Editor):
    """Text, or whole numbers between commas."""

    def __init__(self, *, is_numbers: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_numbers = is_numbers
        self.line = QLineEdit()
        self.line.setPlaceholderText("numbers between commas" if is_numbers else "")
        self.line.textChanged.connect(self.changed)
        self.row.addWidget(self.line, 1)

    def value(self) -> Any:
        """The text, or the tuple of numbers in it."""
        text = self.line.text().strip()
        if not self._is_numbers:
            return text
        try:
            return tuple(int(part) for part in text.split(",") if part.strip())
        except ValueError:
            raise InputError(
                "The list of numbers cannot be read",
                found=repr(text),
                expected="whole numbers between commas",
                fix="write for example 17, 42",
            ) from None

    def set_value(self, value: Any) -> None:
        """Show ``value``."""
        self.line.setText(", ".join(map(str, value)) if self._is_numbers else str(value))


class OptionalEditor(Editor):
    """An editor that can be left to be chosen automatically, which is None."""

    def __init__(self, inner: Editor, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.auto, self.inner = QCheckBox("auto"), inner
        self.auto.toggled.connect(lambda is_auto: inner.setEnabled(not is_auto))
        self.auto.toggled.connect(self.changed)
        inner.changed.connect(self.changed)
        self.row.addWidget(self.auto)
        self.row.addWidget(inner, 1)
        self.auto.setChecked(True)

    def value(self) -> Any:
        """The value of the inner editor; None where it is automatic or an empty text."""
        value = None if self.auto.isChecked() else self.inner.value()
        return None if value == "" else value

    def set_value(self, value: Any) -> None:
        """Show ``value``; None: automatic."""
        self.auto.setChecked(value is None)
        if value is not None:
            self.inner.set_value(value)
