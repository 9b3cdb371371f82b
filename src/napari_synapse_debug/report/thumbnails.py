"""Small orthogonal pictures of one place: raw, prediction and segmentation, with the points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Grid

PRE_HUE = (0, 158, 115)
POST_HUE = (204, 121, 167)
PREDICTION_HUE = (240, 228, 66)
TRUTH_HUE = (86, 180, 233)
OUTSIDE = 235
"""Grey of what lies outside the volume."""

GAP_PX = 3
"""White between the pictures of a sheet."""

_PLANES = {"xy": 0, "xz": 1, "yz": 2}
_PARTNER_OPACITY = 0.45
_OTHER_OPACITY = 0.22
_PREDICTION_OPACITY = 0.65
_GOLDEN = 0x9E3779B97F4A7C15  # of 2**64, the golden part: whole numbers, as ids have 64 bits

Rgb = NDArray[np.uint8]


class Look(StrEnum):
    """What a picture shows over the grey of the raw data."""

    RAW = "raw"
    PREDICTION = "prediction"
    SEGMENTATION = "segmentation"


@dataclass(frozen=True)
class Mark:
    """A 3-point synapse to draw.

    Parameters
    ----------
    points_nm : (3, 3) float64
        Pre, cleft, post; zyx.
    is_truth : bool
        Of the truth; else of the prediction.
    is_other : bool
        Not the one that the picture is about: only its cleft is drawn, small.
    """

    points_nm: NDArray[np.float64]
    is_truth: bool
    is_other: bool = False


@dataclass(frozen=True)
class Frame:
    """What a picture holds: a square around a place.

    Parameters
    ----------
    center_nm : tuple of float
        The place, zyx.
    around_nm : float
        From the place to each edge.
    pixel_nm : float
        Edge of a pixel.
    """

    center_nm: tuple[float, float, float]
    around_nm: float = 450.0
    pixel_nm: float = 5.0

    @property
    def size_px(self) -> int:
        """Pixels along an edge of the picture."""
        return max(1, round(2 * self.around_nm / self.pixel_nm))


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

    @property
    def looks(self) -> tuple[Look, ...]:
        """What can be shown of this crop."""
        known = {Look.PREDICTION: self.probability, Look.SEGMENTATION: self.segmentation}
        return (Look.RAW, *(look for look, volume in known.items() if volume is not None))


def draw_sheet(
    crop: Crop, frame: Frame, partners: tuple[int, int], marks: Sequence[Mark] = ()
) -> Rgb:
    """One picture of all that the crop has: a row for each of ``crop.looks``, xy, xz and yz in it.

    Raises
    ------
    InputError
        The crop is empty.
    """
    rows = []
    for look in crop.looks:
        views = draw_views(crop, frame, look, partners, marks)
        rows.append(_join([views.xy, views.xz, views.yz], axis=1))
    return _join(rows, axis=0)


def draw_views(
    crop: Crop,
    frame: Frame,
    look: Look,
    partners: tuple[int, int],
    marks: Sequence[Mark] = (),
) -> Views:
    """Pictures xy, xz and yz through the centre of ``frame``, with the points on top.

    All three are squares of ``frame.size_px`` pixels. Points within 100 nm of the plane are
    drawn full, others hollow; marks of other synapses small and below. Of the segmentation the
    ``partners`` are lit in their own hues, other segments each in a hue of its id.

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
        plane = _paint_plane(crop, frame, axis, (float(low), float(high)))
        _colour(plane, crop, frame, axis, look, partners)
        shown[name] = _draw_marks(_place(plane, crop.grid, frame, axis), frame, marks, axis)
    return Views(**shown)


def _index(grid: Grid, frame: Frame, axis: int) -> int:
    return int(np.clip(grid.to_index([frame.center_nm])[0, axis], 0, grid.shape[axis] - 1))


def _paint_plane(
    crop: Crop, frame: Frame, axis: int, window: tuple[float, float]
) -> NDArray[np.float32]:
    raw = np.take(crop.raw, _index(crop.grid, frame, axis), axis=axis).astype(np.float32)
    low, high = window
    grey = np.clip((raw - low) / max(high - low, 1e-6), 0, 1) * 255
    return np.repeat(grey[..., None], 3, axis=2).astype(np.float32)


