"""Where to look: the point, the camera's centre and the zoom that bring an error into view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from napari.components import ViewerModel

CONTEXT = 3.0
"""A jump that must change the zoom shows this many times the extent of the synapse."""

LEAST_VIEW_NM = 1600.0
"""Least width of the view after a jump that changes the zoom."""


@dataclass(frozen=True)
class View:
    """A place and a zoom: ``center_nm`` (zyx) and canvas pixels per nm."""

    center_nm: tuple[float, float, float]
    zoom: float


def view_of(
    points_nm: ArrayLike, focus_nm: Sequence[float], zoom: float, canvas_px: Sequence[int]
) -> View:
    """The view on ``focus_nm`` with all of ``points_nm`` in it, at the zoom of before if it will do.

    The zoom of the user stays if the points fill between a fiftieth and four fifths of the
    smaller side of the canvas; else it is chosen anew.

    Parameters
    ----------
    points_nm : (N, D) array
        Along the displayed axes, nm; empty: the focus alone.
    focus_nm : sequence of 3 float
        Goes to the centre, zyx.
    zoom : float
        Canvas pixels per nm now.
    canvas_px : pair of int
        Height and width of the canvas.
    """
    points = np.asarray(points_nm, dtype=np.float64)
    extent = float(np.ptp(points, axis=0).max()) if len(points) else 0.0
    side = float(min(canvas_px))
    wanted = side / max(CONTEXT * extent, LEAST_VIEW_NM)
    filled = max(extent, LEAST_VIEW_NM / CONTEXT) * zoom / side
    center = (float(focus_nm[0]), float(focus_nm[1]), float(focus_nm[2]))
    return View(center, zoom if 0.02 <= filled <= 0.8 else wanted)


def look_at(viewer: ViewerModel, focus_nm: Sequence[float], points_nm: ArrayLike) -> None:
    """Bring ``focus_nm`` (zyx) to the shown slice and the centre of the canvas, in 2D and 3D.

    Both the point and the camera are set on every jump: moving in 3D drags the 2D point along.
    Axes before the last three keep their place; any order of axes is respected.

    Parameters
    ----------
    viewer : ViewerModel
        The viewer to move.
    focus_nm : sequence of 3 float
        zyx, nm.
    points_nm : (N, 3) array
        What should be in view as well.
    """
    dims, camera = viewer.dims, viewer.scene.camera
    factor = nm_to_world(dims.units)
    focus = np.asarray(focus_nm, dtype=np.float64) * factor
    world = np.array(dims.point, dtype=np.float64)
    world[-3:] = focus
    points = np.asarray(points_nm, dtype=np.float64).reshape(-1, 3) * factor
    # the columns of `points` that are displayed; a leading axis beyond zyx has none
    shown = [axis - (dims.ndim - 3) for axis in dims.displayed if axis >= dims.ndim - 3]
    view = view_of(
        points[:, shown] / factor[shown], focus_nm, camera.zoom * _mean(factor), viewer.canvas.size
    )
    dims.point = tuple(world.tolist())
    camera.center = (0.0,) * (3 - len(dims.displayed)) + tuple(world[list(dims.displayed)].tolist())
    camera.zoom = view.zoom / _mean(factor)


def nm_to_world(units: Sequence[Any] | None) -> NDArray[np.float64]:
    """World units per nm along z, y, x: (3,) float64; ones where the world has no lengths.

    ``units`` are the units of the viewer's axes (pint units), None if its layers do not agree;
    napari then takes the numbers of each layer as they are, ours are nm.
    """
    if units is None or len(units) < 3:
        return np.ones(3)
    return np.array([_length_in_nm(unit) for unit in units[-3:]]) ** -1.0


def _length_in_nm(unit: Any) -> float:
    quantity = 1.0 * unit
    if not quantity.check("[length]"):
        return 1.0
    return float(quantity.to("nm").magnitude)


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean())
