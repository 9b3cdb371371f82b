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


@dataclass(frozen=True)
class Crop:
    """Raw data and partners around a place.

    Parameters
    ----------
    grey : (Z, Y, X) float32
        Raw data, 0 black to 255 white.
    partners : (Z, Y, X) uint8 or None
        1 in pre, 2 in post, else 0.
    grid : Grid
        Where the crop lies.
    """

    grey: NDArray[np.float32]
    partners: NDArray[np.uint8] | None
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
    lit = None if partners is None else partners[box.slices]
    return Crop(_grey(np.asarray(raw[box.slices])), lit, grid.crop(box))


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
    index = [_pixel_voxels(crop.grid, axis, center_nm, half_nm, pixels) for axis in range(3)]
    clipped = [np.clip(k, 0, n - 1) for k, n in zip(index, crop.grid.shape, strict=True)]
    is_inside = [(k >= 0) & (k < n) for k, n in zip(index, crop.grid.shape, strict=True)]
    at, pick = int(clipped[fixed][pixels // 2]), np.ix_(clipped[down], clipped[across])
    picture = np.repeat(np.take(crop.grey, [at], fixed).squeeze(fixed)[pick][..., None], 3, axis=2)
    if crop.partners is not None:
        labels = np.take(crop.partners, [at], fixed).squeeze(fixed)[pick]
        for label, hue in ((PRE_LABEL, PRE), (POST_LABEL, POST)):
            lit = labels == label
            picture[lit] = (1 - TINT) * picture[lit] + TINT * np.array(_rgb(hue), np.float32)
    picture[~np.logical_and.outer(is_inside[down], is_inside[across])] = 0
    return np.asarray((picture + np.float32(0.5)).astype(np.uint8))


def _pixel_voxels(
    grid: Grid, axis: int, center_nm: ArrayLike, half_nm: float, pixels: int
) -> NDArray[np.int64]:
    """The voxel along ``axis`` under each of the ``pixels`` across a picture: (P,).

    The middle one is that of the centre itself.
    """
    offsets = ((np.arange(pixels) + 0.5) / pixels * 2 - 1) * half_nm
    offsets[pixels // 2] = 0.0
    places = np.tile(np.asarray(center_nm, dtype=np.float64), (pixels, 1))
    places[:, axis] += offsets
    return grid.to_index(places)[:, axis]


def _grey(raw: NDArray[Any]) -> NDArray[np.float32]:
    if not raw.size:
        return raw.astype(np.float32)
    low, high = np.percentile(raw.ravel()[::7], (0.5, 99.5))  # a sample will do
    if high <= low:
        return np.full(raw.shape, 128, np.float32)
    scale = np.float32(255 / (high - low))
    return np.clip((raw.astype(np.float32) - np.float32(low)) * scale, 0, 255)


def _rgb(hue: str) -> tuple[int, int, int]:
    return int(hue[1:3], 16), int(hue[3:5], 16), int(hue[5:7], 16)
