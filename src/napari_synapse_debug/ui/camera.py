"""Where to look: the point, the camera's centre and the zoom that bring an error into view."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from napari.components import ViewerModel

CONTEXT = 3.0
"""A jump that must change the zoom shows this many times the reach of the synapse."""

LEAST_VIEW_NM = 1600.0
"""Least width of the view after a jump that changes the zoom."""


LEAST_FILLED, MOST_FILLED = 1 / 16, 4 / 5
"""Part of the canvas that a synapse may fill without the zoom of the user being changed."""


def fitting_zoom(points_nm: ArrayLike, focus_nm: ArrayLike, canvas_px: Sequence[int]) -> float:
    """Canvas pixels per nm that show ``points_nm`` with their context around ``focus_nm``.

    Points ((N, D), may be empty) and focus ((D,), amid the canvas) are along the displayed axes.
    """
    return float(min(canvas_px)) / max(CONTEXT * _reach(points_nm, focus_nm), LEAST_VIEW_NM)


def kept_zoom(
    points_nm: ArrayLike, focus_nm: ArrayLike, zoom: float, canvas_px: Sequence[int]
) -> float:
    """The ``zoom`` of before if ``points_nm`` are seen well at it, else one that fits them.

    Seen well: what reaches from the focus to the farthest point, and as far to the other side, or
    a typical synapse if that is more, fills between 1/16 and 4/5 of the smaller side of the canvas.

    Parameters
    ----------
    points_nm : (N, D) array
        Along the displayed axes, nm; may be empty.
    focus_nm : (D,) array
        What lies amid the canvas, nm.
    zoom : float
        Canvas pixels per nm.
    canvas_px : pair of int
        Height and width of the canvas.
    """
    reach = max(_reach(points_nm, focus_nm), LEAST_VIEW_NM / CONTEXT)
    filled = reach * zoom / float(min(canvas_px))
    if LEAST_FILLED <= filled <= MOST_FILLED:
        return zoom
    return fitting_zoom(points_nm, focus_nm, canvas_px)


@dataclass(frozen=True)
class View:
    """Where a viewer looks: its point, the centre of its camera, and the zoom; world units."""

    point: tuple[float, ...]
    center: tuple[float, ...]
    zoom: float

    def apply(self, viewer: ViewerModel) -> None:
        """Look there at once.

        Both the point and the camera are set: moving in 3D drags the 2D point along.
        """
        viewer.dims.point = self.point
        viewer.scene.camera.center = self.center
        viewer.scene.camera.zoom = self.zoom


def view_of(
    viewer: ViewerModel, focus_nm: ArrayLike, points_nm: ArrayLike, *, fit: bool = False
) -> View:
    """The view with ``focus_nm`` (zyx) in the shown slice and amid the canvas, in 2D and 3D.

    Axes before the last three keep their place; any order of axes is respected.

    Parameters
    ----------
    viewer : ViewerModel
        The viewer to move; it is not moved here.
    focus_nm : (3,) array
        zyx, nm.
    points_nm : (N, 3) array
        What should be in view as well, zyx, nm.
    fit : bool
        Choose the zoom anew, instead of only where the points would not be seen.
    """
    dims, camera = viewer.dims, viewer.scene.camera
    factor = nm_to_world(dims.units)
    focus = np.asarray(focus_nm, dtype=np.float64)
    world = np.array(dims.point, dtype=np.float64)
    world[-3:] = focus * factor
    leading = dims.ndim - 3
    shown = [axis - leading for axis in dims.displayed if axis >= leading]
    points = np.asarray(points_nm, dtype=np.float64).reshape(-1, 3)[:, shown]
    nm_zoom = camera.zoom * float(factor.mean())
    if fit:
        nm_zoom = fitting_zoom(points, focus[shown], viewer.canvas.size)
    else:
        nm_zoom = kept_zoom(points, focus[shown], nm_zoom, viewer.canvas.size)
    center = np.pad(world[list(dims.displayed)], (3 - dims.ndisplay, 0))
    return View(tuple(world.tolist()), tuple(center.tolist()), nm_zoom / float(factor.mean()))


def look_at(
    viewer: ViewerModel, focus_nm: ArrayLike, points_nm: ArrayLike, *, fit: bool = False
) -> None:
    """Look at once as ``view_of`` says."""
    view_of(viewer, focus_nm, points_nm, fit=fit).apply(viewer)


def seen_nm(viewer: ViewerModel) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Lowest and highest corner of what the canvas shows, zyx, nm; without end along the slices.

    In 3D it is the cube around the centre of the camera that the canvas holds.
    """
    dims, camera = viewer.dims, viewer.scene.camera
    factor = nm_to_world(dims.units)
    low, high = np.full(3, -np.inf), np.full(3, np.inf)
    leading = dims.ndim - 3
    halves = np.array(viewer.canvas.size, dtype=np.float64) / 2 / camera.zoom
    if dims.ndisplay == 3:
        halves = np.full(3, halves.max())
    middles = np.array(camera.center)[-dims.ndisplay :]
    for axis, middle, half in zip(dims.displayed, middles, halves, strict=True):
        at = axis - leading
        if at >= 0:
            low[at], high[at] = (middle - half) / factor[at], (middle + half) / factor[at]
    return tuple(low.tolist()), tuple(high.tolist())


def into_slice(viewer: ViewerModel, points_nm: ArrayLike) -> NDArray[np.float64]:
    """``points_nm`` ((N, 3), zyx) moved into the shown slice; a copy in 3D."""
    dims = viewer.dims
    leading = dims.ndim - 3
    hidden = [axis - leading for axis in dims.not_displayed if axis >= leading]
    moved = np.array(points_nm, dtype=np.float64).reshape(-1, 3)
    moved[:, hidden] = (np.array(dims.point[-3:]) / nm_to_world(dims.units))[hidden]
    return moved


def nm_to_world(units: Sequence[Any] | None) -> NDArray[np.float64]:
    """World units per nm along z, y, x: (3,) float64; ones where the world has no lengths.

    ``units`` are the units of the viewer's axes (pint units), None if its layers do not agree;
    napari then takes the numbers of each layer as they are, ours are nm.
    """
    if units is None or len(units) < 3:
        return np.ones(3)
    return np.array([_length_in_nm(unit) for unit in units[-3:]]) ** -1.0


@cache  # pint takes longer to convert one than a jump may take
def _length_in_nm(unit: Hashable) -> float:
    quantity: Any = 1.0 * cast(Any, unit)
    if not quantity.check("[length]"):
        return 1.0
    return float(quantity.to("nm").magnitude)


def _reach(points_nm: ArrayLike, focus_nm: ArrayLike) -> float:
    """Twice the greatest distance of the points from the focus along an axis; 0 without points."""
    away = np.abs(np.asarray(points_nm, dtype=np.float64) - np.asarray(focus_nm, dtype=np.float64))
    return 2 * float(away.max(initial=0.0))
