"""Which editor a field of a parameter model gets, and between which bounds."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic.fields import FieldInfo

from napari_synapse_debug.ui.editors import (
    Bounds,
    ChoiceEditor,
    Editor,
    NumberEditor,
    OptionalEditor,
    SwitchEditor,
    TextEditor,
    TripleEditor,
)
from napari_synapse_debug.ui.spin_boxes import DECIMALS

_MOST_INT = 2**31 - 1
_MOST_FLOAT = 1e12


def editor_for(annotation: Any, field: FieldInfo, unit: str) -> Editor:
    """The editor for a field of type ``annotation``, with its bounds and unit.

    Raises
    ------
    TypeError
        There is no editor for this type: a mistake in the parameter model.
    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType) and type(None) in arguments:
        inner = next(part for part in arguments if part is not type(None))
        return OptionalEditor(editor_for(inner, field, unit))
    if origin is Literal:
        return ChoiceEditor(tuple(map(str, arguments)))
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return TextEditor(is_numbers=True)
        is_whole = arguments[0] is int
        return TripleEditor(_positive(field, is_whole=is_whole), unit, is_whole=is_whole)
    makers: dict[Any, Callable[[], Editor]] = {
        bool: SwitchEditor,
        str: TextEditor,
        int: lambda: NumberEditor(bounds_of(field, is_whole=True), unit, is_whole=True),
        float: lambda: NumberEditor(bounds_of(field, is_whole=False), unit, is_whole=False),
    }
    if annotation not in makers:
        raise TypeError(f"There is no editor for fields of type {annotation}.")
    return makers[annotation]()


def bounds_of(field: FieldInfo, *, is_whole: bool) -> Bounds:
    """The bounds of ``field``; an open bound moves in by one step of the spin box."""
    step = 1.0 if is_whole else 10.0**-DECIMALS
    most = float(_MOST_INT) if is_whole else _MOST_FLOAT
    low, high = -most, most
    for mark in field.metadata:
        if isinstance(mark, annotated_types.Ge):
            low = max(low, float(mark.ge))  # type: ignore[arg-type]
        elif isinstance(mark, annotated_types.Gt):
            low = max(low, float(mark.gt) + step)  # type: ignore[arg-type]
        elif isinstance(mark, annotated_types.Le):
            high = min(high, float(mark.le))  # type: ignore[arg-type]
        elif isinstance(mark, annotated_types.Lt):
            high = min(high, float(mark.lt) - step)  # type: ignore[arg-type]
    return Bounds(low, high)


def _positive(field: FieldInfo, *, is_whole: bool) -> Bounds:
    bounds = bounds_of(field, is_whole=is_whole)
    return Bounds(max(bounds.low, 1.0 if is_whole else 10.0**-DECIMALS), bounds.high)
