"""The metadata of OME-Zarr images (versions 0.4 and 0.5): axes, scale, channels.

Specification: https://ngff.openmicroscopy.org/0.5/
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Grid, TripleNm
from napari_synapse_debug.io.units import unit_in_nm

_COLORS = ("FF00FF", "00FFFF", "FFFF00", "00FF00", "FF8000", "0080FF", "FF0000", "FFFFFF")


def find_level(metadata: dict[str, Any], name: str) -> dict[str, Any] | None:
    """The entry of the level whose path is ``name``; None where there is none."""
    for level in metadata["multiscales"][0].get("datasets", []):
        if level.get("path") == name:
            return dict(level)
    return None


def read_axes(metadata: dict[str, Any], folder: Path, shape: tuple[int, ...]) -> str:
    """The axes as letters, for example ``tczyx``.

    Raises
    ------
    InputError
        They do not end in z, y, x, or there is more than one point in time.
    """
    listed = metadata["multiscales"][0].get("axes", [])
    names = [axis["name"] if isinstance(axis, dict) else axis for axis in listed]
    axes = "".join(names) if names else "tczyx"[-len(shape) :]
    known = axes in ("zyx", "czyx", "tczyx", "tzyx") and len(axes) == len(shape)
    if not known or (axes[0] == "t" and shape[0] != 1):
        raise InputError(
            f"{folder} is no volume",
            found=f"axes {','.join(names) or axes} of {shape}",
            expected="axes z,y,x, or c,z,y,x, or t,c,z,y,x with one point in time",
            fix="write one point in time with the axes in this order",
        )
    return axes


def read_scale(
    metadata: dict[str, Any], name: str, axes: str
) -> tuple[TripleNm | None, TripleNm | None, str]:
    """Voxel size and offset (z, y, x, nm) of the level ``name``, and why the size is unknown.

    Scale and translation of the level are applied first, then those of the whole image.
    """
    image = metadata["multiscales"][0]
    scale, offset = np.ones(len(axes)), np.zeros(len(axes))
    steps = [
        *(find_level(metadata, name) or {}).get("coordinateTransformations", []),
        *image.get("coordinateTransformations", []),
    ]
    for step in steps:
        if step.get("type") == "scale":
            scale = scale * np.asarray(step["scale"], dtype=np.float64)
            offset = offset * np.asarray(step["scale"], dtype=np.float64)
        elif step.get("type") == "translation":
            offset = offset + np.asarray(step["translation"], dtype=np.float64)
    space = [axis for axis in image.get("axes", []) if isinstance(axis, dict)][-3:]
    units = [axis.get("unit", "none") for axis in space]
    factors = [unit_in_nm(unit) for unit in units]
    if len(factors) != 3 or None in factors or not steps:
        found = ",".join(f"{n:g}" for n in scale[-3:])
        return None, None, f"a scale {found} in unit {','.join(map(str, units)) or 'none'}"
    nm = np.asarray(factors, dtype=np.float64)
    return _triple(scale[-3:] * nm), _triple(offset[-3:] * nm), ""


def read_channels(metadata: dict[str, Any], count: int) -> tuple[str, ...] | None:
    """Names of ``count`` channels, by their number where none are written; None for none."""
    if not count:
        return None
    listed = metadata.get("omero", {}).get("channels", [])
    names = tuple(str(c.get("label", i)) for i, c in enumerate(listed))
    return names if len(names) == count else tuple(str(i) for i in range(count))


def level_names(metadata: dict[str, Any]) -> tuple[str, ...]:
    """The paths of all levels, finest first."""
    listed = metadata["multiscales"][0].get("datasets", [])
    return tuple(str(level["path"]) for level in listed if "path" in level)


def image_metadata(
    grids: Sequence[Grid], name: str, channels: tuple[str, ...] | None, dtype: np.dtype[Any]
) -> dict[str, Any]:
    """The attribute ``ome`` (0.5) of an image with the levels ``0``, ``1``, … on ``grids``."""
    axes: list[dict[str, str]] = [
        {"name": axis, "type": "space", "unit": "nanometer"} for axis in "zyx"
    ]
    lead = 0 if channels is None else 1
    axes = [{"name": "c", "type": "channel"}] * lead + axes
    image: dict[str, Any] = {"name": name, "axes": axes}
    image["datasets"] = [_level(str(number), grid, lead) for number, grid in enumerate(grids)]
    if len(grids) > 1:
        image["type"] = "mean"
    ome: dict[str, Any] = {"version": "0.5", "multiscales": [image]}
    if channels is not None:
        ome["omero"] = {"channels": _display(channels, dtype)}
    return ome


def _level(path: str, grid: Grid, lead: int) -> dict[str, Any]:
    transforms = [
        {"type": "scale", "scale": [1.0] * lead + list(grid.voxel_size_nm)},
        {"type": "translation", "translation": [0.0] * lead + list(grid.offset_nm)},
    ]
    return {"path": path, "coordinateTransformations": transforms}


def _display(channels: tuple[str, ...], dtype: np.dtype[Any]) -> list[dict[str, Any]]:
    top = float(np.iinfo(dtype).max) if dtype.kind in "iu" else 1.0
    window = {"min": 0.0, "max": top, "start": 0.0, "end": top}
    return [
        {"label": name, "color": _COLORS[i % len(_COLORS)], "window": window, "active": True}
        for i, name in enumerate(channels)
    ]


def _triple(values: Any) -> TripleNm:
    z, y, x = (float(v) for v in values)
    return z, y, x
