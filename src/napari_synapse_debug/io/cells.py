"""Cells of a table as values: EMPTY for an empty cell, None for one that cannot be used."""

from __future__ import annotations

import math
import re
from typing import Any, Final

import numpy as np
import pandas as pd

from napari_synapse_debug.domain.roles import Kind

EMPTY: Final = object()
"""Stands for a cell without content."""

_MISSING = {"", "na", "n/a", "none", "null", "<na>"}
_FLAGS = {
    "true": True,
    "yes": True,
    "1": True,
    "1.0": True,
    "false": False,
    "no": False,
    "0": False,
    "0.0": False,
}


_EXACT = 2**53
_WRITTEN_AS_FLOAT = re.compile(r"(\d+)\.0*")


def parse_float(cell: Any) -> Any:
    """A finite number; NaN counts as unusable, not as empty."""
    if _is_empty(cell):
        return EMPTY
    try:
        number = float(cell)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def parse_optional_float(cell: Any) -> Any:
    """A finite number; a NaN of a typed column is a cell without content, a written one is not."""
    return EMPTY if isinstance(cell, float) and math.isnan(cell) else parse_float(cell)


def parse_id(cell: Any) -> Any:
    """A whole number from 0 below 2**64, exactly; ``12.0`` counts as 12.

    Numbers from 2**53 on that were stored as floats were rounded, and are refused.
    """
    if _is_empty(cell) or (isinstance(cell, float) and math.isnan(cell)):
        return EMPTY
    if isinstance(cell, str) and (written := _WRITTEN_AS_FLOAT.fullmatch(cell.strip())):
        cell = written[1]
    try:
        number = int(cell) if not isinstance(cell, (float, np.floating)) else _whole(cell)
    except (TypeError, ValueError, OverflowError):
        number = _whole(parse_float(cell))
    return number if number is not None and 0 <= number < 2**64 else None


def parse_row(cell: Any) -> Any:
    """A whole number from 0 below 2**63, exactly; see ``parse_id``."""
    number: Any = parse_id(cell)
    return None if number is not EMPTY and number is not None and number >= 2**63 else number


def parse_kind(cell: Any) -> Any:
    """A kind of ``domain.roles.Kind``, whatever its case."""
    if _is_empty(cell) or (isinstance(cell, float) and math.isnan(cell)):
        return EMPTY
    name = str(cell).strip().lower().replace(" ", "_")
    return name if name in set(Kind) else None


def parse_flag(cell: Any) -> Any:
    """A yes or no."""
    if _is_empty(cell):
        return EMPTY
    return _FLAGS.get(str(cell).strip().lower())


def _is_empty(cell: Any) -> bool:
    if isinstance(cell, str):
        return cell.strip().lower() in _MISSING
    return cell is None or cell is pd.NA


def _whole(number: Any) -> int | None:
    if not isinstance(number, (float, np.floating)) or not float(number).is_integer():
        return None
    return int(number) if abs(float(number)) < _EXACT else None
