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
    voxels = crop.grid.to_index(_plane_nm(plane, center_nm, half_nm, pixels))
    inside = crop.grid.box.contains(voxels)
    z, y, x = np.clip(voxels, 0, np.array(crop.grid.shape) - 1).T
    picture = np.repeat(crop.grey[z, y, x][:, None], 3, axis=1)
    if crop.partners is not None:
        labels = crop.partners[z, y, x]
        for label, hue in ((PRE_LABEL, PRE), (POST_LABEL, POST)):
            lit = labels == label
            picture[lit] = (1 - TINT) * picture[lit] + TINT * np.array(_rgb(hue))
    picture[~inside] = 0
    return picture.round().astype(np.uint8).reshape(pixels, pixels, 3)


def _plane_nm(plane: str, center_nm: ArrayLike, half_nm: float, pixels: int) -> NDArray[np.float64]:
    """Positions of the pixels, row after row: (pixels², 3) float64, zyx, nm."""
    offsets = ((np.arange(pixels) + 0.5) / pixels * 2 - 1) * half_nm
    down, across = PLANES[plane]
    places = np.tile(np.asarray(center_nm, dtype=np.float64), (pixels, pixels, 1))
    places[..., down] += offsets[:, None]
    places[..., across] += offsets[None, :]
    return places.reshape(-1, 3)


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
