"""Targets that are painted from 3-point rows: what is learnt where no mask was drawn.

A row becomes a disc at its cleft point whose axis is the way from pre to post::

              unknown rim
            . . . . . . . .
    pre ·  . |██████████| .  · post        (axis from left to right, seen from the side)
            . . . . . . . .

The rim is ignored in training, because how far a cleft reaches is not known from its points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.params import TargetParams
from napari_synapse_debug.domain.records import points
from napari_synapse_debug.domain.roles import ClassSpec, Kind, Role


@dataclass(frozen=True, eq=False)
class Targets:
    """Painted classes, as in a ``TrainingBox``.

    Parameters
    ----------
    masks : mapping of str to array
        (z, y, x) int64: 0 outside, else the ``synapse`` id of the row; a row without one has
        an id of its own, above all others.
    ignored : mapping of str to array
        (z, y, x) bool: voxels of which it is not known whether they are of the class.
    """

    masks: dict[str, NDArray[np.int64]]
    ignored: dict[str, NDArray[np.bool_]]


def paint_targets(
    truth: pd.DataFrame, grid: Grid, classes: Sequence[ClassSpec], params: TargetParams
) -> Targets:
    """The targets of ``classes`` in the volume of ``grid``, painted from 3-point rows.

    A row is painted in the class of its kind, else in one of role ``synapse``. Where neither
    is there it is unknown in all classes if its own kind is, else background. Rows of one
    polyadic cleft become one object. A row with ``ignore`` is unknown in all classes. Where
    discs meet, a voxel belongs to the nearest cleft point. Rows outside are cut at the faces.

    Parameters
    ----------
    truth : DataFrame
        Of ``records.TRUTH``; without rows everything is background.
    grid : Grid
        Of the box that is painted.
    classes : sequence of ClassSpec
        Classes of synapses.
    params : TargetParams
        Size of disc and rim, nm.
    """
    ids = instance_ids(truth)
    kinds, is_ignored = truth["kind"].to_numpy(str), truth["ignore"].to_numpy(bool)
    shown = {spec.name: ~is_ignored & _is_painted_in(spec.role, kinds, classes) for spec in classes}
    is_unsure = is_ignored | ((kinds == Kind.UNKNOWN) & ~np.any(list(shown.values()), axis=0))
    unsure = _Canvas(grid, params)
    unsure.paint(truth[is_unsure], ids[is_unsure])
    masks, ignored = {}, {}
    for name, is_shown in shown.items():
        canvas = _Canvas(grid, params)
        canvas.paint(truth[is_shown], ids[is_shown])
        masks[name] = canvas.ids
        ignored[name] = (canvas.is_near | unsure.is_near) & (canvas.ids == 0)
    return Targets(masks, ignored)


def instance_ids(truth: pd.DataFrame) -> NDArray[np.int64]:
    """The id of each row's cleft, (N,) int64, positive; rows without one get ids above all."""
    given = truth["synapse"].fillna(0).to_numpy(np.int64)
    own = max(0, int(given.max(initial=0))) + 1 + np.arange(len(given))
    return np.where(given > 0, given, own)


def _is_painted_in(
    role: Role, kinds: NDArray[np.str_], classes: Sequence[ClassSpec]
) -> NDArray[np.bool_]:
    if role is not Role.SYNAPSE:
        return np.asarray(kinds == role.kind)
    elsewhere = [spec.role.kind.value for spec in classes if spec.role is not Role.SYNAPSE]
    return np.asarray(~np.isin(kinds, elsewhere))


class _Canvas:
    """What is painted of one class: ids, and where a disc or its rim is."""

    def __init__(self, grid: Grid, params: TargetParams) -> None:
        self._grid = grid
        self._params = params
        self._distance = np.full(grid.shape, np.inf, np.float32)
        self.ids = np.zeros(grid.shape, np.int64)
        self.is_near = np.zeros(grid.shape, np.bool_)

    def paint(self, rows: pd.DataFrame, ids: NDArray[np.int64]) -> None:
        """Add the discs of ``rows``."""
        ends = zip(points(rows, "pre"), points(rows, "cleft"), points(rows, "post"), strict=True)
        for (pre, cleft, post), number in zip(ends, ids, strict=True):
            self._paint_disc(pre, cleft, post, int(number))

    def _paint_disc(
        self,
        pre: NDArray[np.float64],
        cleft: NDArray[np.float64],
        post: NDArray[np.float64],
        number: int,
    ) -> None:
        box = self._around(cleft)
        if box.is_empty:
            return
        positions = [
            start_nm + size * np.arange(n) - middle
            for start_nm, size, n, middle in zip(
                self._grid.to_nm([box.start])[0],
                self._grid.voxel_size_nm,
                box.shape,
                cleft,
                strict=True,
            )
        ]
        z, y, x = np.meshgrid(*positions, indexing="ij", sparse=True)
        axis = _direction(pre, post)
        along = z * axis[0] + y * axis[1] + x * axis[2]
        squared = z**2 + y**2 + x**2
        across = np.sqrt(np.maximum(squared - along**2, 0))
        # one layer of voxels at least, however thin the disc and however thick the sections
        layer = float(np.abs(axis) @ np.asarray(self._grid.voxel_size_nm)) / 2
        half, rim = self._params.thickness_nm / 2, self._params.unknown_nm
        back = max(layer, min(half, float(np.linalg.norm(cleft - pre))))
        front = max(layer, min(half, float(np.linalg.norm(post - cleft))))
        within = (-back <= along) & (along <= front) & (across <= self._params.radius_nm)
        self.is_near[box.slices] |= (
            (-back - rim <= along)
            & (along <= front + rim)
            & (across <= self._params.radius_nm + rim)
        )
        nearest = self._distance[box.slices]
        is_closer = within & (squared < nearest)
        nearest[is_closer] = squared[is_closer]
        self.ids[box.slices][is_closer] = number

    def _around(self, cleft: NDArray[np.float64]) -> Box:
        """The voxels that disc and rim can reach; empty where they lie outside."""
        params = self._params
        across = params.radius_nm + params.unknown_nm
        reach = float(np.hypot(across, params.thickness_nm / 2 + params.unknown_nm))
        z, y, x = (int(i) for i in self._grid.to_index(cleft)[0])
        margin = [k + 1 for k in self._grid.margin_vx(reach)]
        return Box((z, y, x), (z + 1, y + 1, x + 1)).grow(margin, within=self._grid.box)


def _direction(pre: NDArray[np.float64], post: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit vector from pre to post; along z where they are one point."""
    way = post - pre
    length = float(np.linalg.norm(way))
    return way / length if length > 0 else np.array([1.0, 0.0, 0.0])
