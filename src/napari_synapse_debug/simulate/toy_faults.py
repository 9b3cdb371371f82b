"""Each cause planted into the toy world, most of them at synapse 2 (row 12, B → F)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.stages import Cause, ErrorKind
from napari_synapse_debug.simulate.toy import INTERFACE_Y, World, cleft_x, neuron, slab

ROW = 12
X = cleft_x(2)
B, F = neuron("B"), neuron("F")
NEW = 9
"""Id of a neuron or fragment that the drawing has not."""

ALL = slice(None)
CLEFT_Z, CLEFT_Y = slice(3, 6), slice(INTERFACE_Y - 2, INTERFACE_Y + 2)


def same_segment(world: World) -> World:
    """The post point lies in B, beside pre."""
    return world.move(ROW, post_y_nm=170.0)


def point_in_background(world: World) -> World:
    """The true segmentation has a hole at the post point."""
    true = world.true_segmentation.copy()
    true[:, 28:38, X - 8 : X + 8] = 0
    return world.change(true_segmentation=true)


def point_outside(world: World) -> World:
    """The post point lies outside the volume."""
    return world.move(ROW, post_y_nm=5000.0)


def partner_far_away(world: World) -> World:
    """The post point lies in a neuron that does not come near the cleft."""
    return world.move(ROW, post_x_nm=3500.0)


def duplicate_row(world: World) -> World:
    """Row 9 says the same as row 12, and matches better."""
    return world.with_row(ROW, 9, 2, X + 1).move(ROW, cleft_x_nm=1430.0)


def forgotten(world: World) -> World:
    """Row and mask of a synapse, the clearest one, are not in the truth."""
    world = world.signal("shaft", slab(X), 1.0)
    truth = world.truth[world.truth["row"] != ROW].reset_index(drop=True)
    return world.change(truth=truth, clefts=np.where(world.clefts == 2, 0, world.clefts))


def not_predicted(world: World) -> World:
    """The left half of the volume was not predicted."""
    away = world.signal("shaft", slab(X), 0.0)
    return away.change(predicted_box=Box((0, 0, 200), (8, 48, 400)))


def no_signal(world: World) -> World:
    """The probability is 0."""
    return world.signal("shaft", slab(X), 0.0)


def weak_signal(world: World) -> World:
    """The probability stays below the threshold."""
    return world.signal("shaft", slab(X), 0.3)


def false_signal(world: World) -> World:
    """There is signal between synapses 1 and 2."""
    return world.signal("shaft", (CLEFT_Z, CLEFT_Y, slice(100, 112)), 0.6)


def wrong_class(world: World) -> World:
    """The classifier takes the shaft for a spine head."""
    return world.signal("shaft", slab(X), 0.4).signal("head", slab(X), 0.9)


def too_small(world: World) -> World:
    """Only a few voxels reach the threshold."""
    return no_signal(world).signal("shaft", slab(X, half_x=1, half_y=1), 0.9)


def merged_candidate(world: World) -> World:
    """Signal bridges synapses 2 and 3."""
    return world.signal("head", (CLEFT_Z, CLEFT_Y, slice(X, 250)), 0.95)


def split_candidate(world: World) -> World:
    """A gap parts the signal into two rows of one cleft."""
    cut = world.signal("shaft", (CLEFT_Z, CLEFT_Y, slice(148, 156)), 0.0)
    return cut.change(synapses=world.synapses.model_copy(update={"duplicate_nm": 10.0}))


def neurons_merged(world: World) -> World:
    """B and F have one id."""
    return world.segments(world.segmentation == F, B)


def partner_in_background(world: World) -> World:
    """F is background at the cleft."""
    return world.segments((ALL, slice(24, 48), slice(X - 40, X + 40)), 0)


def partner_split(world: World) -> World:
    """A fragment of F lies at the cleft; the judge looks ids up in the segmentation in use."""
    split = world.segments((ALL, slice(24, 31), slice(100, 200)), NEW)
    update = {"judge": "in_use", "snap_nm": 0.0}
    return split.change(evaluate=world.evaluate.model_copy(update=update))


def no_contact(world: World) -> World:
    """A gap parts B and F at the cleft."""
    return world.segments((ALL, slice(17, 31), slice(X - 30, X + 30)), 0)


def contact_too_small(world: World) -> World:
    """A gap parts B and F but for a window that is too small a contact."""
    gap = world.segments((ALL, slice(23, 25), slice(100, 200)), 0)
    narrow = gap.segments((slice(3, 5), slice(23, 24), slice(X - 4, X + 4)), B)
    narrow = narrow.segments((slice(3, 5), slice(24, 25), slice(X - 4, X + 4)), F)
    params = world.contacts.model_copy(update={"min_area_nm2": 20_000.0})
    return narrow.change(contacts=params)


def contact_leaks(world: World) -> World:
    """The signal reaches on to another post of B, outside the zone."""
    other = world.neurons((ALL, slice(24, 48), slice(183, 200)), NEW)
    leak = other.signal("shaft", (CLEFT_Z, CLEFT_Y, slice(138, 198)), 0.9)
    return leak.change(synapses=world.synapses.model_copy(update={"polyadic": True}))


def below_overlap(world: World) -> World:
    """The signal is a column across the interface."""
    narrow = no_signal(world).signal("shaft", slab(X, half_x=1), 0.9)
    update = {"min_overlap_nm2": 25_000.0, "reach_nm": 20.0}
    return narrow.change(synapses=world.synapses.model_copy(update=update), min_size_vx=10)


def below_score(world: World) -> World:
    """The signal just passes the threshold, but the smallest score is higher."""
    weak = world.signal("shaft", slab(X), 0.55)
    return weak.change(synapses=world.synapses.model_copy(update={"min_score": 0.6}))


def wrong_partner(world: World) -> World:
    """The truth says B → 9; the candidate has more interface with F."""
    third = world.neurons((ALL, slice(24, None), slice(155, 200)), NEW)
    return third.move(ROW, post_x_nm=1600.0, cleft_x_nm=1580.0, post_segment=NEW)


def reversed_row(world: World) -> World:
    """Pre and post are exchanged in the truth."""
    return world.swap_ends(ROW)


def dropped(world: World) -> World:
    """A second synapse of the pair lies so near that its row counts as a duplicate."""
    second = world.signal("shaft", slab(185), 0.8).with_row(ROW, 15, 5, 185)
    clefts = second.clefts.copy()
    clefts[slab(185)] = 5
    clefts[slab(X)] = 2
    far = second.synapses.model_copy(update={"duplicate_nm": 1000.0})
    return second.change(synapses=far, clefts=clefts)


def extra_partner(world: World) -> World:
    """The cleft lies on F and 9; the truth has only B → F."""
    both = world.neurons((ALL, slice(24, None), slice(155, 200)), NEW)
    return both.change(synapses=world.synapses.model_copy(update={"polyadic": True}))


def wrong_kind(world: World) -> World:
    """In the zone the true class is stronger; the candidate beyond it turns the balance."""
    tail = (CLEFT_Z, slice(10, 38), slice(168, 199))
    return world.signal("head", tail, 0.9).signal("shaft", slab(X, half_x=18), 0.9)


def beyond_tolerance(world: World) -> World:
    """The true cleft point lies farther from the prediction than the tolerance."""
    moved = world.move(ROW, cleft_x_nm=1630.0)
    return moved.change(evaluate=world.evaluate.model_copy(update={"tolerance_nm": 100.0}))


def outside_box(world: World) -> World:
    """The true cleft point lies just outside the box, the predicted one in it."""
    box = Box((0, 0, 0), (8, 48, 152))
    params = world.evaluate.model_copy(update={"margin_nm": 0.0})
    return world.move(ROW, cleft_x_nm=1560.0).change(box=box, evaluate=params)


def lost_in_matching(world: World) -> World:
    """Row 15 of the same pair lies nearer to the prediction of row 12."""
    part = no_signal(world).signal("shaft", (CLEFT_Z, CLEFT_Y, slice(150, 162)), 0.9)
    return part.move(ROW, cleft_x_nm=1390.0).with_row(ROW, 15, 5, 166)


@dataclass(frozen=True)
class ToyFault:
    """How a cause is planted, and the error that it makes.

    ``rows`` are the truth rows of which one is missed or mistyped; none for a false synapse.
    """

    error: ErrorKind
    plant: Callable[[World], World]
    rows: tuple[int, ...] = (ROW,)


_MISSED, _FALSE, _MISTYPED = ErrorKind.MISSED, ErrorKind.FALSE, ErrorKind.MISTYPED

TOY_FAULTS: Mapping[Cause, ToyFault] = MappingProxyType(
    {
        Cause.GT_SAME_SEGMENT: ToyFault(_MISSED, same_segment),
        Cause.GT_POINT_IN_BACKGROUND: ToyFault(_MISSED, point_in_background),
        Cause.GT_POINTS_IMPLAUSIBLE: ToyFault(_MISSED, partner_far_away),
        Cause.GT_DUPLICATE: ToyFault(_MISSED, duplicate_row),
        Cause.GT_PROBABLY_MISSING: ToyFault(_FALSE, forgotten, ()),
        Cause.NOT_PREDICTED: ToyFault(_MISSED, not_predicted),
        Cause.NO_SIGNAL: ToyFault(_MISSED, no_signal),
        Cause.WEAK_SIGNAL: ToyFault(_MISSED, weak_signal),
        Cause.FALSE_SIGNAL: ToyFault(_FALSE, false_signal, ()),
        Cause.WRONG_CLASS: ToyFault(_MISTYPED, wrong_class),
        Cause.TOO_SMALL: ToyFault(_MISSED, too_small),
        Cause.MERGED_CANDIDATE: ToyFault(_MISSED, merged_candidate, (12, 13)),
        Cause.SPLIT_CANDIDATE: ToyFault(_FALSE, split_candidate, ()),
        Cause.NEURONS_MERGED: ToyFault(_MISSED, neurons_merged),
        Cause.PARTNER_IN_BACKGROUND: ToyFault(_MISSED, partner_in_background),
        Cause.PARTNER_SPLIT: ToyFault(_MISSED, partner_split),
        Cause.NO_CONTACT: ToyFault(_MISSED, no_contact),
        Cause.CONTACT_TOO_SMALL: ToyFault(_MISSED, contact_too_small),
        Cause.CONTACT_LEAKS: ToyFault(_FALSE, contact_leaks, ()),
        Cause.BELOW_OVERLAP: ToyFault(_MISSED, below_overlap),
        Cause.BELOW_SCORE: ToyFault(_MISSED, below_score),
        Cause.WRONG_PARTNER: ToyFault(_MISSED, wrong_partner),
        Cause.REVERSED: ToyFault(_MISSED, reversed_row),
        Cause.DROPPED: ToyFault(_MISSED, dropped, (12, 15)),
        Cause.EXTRA_PARTNER: ToyFault(_FALSE, extra_partner, ()),
        Cause.WRONG_KIND: ToyFault(_MISTYPED, wrong_kind),
        Cause.BEYOND_TOLERANCE: ToyFault(_MISSED, beyond_tolerance),
        Cause.OUTSIDE_BOX: ToyFault(_FALSE, outside_box, ()),
        Cause.LOST_IN_MATCHING: ToyFault(_MISSED, lost_in_matching),
    }
)
"""Every cause, each by one function."""


def is_named(findings: pd.DataFrame, cause: Cause) -> bool:
    """Whether the diagnosis of the cause's world names it, and nothing else.

    A missed synapse may have a false twin, which has the same cause.
    """
    fault = TOY_FAULTS[cause]
    own: pd.DataFrame = findings[findings["error"] == fault.error.value]
    rows: Any = set(own["truth_row"].dropna().astype(int))
    return len(own) > 0 and rows <= set(fault.rows) and set(findings["cause"]) == {cause.value}
