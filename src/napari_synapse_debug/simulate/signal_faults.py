"""Faults of the prediction: signal erased, weakened, shrunk, cut, joined, added or moved."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.records import points
from napari_synapse_debug.simulate.distances import distance_nm
from napari_synapse_debug.simulate.found import Found, RunToSpoil
from napari_synapse_debug.simulate.place import Change, Mask

WEAK = 0.85
"""Strength of a weak signal as a part of the threshold."""

SPARE = 1.3
"""A signal that must be kept is this much larger than the smallest."""

TAIL = 1.6
"""Weight of a tail of another class, by that of the candidate."""


def erase_signal(found: Found) -> Change:
    """No class of synapses has any probability at the cleft."""
    return _painted(found, found.realm, 0)


def weaken_signal(found: Found) -> Change | None:
    """The signal stays just below the threshold."""
    level = math.floor(WEAK * found.run.threshold * 255)
    values = found.probability
    channels = found.run.channels
    weak = values.copy()
    for channel in channels:
        weak[channel] = np.where(found.realm, np.minimum(values[channel], level), values[channel])
    return Change(found.place.box, {"prediction": weak}) if level > 1 else None


def swap_class(found: Found) -> Change | None:
    """The probabilities of two kinds of synapses are exchanged."""
    other = found.other_channel
    if other is None or not found.is_typed:
        return None
    values = found.probability
    swapped = values.copy()
    for into, source in ((found.channel, other), (other, found.channel)):
        swapped[into] = np.where(found.realm, values[source], values[into])
    return Change(found.place.box, {"prediction": swapped})


def shrink_signal(found: Found) -> Change | None:
    """Of the signal only a core is left, half as large as the smallest candidate."""
    core = found.run.min_size_vx // 2
    inside = np.argwhere(found.signal & found.cleft)
    if core < 1 or len(inside) == 0:
        return None
    nm = found.place.to_nm(inside)
    middle = nm[np.argmin(np.linalg.norm(nm - nm.mean(axis=0), axis=1))]
    nearest = np.argsort(np.linalg.norm(nm - middle, axis=1), kind="stable")[:core]
    kept = np.zeros(found.signal.shape, bool)
    kept[tuple(inside[nearest].T)] = True
    return _painted(found, found.realm & ~kept, 0)


def dim_signal(found: Found) -> Change | None:
    """The signal just reaches the threshold, which leaves a score below the smallest.

    What surrounds it is dimmed alike, and of several classes none gains on another.
    """
    least = found.run.params.synapses.min_score or 0.0
    level = math.ceil(found.run.threshold * 255)
    factor = level / 255 / float(found.candidate["mean"])
    if float(found.prediction["score"]) * factor >= 0.97 * least:
        return None
    channels, signal = found.run.channels, found.signal
    values = found.probability
    changed = values.copy()
    strongest = values[channels].max(axis=0)[signal].astype(np.float64)
    for channel in channels:
        around = np.where(found.realm, np.floor(values[channel] * factor), values[channel])
        around[signal] = np.floor(values[channel][signal] * (level / strongest) + 1e-6)
        changed[channel] = around
    return Change(found.place.box, {"prediction": changed})


@dataclass(frozen=True)
class Cut:
    """A candidate cut in two.

    Parameters
    ----------
    change : Change
        Of the prediction.
    side : (Z, Y, X) float64
        Signed distance to the plane, nm.
    centres_nm : (2, 3) float64
        Middles of the two pieces.
    """

    change: Change
    side: NDArray[np.float64]
    centres_nm: NDArray[np.float64]

    @property
    def apart_nm(self) -> float:
        """Distance of the two middles."""
        return float(np.linalg.norm(self.centres_nm[1] - self.centres_nm[0]))


def cut_signal(found: Found) -> Cut | None:
    """The candidate is cut across its longest direction; both pieces are large enough."""
    place, index = found.place, np.argwhere(found.signal)
    nm = place.to_nm(index)
    middle = np.median(nm, axis=0)
    along = np.linalg.eigh(np.cov((nm - middle).T))[1][:, -1]
    voxel = np.asarray(place.grid.voxel_size_nm)
    half = 0.55 * float(np.abs(along * voxel).sum())
    everywhere = np.indices(found.signal.shape).reshape(3, -1).T
    side = ((place.to_nm(everywhere) - middle) @ along).reshape(found.signal.shape)
    pieces = [found.signal & (side > half), found.signal & (side < -half)]
    least = SPARE * max(found.run.min_size_vx, 1)
    if any(int((piece & found.zone).sum()) < least for piece in pieces):
        return None
    change = _painted(found, found.realm & (np.abs(side) <= half), 0)
    centres = [place.to_nm(np.argwhere(piece)).mean(axis=0) for piece in pieces]
    return Cut(change, side, np.stack(centres))


def shift_signal(found: Found, reach_nm: float) -> Change | None:
    """The signal lies inside pre, in the zone, but within reach of no other cell.

    Along an axis of voxels larger than the reach a voxel of another cell touches the next one.
    """
    segments = found.place.segments
    voxel = np.asarray(found.run.grid.voxel_size_nm)
    beside = np.where(voxel > reach_nm, 1, 0)
    other = maximum_filter(segments != found.place.pre, size=tuple(2 * beside + 1))
    away = found.place.far_from(np.asarray(other, dtype=bool))
    inside = found.zone & (segments == found.place.pre)
    small = voxel[voxel <= reach_nm]  # from a voxel's corner to the middle of another's face
    inside &= away > reach_nm + np.linalg.norm(small) / 2 + small.max(initial=0.0) / 2
    if int(inside.sum()) < SPARE * max(found.run.min_size_vx, 1):
        return None
    change = _painted(found, found.realm & ~inside, 0)
    level = round(255 * float(found.candidate["peak"]))
    change.volumes["prediction"][found.channel][inside] = level
    return change


def add_tail(found: Found, depth_nm: float) -> Change | None:
    """A tail of another class, in a partner and outside the zone, outweighs the candidate."""
    other = found.other_channel
    if other is None or not found.is_typed:
        return None
    own = found.probability[found.channel]
    wanted = math.ceil(TAIL * float(own[found.signal].sum()) / 250)
    outside = found.place.is_own & (found.place.far_from(found.zone) > 10.0)
    for segment in (found.place.pre, found.place.post):
        inside = found.place.segments == segment
        room = np.argwhere(outside & inside & (found.place.far_from(~inside) > depth_nm))
        if len(room) < wanted:
            continue
        start = np.argwhere(found.signal & inside)
        if len(start) == 0:
            continue
        away = np.linalg.norm(found.place.to_nm(room) - found.place.to_nm(start).mean(0), axis=1)
        tail = np.zeros(found.signal.shape, bool)
        tail[tuple(room[np.argsort(away, kind="stable")[:wanted]].T)] = True
        tail |= _line(found, start, np.argwhere(tail))
        changed = found.probability.copy()
        changed[other][tail & ~found.signal] = 250
        changed[found.channel][tail & ~found.signal] = 0
        return Change(found.place.box, {"prediction": changed})
    return None


def join_signals(found: Found, others: set[int]) -> tuple[Change, int] | None:
    """A bridge to the nearest of other candidates, and the id of that one."""
    ids = found.place.volumes["candidates"]
    near = np.isin(ids, list(others))
    if not near.any():
        return None
    start, goal = np.argwhere(found.signal), np.argwhere(near)
    bridge = _line(found, start, goal)
    place = tuple(goal[np.argmin(_gaps(found, start, goal))])
    changed = found.probability.copy()
    values = changed[found.channel]
    values[bridge] = np.maximum(values[bridge], round(255 * float(found.candidate["peak"])))
    return Change(found.place.box, {"prediction": changed}), int(ids[place])


def leak_signal(found: Found, third: Mask) -> Change | None:
    """The candidate reaches on to where pre touches another neuron, outside the zone."""
    segments = found.place.segments
    pre = segments == found.place.pre
    meets = pre & (found.place.far_from(third) <= 1.01 * max(found.place.grid.voxel_size_nm[1:]))
    meets &= found.place.is_own & (found.place.far_from(found.zone) > 40.0)
    if not meets.any():
        return None
    start, goal = np.argwhere(found.signal), np.argwhere(meets)
    nearest = goal[np.argmin(_gaps(found, start, goal))]
    centre = found.place.to_nm(nearest[None])[0]
    spot = distance_nm(found.place.grid, found.place.box, centre) <= 70.0
    spot &= found.place.is_own & (found.place.far_from(found.zone) > 10.0) & (pre | third)
    path = _line(found, start, nearest[None])
    changed = found.probability.copy()
    changed[found.channel][spot | path] = round(255 * float(found.candidate["peak"]))
    return Change(found.place.box, {"prediction": changed})


def add_blob(run: RunToSpoil, contact: pd.Series[Any], value: float) -> Change | None:
    """Signal on a contact without a synapse: a ball large enough to be kept."""
    centre = points(contact.to_frame().T, "point")[0]
    z, y, x = run.grid.to_index([centre])[0]
    box = Box((z, y, x), (z + 1, y + 1, x + 1)).grow(run.grid.margin_vx(200.0), run.grid.box)
    values = run.volumes["prediction"][(..., *box.slices)]
    pair = run.volumes["segmentation"][box.slices]
    in_pair = np.isin(pair, [0, contact["segment_a"], contact["segment_b"]])
    away = distance_nm(run.grid, box, centre)
    if (run.volumes["candidates"][box.slices] != 0).any():
        return None
    for radius in (70.0, 100.0, 140.0):
        ball = in_pair & (away <= radius)
        if int(ball.sum()) >= 2 * max(run.min_size_vx, 1):
            changed = values.copy()
            changed[run.channels[0]][ball] = math.ceil(255 * value)
            return Change(box, {"prediction": changed})
    return None


def _painted(found: Found, where: Mask, value: int) -> Change:
    """All synapse classes set to ``value``."""
    changed = found.probability.copy()
    for channel in found.run.channels:
        changed[channel][where] = value
    return Change(found.place.box, {"prediction": changed})


def _gaps(found: Found, start: NDArray[np.int64], goal: NDArray[np.int64]) -> NDArray[np.float64]:
    """Distance of each voxel of ``goal`` to the nearest of ``start``, nm."""
    mask = np.zeros(found.signal.shape, bool)
    mask[tuple(start.T)] = True
    return np.asarray(found.place.far_from(mask)[tuple(goal.T)])


def _line(found: Found, start: NDArray[np.int64], goal: NDArray[np.int64]) -> Mask:
    """The voxels of the shortest straight line from one set of voxels to another."""
    last = goal[np.argmin(_gaps(found, start, goal))]
    first = start[np.argmin(_gaps(found, last[None], start))]
    steps = np.linspace(first, last, 4 * int(np.abs(last - first).max()) + 2)
    line = np.zeros(found.signal.shape, bool)
    line[tuple(np.rint(steps).astype(int).T)] = True
    return line
