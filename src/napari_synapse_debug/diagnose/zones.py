"""Zones: the voxels in which a true cleft is looked for.

::

    mask, or ball        grown by 50 nm          each voxel to the nearest true cleft
      ██    ██           ▒██▒▒██▒                111|222
      ██    ██     →     ▒██▒▒██▒         →      111|222

So what a neighbour's signal lights up never counts as found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.distances import distances_to
from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.params import DiagnoseParams

Labels = NDArray[np.int64]


def cleft_keys(truth: pd.DataFrame) -> Labels:
    """The cleft of each truth row: its ``synapse`` id, or -1 - row where it has none: (N,)."""
    synapse = truth["synapse"].astype("Int64")
    own = -1 - truth["row"].to_numpy(np.int64)
    return np.where(synapse.notna(), synapse.fillna(0).to_numpy(np.int64), own)


@dataclass(frozen=True)
class Zones:
    """The zones of the true clefts in a crop.

    Parameters
    ----------
    seeds : (Z, Y, X) int64
        The mask of each cleft, or a ball at its cleft points; 0 is none.
    grown : (Z, Y, X) int64
        The zones: voxels within ``zone_growth_nm`` of a seed, each with the nearest cleft's key.
    boxes : mapping
        The box of the seed of each key.
    """

    seeds: Labels
    grown: Labels
    boxes: Mapping[int, Box]


def find_zones(
    cleft_nm: NDArray[np.float64],
    keys: Labels,
    masks: NDArray[Any] | None,
    grid: Grid,
    params: DiagnoseParams,
) -> Zones:
    """The zones of all true clefts in the crop ``grid``.

    Parameters
    ----------
    cleft_nm : (N, 3) float64, zyx, nm
        Cleft points of the truth rows in the crop or near it.
    keys : (N,) int64
        Their clefts, from ``cleft_keys``; never 0.
    masks : (Z, Y, X) integers or None
        Masks of clefts in the crop, by key; a cleft without a voxel here becomes a ball.
    grid : Grid
        The grid of the crop.
    params : DiagnoseParams
        ``oracle_radius_nm`` (at least one section each way) and ``zone_growth_nm``.
    """
    seeds = np.zeros(grid.shape, np.int64) if masks is None else masks.astype(np.int64)
    boxes = boxes_of(seeds)
    is_drawn = np.array([int(key) not in boxes for key in keys], dtype=bool)
    if is_drawn.any():
        balls = _balls(cleft_nm[is_drawn], keys[is_drawn], grid, params.oracle_radius_nm)
        seeds = np.where(seeds != 0, seeds, balls)
        boxes = boxes_of(seeds)
    return Zones(seeds, _grown(seeds, boxes, grid, params.zone_growth_nm), boxes)


def _grown(seeds: Labels, boxes: Mapping[int, Box], grid: Grid, growth_nm: float) -> Labels:
    """The seeds and all voxels within ``growth_nm`` of one, each with the key of the nearest.

    Each seed grows in a box of its own; of equally near ones the smaller key takes the voxel.
    """
    grown = seeds.copy()
    nearest = np.where(seeds != 0, 0.0, np.inf)
    margin = grid.margin_vx(growth_nm)
    for key, box in boxes.items():
        around = box.grow(margin, within=grid.box)
        distance = distances_to(seeds[around.slices] == key, grid.voxel_size_nm, growth_nm)
        is_own = distance < nearest[around.slices]
        grown[around.slices][is_own] = key
        nearest[around.slices][is_own] = distance[is_own]
    return grown


def boxes_of(labels: Labels) -> dict[int, Box]:
    """The box of each id of ``labels`` ((Z, Y, X), 0 is none), by id."""
    index = np.nonzero(labels)
    codes, keys = pd.factorize(labels[index])
    low = np.full((len(keys), 3), np.iinfo(np.int64).max)
    high = np.full((len(keys), 3), -1)
    for axis, along in enumerate(index):
        np.minimum.at(low[:, axis], codes, along)
        np.maximum.at(high[:, axis], codes, along)
    corners = zip(keys.tolist(), low.tolist(), (high + 1).tolist(), strict=True)
    return {key: Box((*start,), (*stop,)) for key, start, stop in sorted(corners)}


def _balls(centres_nm: NDArray[np.float64], keys: Labels, grid: Grid, radius_nm: float) -> Labels:
    """Balls around the points, each voxel with the key of the nearest centre."""
    labels = np.zeros(grid.shape, dtype=np.int64)
    nearest = np.full(grid.shape, np.inf)
    reach = np.maximum(radius_nm, np.asarray(grid.voxel_size_nm))
    for centre, key in zip(centres_nm, keys, strict=True):
        middle = grid.to_index(centre)[0]
        low, high = (middle + sign * np.ceil(reach / grid.voxel_size_nm) for sign in (-1, 1))
        box = Box(tuple(low.astype(int)), tuple(high.astype(int) + 1)).intersect(grid.box)
        if box.is_empty:
            continue
        offsets = [
            np.arange(a, b) * v + o - c
            for a, b, v, o, c in zip(
                box.start, box.stop, grid.voxel_size_nm, grid.offset_nm, centre, strict=True
            )
        ]
        squares = np.ix_(*(d**2 for d in offsets))
        distance = squares[0] + squares[1] + squares[2]
        scaled = sum(s / r**2 for s, r in zip(squares, reach, strict=True))
        inside = (scaled <= 1.0) & (distance < nearest[box.slices])
        labels[box.slices][inside] = key
        nearest[box.slices][inside] = distance[inside]
    return labels