def _colour(
    picture: NDArray[np.float32],
    crop: Crop,
    frame: Frame,
    axis: int,
    look: Look,
    partners: tuple[int, int],
) -> None:
    index = _index(crop.grid, frame, axis)
    if look is Look.SEGMENTATION and crop.segmentation is not None:
        ids = np.take(crop.segmentation, index, axis=axis)
        hues = {int(one): _hue_of(int(one)) for one in np.unique(ids)}
        for segment, hue in {**hues, partners[0]: PRE_HUE, partners[1]: POST_HUE}.items():
            opacity = _PARTNER_OPACITY if segment in partners else _OTHER_OPACITY
            if segment != 0:
                _blend(picture, ids == segment, hue, opacity)
    if look is Look.PREDICTION and crop.probability is not None:
        seen = np.take(crop.probability, index, axis=axis).astype(np.float32) / 255
        weight = (seen * _PREDICTION_OPACITY)[..., None]
        picture[...] = picture * (1 - weight) + np.asarray(PREDICTION_HUE, np.float32) * weight


def _hue_of(segment: int) -> tuple[int, int, int]:
    """A colour of its own for a segment, far from those of near ids."""
    turn = 2 * np.pi * ((segment * _GOLDEN) % 2**64) / 2**64
    red, green, blue = (int(140 + 90 * np.cos(turn + shift)) for shift in (0.0, 2.1, 4.2))
    return red, green, blue


def _blend(
    picture: NDArray[np.float32],
    mask: NDArray[np.bool_],
    hue: tuple[int, int, int],
    opacity: float,
) -> None:
    picture[mask] = picture[mask] * (1 - opacity) + np.asarray(hue, np.float32) * opacity


def _place(plane: NDArray[np.float32], grid: Grid, frame: Frame, axis: int) -> Image.Image:
    """The plane at true aspect in the square of the frame; grey where there is no volume."""
    rows, columns = [k for k in range(3) if k != axis]
    size = frame.size_px
    low: list[int] = []
    high: list[int] = []
    for k in (columns, rows):
        edge = grid.offset_nm[k] - grid.voxel_size_nm[k] / 2
        start = (edge - frame.center_nm[k] + frame.around_nm) / frame.pixel_nm
        stop = start + grid.shape[k] * grid.voxel_size_nm[k] / frame.pixel_nm
        low.append(round(start))
        high.append(max(round(stop), round(start) + 1))
    shown = Image.fromarray(plane.astype(np.uint8)).resize(
        (high[0] - low[0], high[1] - low[1]), Image.Resampling.BICUBIC
    )
    canvas = Image.new("RGB", (size, size), (OUTSIDE,) * 3)
    canvas.paste(shown, (low[0], low[1]))
    return canvas


def _draw_marks(image: Image.Image, frame: Frame, marks: Sequence[Mark], axis: int) -> Rgb:
    axes = [k for k in (2, 1, 0) if k != axis]
    draw = ImageDraw.Draw(image)
    center = np.asarray(frame.center_nm)
    for mark in sorted(marks, key=lambda one: not one.is_other):
        hue = TRUTH_HUE if mark.is_truth else PREDICTION_HUE
        place = (mark.points_nm - center + frame.around_nm)[:, axes] / frame.pixel_nm
        path = [(float(x), float(y)) for x, y in place]
        if mark.is_other:
            _draw_other(draw, path[1], hue, is_truth=mark.is_truth)
            continue
        draw.line(path, fill=hue, width=1)
        is_near = np.abs(mark.points_nm[:, axis] - center[axis]) <= 100
        for at, near, end in zip(path, is_near, (PRE_HUE, hue, POST_HUE), strict=True):
            _draw_end(draw, at, hue=end, edge=hue, is_truth=mark.is_truth, is_near=bool(near))
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


def _draw_other(
    draw: ImageDraw.ImageDraw, at: tuple[float, float], hue: tuple[int, int, int], *, is_truth: bool
) -> None:
    x, y = at
    if is_truth:
        draw.ellipse((x - 2, y - 2, x + 2, y + 2), outline=hue)
    else:
        draw.line((x - 2, y - 2, x + 2, y + 2), fill=hue)
        draw.line((x - 2, y + 2, x + 2, y - 2), fill=hue)


def _join(pictures: Sequence[Rgb], axis: int) -> Rgb:
    """The pictures side by side (axis 1) or one under the other (0), with a white gap."""
    parts = [pictures[0]]
    for picture in pictures[1:]:
        shape = list(picture.shape)
        shape[axis] = GAP_PX
        parts += [np.full(shape, 255, np.uint8), picture]
    return np.concatenate(parts, axis=axis)
