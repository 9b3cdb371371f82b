"""Faults of simulated neuropil, planted before anything is trained: image, truth, segmentation.

A function looks at one synapse and returns what to change there; nothing is changed in place.
Changes to volumes stay nearer to this synapse than to any other, so that they harm only it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from napari_synapse_debug.domain.stages import Cause, ErrorKind
from napari_synapse_debug.simulate.neuropil import Neuropil
from napari_synapse_debug.simulate.place import Change, Place, place_at
from napari_synapse_debug.simulate.segmentation_faults import (
    erase_partner,
    merge_neurons,
    open_gap,
)
from napari_synapse_debug.simulate.truth_faults import flip_row, forget_synapse, misplace_pre

PAINT_NM = 330.0
SPOT_NM = 38.0
RIM_NM = 60.0


@dataclass(frozen=True)
class Fault:
    """A cause with the error it makes, how to plant it, and a sentence on what was done."""

    error: ErrorKind
    plant: Callable[[Place], Change]
    description: str


def place_of(neuropil: Neuropil, row: pd.Series[Any]) -> Place:
    """The surroundings of the true synapse ``row`` of a neuropil."""
    volumes = {
        "raw": neuropil.raw,
        "bare": neuropil.bare,
        "segmentation": neuropil.segmentation,
        **neuropil.masks,
    }
    partners = int(row["pre_segment"]), int(row["post_segment"])
    return place_at(neuropil.grid, neuropil.truth, row, volumes, partners)


def forget_kind(place: Place) -> Change:
    """The row and its mask, which is that of its kind, are taken out of the truth."""
    return forget_synapse(place, str(place.row["kind"]))


def paint_over(place: Place) -> Change:
    """Cleft, densities and vesicles are painted over by plain membrane and cytoplasm."""
    painted = place.within(PAINT_NM)
    raw, bare, vesicle = (place.volumes[name] for name in ("raw", "bare", "vesicle"))
    return Change(
        place.box,
        {
            "raw": np.where(painted, bare, raw),
            "vesicle": np.where(painted, np.uint8(0), vesicle).astype(np.uint8),
        },
    )


def shrink_signal(place: Place) -> Change:
    """The densities are painted over but for a spot; the mask and the vesicles are kept."""
    cleft = place.volumes[str(place.row["kind"])] == place.row["synapse"]
    near = place.far_from(cleft) <= RIM_NM
    painted = near & place.is_own & (place.distance_nm > SPOT_NM)
    raw = np.where(painted, place.volumes["bare"], place.volumes["raw"])
    return Change(place.box, {"raw": raw})


FAULTS: Mapping[Cause, Fault] = MappingProxyType(
    {
        Cause.GT_PROBABLY_MISSING: Fault(
            ErrorKind.FALSE, forget_kind, "The truth lacks a synapse that is there."
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
