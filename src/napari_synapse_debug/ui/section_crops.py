"""Small pictures around a place along xy, xz and yz at true aspect; plain numpy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.ui.palette import POST, PRE
from napari_synapse_debug.ui.partner_volume import POST_LABEL, PRE_LABEL, PartnerVolume

PLANES = {"xy": (1, 2), "xz": (0, 2), "yz": (0, 1)}
"""Axes (zyx) that run down and across each plane."""

TINT = 0.35


def _hues() -> NDArray[np.uint8]:
    """The colours of 256 greys in no partner, then in pre, then in post: (768, 3) uint8."""
    grey = np.repeat(np.arange(256.0)[:, None], 3, axis=1)
    table = np.stack([grey] * 3)
    for label, hue in ((PRE_LABEL, PRE), (POST_LABEL, POST)):
        rgb = [int(hue[at : at + 2], 16) for at in (1, 3, 5)]
        table[label] = (1 - TINT) * grey + TINT * np.array(rgb)
    return np.rint(table).astype(np.uint8).reshape(-1, 3)


_HUES = _hues()


@dataclass(frozen=True)
class Crop:
    """Raw data and partners around a place.

    Parameters
    ----------
    raw : (Z, Y, X) array
        Raw data as they are.
    contrast : pair of float
        Values of ``raw`` that are shown black and white.
    partners : PartnerVolume or None
        The partners in the same box.
    grid : Grid
        Where the crop lies.
    """

    raw: NDArray[Any]
    contrast: tuple[float, float]
    partners: PartnerVolume | None
    grid: Grid


def read_crop(
    raw: Any, partners: PartnerVolume | None, grid: Grid, center_nm: ArrayLike, half_nm: float
) -> Crop:
    """The crop that holds ``half_nm`` around ``center_nm`` each way, cut to the volume."""
    z, y, x = grid.to_index(center_nm)[0].tolist()
    middle = Box((z, y, x), (z + 1, y + 1, x + 1))
    box = middle.grow(grid.margin_vx(half_nm), within=grid.box)
    if box.is_empty:
        box = Box((0, 0, 0), (0, 0, 0))
    values = np.asarray(raw[box.slices])
    lit = None if partners is None else partners.crop(box.slices)
    return Crop(values, _contrast(values), lit, grid.crop(box))


def section(
    crop: Crop, plane: str, center_nm: ArrayLike, half_nm: float, pixels: int
) -> NDArray[np.uint8]:
    """A square RGB picture of ``pixels`` edge through ``center_nm``: (P, P, 3) uint8.

    Pixels are square in nm, so that thick sections look as thick as they are; what lies outside
    the volume is black. The partners are tinted in their hues.
    """
    if 0 in crop.grid.shape:
        return np.zeros((pixels, pixels, 3), np.uint8)
    down, across = PLANES[plane]
    fixed = 3 - down - across
    index = _pixel_voxels(crop.grid, center_nm, half_nm, pixels)
    nearest = np.clip(index, 0, np.array(crop.grid.shape) - 1)
    is_inside = index == nearest
    cut: list[Any] = [slice(None)] * 3
    cut[fixed] = int(nearest[pixels // 2, fixed])
    grey = _grey(crop.raw[tuple(cut)], crop.contrast)
    labels = np.uint8(0) if crop.partners is None else crop.partners[tuple(cut)]
    plane_rgb = _HUES.take(np.multiply(labels, 256, dtype=np.intp) + grey, axis=0)
    picture = plane_rgb.take(nearest[:, down], axis=0).take(nearest[:, across], axis=1)
    picture[~is_inside[:, down]] = 0
    picture[:, ~is_inside[:, across]] = 0
    return picture


def _pixel_voxels(
    grid: Grid, center_nm: ArrayLike, half_nm: float, pixels: int
) -> NDArray[np.int64]:
    """The voxel along each axis under each of the ``pixels`` across a picture: (P, 3).

    The middle one is that of the centre itself.
    """
    offsets = ((np.arange(pixels) + 0.5) / pixels * 2 - 1) * half_nm
    offsets[pixels // 2] = 0.0
    return grid.to_index(np.asarray(center_nm, dtype=np.float64) + offsets[:, None])


def _contrast(raw: NDArray[Any]) -> tuple[float, float]:
    if not raw.size:
        return 0.0, 0.0
    low, high = np.percentile(raw[:, ::5, ::5], (0.5, 99.5))  # a sample will do
    return float(low), float(high)


def _grey(raw: NDArray[Any], contrast: tuple[float, float]) -> NDArray[np.uint8]:
    """``raw`` from 0, black, to 255, white; 128 where there is no contrast."""
    low, high = contrast
    if high <= low:
        return np.full(raw.shape, 128, np.uint8)
    scale = np.float32(255 / (high - low))
    bright = (raw.astype(np.float32) - np.float32(low)) * scale
    return np.asarray(np.rint(np.clip(bright, 0, 255)).astype(np.uint8))
