"""Voxel size and offset as plain attributes of an array, in nm."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from napari_synapse_debug.domain.grid import TripleNm
from napari_synapse_debug.io.units import unit_in_nm


def length_attributes(
    attributes: Mapping[str, Any],
) -> tuple[TripleNm | None, TripleNm | None, str]:
    """Voxel size, offset (z, y, x, nm; None where absent), and why the size is not known.

    Reads ``resolution`` (CREMI, daisy) or ``voxel_size`` (funlib), ``offset`` and ``units``;
    without ``units`` they are nm, as in CREMI's files.
    """
    factors = _factors(attributes.get("units", attributes.get("unit")))
    size = attributes.get("resolution", attributes.get("voxel_size"))
    if factors is None:
        return None, None, f"a resolution {size} in units {attributes.get('units')!r}"
    size_nm, offset_nm = _scaled(size, factors), _scaled(attributes.get("offset"), factors)
    note = "" if size is None or size_nm is not None else f"a resolution {size}"
    return size_nm, offset_nm, note


def _factors(units: Any) -> TripleNm | None:
    if units is None:
        return (1.0, 1.0, 1.0)
    is_one = isinstance(units, (str, bytes)) or not isinstance(units, Iterable)
    names = [units] * 3 if is_one else list(units)[-3:]
    text = [name.decode() if isinstance(name, bytes) else str(name) for name in names]
    known = [factor for name in text if (factor := unit_in_nm(name)) is not None]
    return None if len(known) != 3 else (known[0], known[1], known[2])


def _scaled(values: Any, factors: TripleNm) -> TripleNm | None:
    try:
        numbers = np.asarray(values, dtype=np.float64).ravel()
    except (TypeError, ValueError):
        return None
    if numbers.size not in (3, 4) or not np.isfinite(numbers).all():
        return None
    z, y, x = (float(n * f) for n, f in zip(numbers[-3:], factors, strict=True))
    return z, y, x
