"""TIFF stacks, read by page or tile, with the voxel size of ImageJ or OME if it is whole."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tifffile
import zarr

from napari_synapse_debug.domain.errors import DataError, InputError
from napari_synapse_debug.domain.grid import TripleNm
from napari_synapse_debug.io.arrays import Layout
from napari_synapse_debug.io.units import unit_in_nm

_BROKEN = re.compile("invalid|corrupt|truncated|missing", re.IGNORECASE)


def open_tiff(path: Path, dataset: str | None, is_writable: bool = False) -> zarr.Array[Any]:  # noqa: ARG001
    """The stack of a TIFF file as a chunked array; a chunk is a page, strip or tile."""
    return zarr.open_array(tifffile.imread(path, aszarr=True, level=0), mode="r")


def describe_tiff(path: Path, dataset: str | None) -> Layout:  # noqa: ARG001
    """What a TIFF file says about its stack.

    Raises
    ------
    InputError
        The pages are no stack z, y, x (or with channels c, z, y, x).
    DataError
        The file is damaged or incomplete.
    """
    complaints = _Complaints()
    logger = logging.getLogger("tifffile")
    logger.addHandler(complaints)
    try:
        with tifffile.TiffFile(path) as file:
            series = file.series[0]
            axes, shape, dtype = series.axes, series.shape, series.dtype
            size = _ome_size(file) if file.is_ome else _imagej_size(file)
        array = open_tiff(path, None)
    except (OSError, ValueError, IndexError) as error:
        raise _damaged(path, str(error)) from error
    finally:
        logger.removeHandler(complaints)
    if complaints.found:
        raise _damaged(path, complaints.found[0])
    channels = _channels(path, axes, shape)
    return Layout(
        path, None, open_tiff, shape, dtype, array.chunks, voxel_size_nm=size, channels=channels
    )


class _Complaints(logging.Handler):
    """Keeps what tifffile only logs: a stack cut short would else open as a shorter one."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if _BROKEN.search(record.getMessage()):
            self.found.append(record.getMessage())


def _channels(path: Path, axes: str, shape: tuple[int, ...]) -> tuple[str, ...] | None:
    if len(shape) == 3 and axes.endswith("YX"):
        return None
    if len(shape) == 4 and axes == "CZYX":
        return tuple(str(i) for i in range(shape[0]))
    raise InputError(
        f"{path} is no stack of sections",
        found=f"axes {axes} of {shape}",
        expected="grey pages of one size: axes ZYX, or CZYX",
        fix="save it as a grey multi-page TIFF, for example from Fiji as an image sequence",
    )


def _imagej_size(file: tifffile.TiffFile) -> TripleNm | None:
    """Voxel size of an ImageJ stack; None unless spacing, unit and both pixel sizes are there."""
    metadata: Mapping[str, Any] = file.imagej_metadata or {}
    unit = unit_in_nm(metadata.get("unit", ""))
    tags = file.pages[0].tags
    if unit is None or not {"spacing"} <= set(metadata):
        return None
    if not {"XResolution", "YResolution"} <= {tag.name for tag in tags}:
        return None
    pixels = []
    for name in ("YResolution", "XResolution"):
        count, per = tags[name].value
        if not count:
            return None
        pixels.append(per / count * unit)
    return abs(float(metadata["spacing"])) * unit, pixels[0], pixels[1]


def _ome_size(file: tifffile.TiffFile) -> TripleNm | None:
    """Voxel size of an OME-TIFF (µm where no unit is named, as OME says); None unless whole."""
    image = tifffile.xml2dict(file.ome_metadata).get("OME", {}).get("Image")
    if image is None:  # of a set of files another one tells
        return None
    pixels = (image[0] if isinstance(image, list) else image)["Pixels"]
    sizes = []
    for axis in "ZYX":
        length = pixels.get(f"PhysicalSize{axis}")
        unit = unit_in_nm(pixels.get(f"PhysicalSize{axis}Unit", "µm"))
        if length is None or unit is None:
            return None
        sizes.append(float(length) * unit)
    return sizes[0], sizes[1], sizes[2]


def _damaged(path: Path, found: str) -> DataError:
    return DataError(
        f"{path} cannot be opened as a TIFF stack",
        found=found,
        fix="copy the file again from its source; it is damaged or incomplete",
    )
