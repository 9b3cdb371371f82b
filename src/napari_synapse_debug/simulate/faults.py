"""Faults: one small function for each cause that can be planted at a true synapse.

A function looks at one synapse and returns what to change there; nothing is changed in place.
Changes to volumes stay nearer to this synapse than to any other, so that they harm only it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from napari_synapse_debug.domain import records
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.stages import Cause, ErrorKind
from napari_synapse_debug.simulate.distances import distance_nm
from napari_synapse_debug.simulate.neuropil import Neuropil

MERGE_NM = 400.0
ERASE_NM = 300.0
GAP_REACH_NM = 350.0
GAP_NM = 60.0
"""Each partner draws back this far; the gap of twice that defies any tolerated one."""

PAINT_NM = 330.0
SPOT_NM = 38.0
RIM_NM = 60.0

Values = Mapping[str, float | int]
Volume = NDArray[np.uint32] | NDArray[np.uint8]


@dataclass(frozen=True)
class Place:
    """A true synapse and the volumes around it.

    ``box`` is cut out of the volume around the cleft point; ``distance_nm`` is the distance of
    its voxels to that point, ``is_own`` whether no other cleft point is nearer.
    """

    neuropil: Neuropil
    row: pd.Series
    box: Box
    distance_nm: NDArray[np.float32]
    is_own: NDArray[np.bool_]

    @property
    def segments(self) -> NDArray[np.uint32]:
        """True segments in the box."""
        return self.neuropil.segmentation[self.box.slices]

    def within(self, radius_nm: float) -> NDArray[np.bool_]:
        """Voxels of the box that are this synapse's own and within ``radius_nm`` of its cleft."""
        return self.is_own & (self.distance_nm <= radius_nm)


@dataclass(frozen=True)
class Change:
    """What a fault changes: values of volumes inside ``box``, and of the truth's row.

    ``volumes`` holds new crops by name: ``raw``, ``segmentation`` (the one in use) or the name
    of a mask. ``row`` holds new values of columns; ``is_dropped`` takes the row away.
    """

    box: Box
    volumes: Mapping[str, Volume] = field(default_factory=dict)
    row: Values = field(default_factory=dict)
    is_dropped: bool = False


@dataclass(frozen=True)
class Fault:
    """A cause with the error it makes, how to plant it, and a sentence on what was done."""

    error: ErrorKind
    plant: Callable[[Place], Change]
    description: str


def place_of(neuropil: Neuropil, row: pd.Series) -> Place:
    """The surroundings of the true synapse ``row``, wide enough for every fault."""
    grid = neuropil.grid
    center = np.array([row[column] for column in records.point_columns("cleft")], np.float64)
    z, y, x = grid.to_index([center])[0]
    reach = grid.margin_vx(MERGE_NM)
    box = Box((z, y, x), (z + 1, y + 1, x + 1)).grow(reach, within=grid.box)
    distance = distance_nm(grid, box, center)
    others = records.points(neuropil.truth[neuropil.truth["row"] != row["row"]], "cleft")
    is_own = np.ones(box.shape, bool)
    for other in others[np.linalg.norm(others - center, axis=1) < 2 * MERGE_NM]:
        is_own &= distance < distance_nm(grid, box, other)
    return Place(neuropil, row, box, distance, is_own)


def merge_neurons(place: Place) -> Change:
    """Post near the cleft gets the id of pre."""
    taken = place.within(MERGE_NM) & (place.segments == place.row["post_segment"])
    merged = np.where(taken, np.uint32(place.row["pre_segment"]), place.segments)
    return Change(place.box, {"segmentation": merged})


def erase_partner(place: Place) -> Change:
    """Post near the cleft becomes background."""
    taken = place.within(ERASE_NM) & (place.segments == place.row["post_segment"])
    return Change(place.box, {"segmentation": np.where(taken, np.uint32(0), place.segments)})


def open_gap(place: Place) -> Change:
    """Pre and post draw back from each other; both are still there beside the gap."""
    pre = place.segments == place.row["pre_segment"]
    post = place.segments == place.row["post_segment"]
    voxel = place.neuropil.grid.voxel_size_nm
    gap = max(GAP_NM, *voxel)
    to_pre, to_post = (
        ndimage.distance_transform_edt(~segment, sampling=voxel) for segment in (pre, post)
    )
    kept = np.zeros(place.box.shape, bool)
    for name in ("pre", "post"):
        point = [[place.row[column] for column in records.point_columns(name)]]
        kept[tuple((place.neuropil.grid.to_index(point) - place.box.start).T)] = True
    drawn_back = (pre & (to_post <= gap)) | (post & (to_pre <= gap))
    taken = drawn_back & place.within(GAP_REACH_NM) & ~kept
    return Change(place.box, {"segmentation": np.where(taken, np.uint32(0), place.segments)})


