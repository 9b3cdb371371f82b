"""Small orthogonal pictures of one place: raw, the two partners, prediction and points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Grid

PRE_HUE = (0, 158, 115)
POST_HUE = (204, 121, 167)
PREDICTION_HUE = (240, 228, 66)
TRUTH_HUE = (86, 180, 233)

_PLANES = {"xy": 0, "xz": 1, "yz": 2}
_PARTNER_OPACITY = 0.28
_PREDICTION_OPACITY = 0.55

Rgb = NDArray[np.uint8]


@dataclass(frozen=True)
class Mark:
    """A 3-point synapse to draw: (3, 3) points pre, cleft, post (zyx, nm), and whose it is."""

    points_nm: NDArray[np.float64]
    is_truth: bool


@dataclass(frozen=True)
class Views:
    """Three RGB pictures (rows, columns, 3) uint8 at true aspect through one point."""

    xy: Rgb
    xz: Rgb
    yz: Rgb


@dataclass(frozen=True)
class Crop:
    """What is to be drawn: arrays of one box (zyx) and where that box lies.

    Parameters
    ----------
    raw : (Z, Y, X) array
        Any dtype; shown between its 1st and 99th percentile.
    grid : Grid
        Grid of the crop.
    segmentation : (Z, Y, X) integers, optional
    probability : (Z, Y, X) uint8, optional
        Synapse probability, 255 is 1.
    """

    raw: NDArray[np.generic]
    grid: Grid
    segmentation: NDArray[np.integer] | None = None
    probability: NDArray[np.uint8] | None = None


def draw_views(
    crop: Crop,
    center_nm: Sequence[float],
    partners: tuple[int, int],
    marks: Sequence[Mark] = (),
    pixel_nm: float = 5.0,
) -> Views:
    """Pictures xy, xz and yz through ``center_nm`` with the partners lit and the points on top.

    Points within 100 nm of the plane are drawn full, others hollow.

    Raises
    ------
    InputError
        The crop is empty.
    """
    if crop.grid.box.is_empty:
        raise InputError("Nothing can be drawn", found="a crop without voxels")
    low, high = np.percentile(np.asarray(crop.raw, dtype=np.float32), (1, 99))
    shown = {}
    for name, axis in _PLANES.items():
        plane = _paint_plane(crop, center_nm, partners, axis, (float(low), float(high)))
        shown[name] = _draw_marks(plane, crop.grid, center_nm, marks, axis, pixel_nm)
    return Views(**shown)


def _paint_plane(
    crop: Crop,
    center_nm: Sequence[float],
    partners: tuple[int, int],
    axis: int,
    window: tuple[float, float],
) -> NDArray[np.float32]:
    index = int(np.clip(crop.grid.to_index([center_nm])[0, axis], 0, crop.grid.shape[axis] - 1))
    raw = np.take(crop.raw, index, axis=axis).astype(np.float32)
    low, high = window
    grey = np.clip((raw - low) / max(high - low, 1e-6), 0, 1) * 255
    picture = np.repeat(grey[..., None], 3, axis=2).astype(np.float32)
    if crop.segmentation is not None:
        ids = np.take(crop.segmentation, index, axis=axis)
        for segment, hue in zip(partners, (PRE_HUE, POST_HUE), strict=True):
            if segment != 0:
                _blend(picture, ids == segment, hue, _PARTNER_OPACITY)
    if crop.probability is not None:
        seen = np.take(crop.probability, index, axis=axis).astype(np.float32) / 255
        weight = (seen * _PREDICTION_OPACITY)[..., None]
        picture = picture * (1 - weight) + np.asarray(PREDICTION_HUE, np.float32) * weight
    return picture


def _blend(
    picture: NDArray[np.float32],
    mask: NDArray[np.bool_],
    hue: tuple[int, int, int],
    opacity: float,
) -> None:
    picture[mask] = picture[mask] * (1 - opacity) + np.asarray(hue, np.float32) * opacity


def _draw_marks(
    plane: NDArray[np.float32],
    grid: Grid,
    center_nm: Sequence[float],
    marks: Sequence[Mark],
    axis: int,
    pixel_nm: float,
) -> Rgb:
    rows, columns = [k for k in range(3) if k != axis]
    size = grid.voxel_size_nm
    width = max(1, round(plane.shape[1] * size[columns] / pixel_nm))
    height = max(1, round(plane.shape[0] * size[rows] / pixel_nm))
    image = Image.fromarray(plane.astype(np.uint8)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    draw = ImageDraw.Draw(image)
    scale = (height / plane.shape[0], width / plane.shape[1])
    for mark in marks:
        hue = TRUTH_HUE if mark.is_truth else PREDICTION_HUE
        place = grid.to_fraction(mark.points_nm)[:, [columns, rows]] + 0.5
        path = [(x * scale[1], y * scale[0]) for x, y in place]
        draw.line(path, fill=hue, width=1)
        is_near = np.abs(mark.points_nm[:, axis] - center_nm[axis]) <= 100
        for (x, y), near, end in zip(path, is_near, (PRE_HUE, hue, POST_HUE), strict=True):
            _draw_end(draw, (x, y), hue=end, edge=hue, is_truth=mark.is_truth, is_near=bool(near))
    return np.asarray(image)


def _draw_end(
    draw: ImageDraw.ImageDraw,
    at: tuple[float, float],
    *,
    hue: tuple[int, int, int],
    edge: tuple[int, int, int],
    is_truth: bool,
    is_near: bool,
) -> None:
    x, y = at
    if is_truth:
        box = (x - 4, y - 4, x + 4, y + 4)
        draw.ellipse(box, fill=hue if is_near else None, outline=edge)
    else:
        draw.line((x - 4, y - 4, x + 4, y + 4), fill=hue, width=2 if is_near else 1)
        draw.line((x - 4, y + 4, x + 4, y - 4), fill=hue, width=2 if is_near else 1)
