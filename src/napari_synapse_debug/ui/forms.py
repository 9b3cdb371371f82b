"""A form that is built from a parameter model and gives it back; it knows no default of its own."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from pydantic.fields import FieldInfo
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFormLayout, QLabel, QVBoxLayout, QWidget
from superqt import QCollapsible

from napari_synapse_debug.domain.params import Params
from napari_synapse_debug.ui.editors import Editor
from napari_synapse_debug.ui.fields import editor_for

P = TypeVar("P", bound=Params)


class Form(QWidget, Generic[P]):
    """An editor of one parameter model; advanced fields are folded away.

    Parameters
    ----------
    params : Params
        The values to begin with; the type of it makes the form.
    """

    changed = Signal()

    def __init__(self, params: P, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = type(params)
        self.editors: dict[str, Editor] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        plain, advanced = _rows(), _rows()
        for name, field in self._model.model_fields.items():
            extra = _extra(field)
            editor = editor_for(field.annotation, field, str(extra.get("unit", "")))
            label = QLabel(field.title or name)
            for widget in (label, editor):
                widget.setToolTip(help_text(field))
            editor.changed.connect(self.changed)
            (advanced if extra.get("advanced") else plain).addRow(label, editor)
            self.editors[name] = editor
        column.addLayout(plain)
        self.advanced = QCollapsible("Advanced", expandedIcon="▾", collapsedIcon="▸")
        if advanced.rowCount():
            body = QWidget()
            body.setLayout(advanced)
            self.advanced.setContent(body)
            self.advanced.collapse(animate=False)
            column.addWidget(self.advanced)
        self.set_value(params)

    def value(self) -> P:
        """The parameters as shown.

        Raises
        ------
        InputError
            A field holds what its model refuses.
        """
        return self._model.build(**{name: editor.value() for name, editor in self.editors.items()})

    def set_value(self, params: P) -> None:
        """Show ``params``."""
        for name, editor in self.editors.items():
            editor.set_value(getattr(params, name))


def help_text(field: FieldInfo) -> str:
    """Help, bounds, unit and default of a field, for its tooltip."""
    parts = [field.description or ""]
    bounds = ", ".join(str(mark) for mark in map(_bound, field.metadata) if mark)
    unit = str(_extra(field).get("unit", ""))
    if bounds:
        parts.append(f"{bounds}{f' {unit}' if unit else ''}")
    parts.append(f"default: {'auto' if field.default is None else field.default}")
    return "\n".join(part for part in parts if part)


def _bound(mark: Any) -> str:
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    return "".join(
        f"{sign} {getattr(mark, name)}" for name, sign in signs.items() if hasattr(mark, name)
    )


def _extra(field: FieldInfo) -> dict[str, Any]:
    extra = field.json_schema_extra
    return dict(extra) if isinstance(extra, dict) else {}


def _rows() -> QFormLayout:
    rows = QFormLayout()
    rows.setContentsMargins(0, 0, 0, 0)
    rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return rows