def forget_synapse(place: Place) -> Change:
    """The row and the cleft's mask are taken out of the truth; the image keeps the synapse."""
    name = str(place.row["kind"])
    mask = place.neuropil.masks[name][place.box.slices]
    cleared = np.where(mask == place.row["synapse"], np.uint32(0), mask)
    return Change(place.box, {name: cleared}, is_dropped=True)


def misplace_pre(place: Place) -> Change:
    """The pre point is moved across the cleft, into post; the row still names the pre neuron."""
    cleft, post = (
        np.array([place.row[column] for column in records.point_columns(name)], np.float64)
        for name in ("cleft", "post")
    )
    grid = place.neuropil.grid
    inside = place.segments == place.row["post_segment"]
    distance = np.where(inside, distance_nm(grid, place.box, (cleft + post) / 2), np.inf)
    index = np.asarray(np.unravel_index(np.argmin(distance), place.box.shape)) + place.box.start
    point = dict(zip(records.point_columns("pre"), grid.to_nm([index])[0], strict=True))
    return Change(place.box, row=point)


def paint_over(place: Place) -> Change:
    """Cleft, densities and vesicles are painted over by plain membrane and cytoplasm."""
    at = place.box.slices
    painted = place.within(PAINT_NM)
    vesicle = place.neuropil.masks["vesicle"][at]
    return Change(
        place.box,
        {
            "raw": np.where(painted, place.neuropil.bare[at], place.neuropil.raw[at]),
            "vesicle": np.where(painted, np.uint8(0), vesicle).astype(np.uint8),
        },
    )


def shrink_signal(place: Place) -> Change:
    """The densities are painted over but for a spot; the mask and the vesicles are kept."""
    at = place.box.slices
    cleft = place.neuropil.masks[str(place.row["kind"])][at] == place.row["synapse"]
    voxel = place.neuropil.grid.voxel_size_nm
    near = ndimage.distance_transform_edt(~cleft, sampling=voxel) <= RIM_NM
    painted = near & place.is_own & (place.distance_nm > SPOT_NM)
    raw = np.where(painted, place.neuropil.bare[at], place.neuropil.raw[at])
    return Change(place.box, {"raw": raw})


def flip_row(place: Place) -> Change:
    """Pre and post, points and segments, are swapped in the truth."""
    swapped = {
        column: place.row[other]
        for pair in (("pre", "post"), ("post", "pre"))
        for column, other in zip(*map(records.point_columns, pair), strict=True)
    }
    segments = {
        "pre_segment": place.row["post_segment"],
        "post_segment": place.row["pre_segment"],
    }
    return Change(place.box, row={**swapped, **segments})


FAULTS: Mapping[Cause, Fault] = MappingProxyType(
    {
        Cause.GT_PROBABLY_MISSING: Fault(
            ErrorKind.FALSE, forget_synapse, "The truth lacks a synapse that is there."
        ),
        Cause.GT_SAME_SEGMENT: Fault(
            ErrorKind.MISSED, misplace_pre, "The pre point of the truth lies in post."
        ),
        Cause.NO_SIGNAL: Fault(
            ErrorKind.MISSED, paint_over, "Cleft, densities and vesicles are gone from the image."
        ),
        Cause.TOO_SMALL: Fault(
            ErrorKind.MISSED, shrink_signal, "Only a spot of the densities is left in the image."
        ),
        Cause.NEURONS_MERGED: Fault(
            ErrorKind.MISSED, merge_neurons, "Post has the id of pre around the cleft."
        ),
        Cause.PARTNER_IN_BACKGROUND: Fault(
            ErrorKind.MISSED, erase_partner, "Post is background around the cleft."
        ),
        Cause.NO_CONTACT: Fault(
            ErrorKind.MISSED, open_gap, "A gap of background parts pre and post at the cleft."
        ),
        Cause.REVERSED: Fault(ErrorKind.MISSED, flip_row, "Pre and post are swapped in the truth."),
    }
)
"""The causes that can be planted, in the order of their stages."""
