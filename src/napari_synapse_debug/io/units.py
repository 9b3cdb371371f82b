"""Units of length as they are written in files, in nm."""

from __future__ import annotations

_NM = {
    "angstrom": 0.1,
    "å": 0.1,
    "picometer": 0.001,
    "pm": 0.001,
    "nanometer": 1.0,
    "nanometre": 1.0,
    "nanometers": 1.0,
    "nm": 1.0,
    "micrometer": 1e3,
    "micrometre": 1e3,
    "micrometers": 1e3,
    "micron": 1e3,
    "microns": 1e3,
    "um": 1e3,
    "µm": 1e3,
    "μm": 1e3,
    "\\u00b5m": 1e3,
    "millimeter": 1e6,
    "millimetre": 1e6,
    "mm": 1e6,
    "centimeter": 1e7,
    "cm": 1e7,
    "meter": 1e9,
    "metre": 1e9,
    "m": 1e9,
    "inch": 2.54e7,
}


def unit_in_nm(name: object) -> float | None:
    """How many nm the unit ``name`` has; None where the name is not one of a length."""
    return _NM.get(str(name).strip().lower())
