"""Which fault makes which cause in a finished run: one row a cause."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.records import points
from napari_synapse_debug.domain.stages import Cause, ErrorKind
from napari_synapse_debug.simulate import segmentation_faults as segmentation
from napari_synapse_debug.simulate import signal_faults as signal
from napari_synapse_debug.simulate import truth_faults as truth
from napari_synapse_debug.simulate.found import Found
from napari_synapse_debug.simulate.place import Change, as_columns

SPARE_NM = 20.0
"""Distances are missed or kept by at least this much."""

STRONG = 0.65
"""A synapse that scores so well among the matches stays above their median with faults, too."""

_BALL_NM = 115.0


@dataclass(frozen=True)
class RunFault:
    """A cause with the error it makes, what is changed, how, and a sentence on it.

    ``plant`` gives None where the cause cannot be planted at this synapse, or with the run's
    parameters at all; ``needs`` says when it can.
    """

    error: ErrorKind
    changed: str
    plant: Callable[[Found], Change | None]
    description: str
    needs: str = ""


def _merge(found: Found) -> Change | None:
    run = found.run
    named = ["candidate", "pre_segment", "post_segment"]
    of_row = dict(zip(run.prediction["row"], run.prediction[named].to_numpy(int), strict=True))
    own = (found.place.pre, found.place.post)
    others = {}
    for truth_row, row in run.matched.items():
        candidate, pre, post = (int(k) for k in of_row[row])
        if pre != own[0] and post not in own:
            others[candidate] = truth_row
    joined = signal.join_signals(found, set(others))
    if joined is None:
        return None
    change, candidate = joined
    return replace(change, also_rows=(others[candidate],))


def _split(found: Found) -> Change | None:
    cut = signal.cut_signal(found)
    apart = found.run.params.synapses.duplicate_nm + SPARE_NM
    return cut.change if cut is not None and cut.apart_nm >= apart else None


def _drop(found: Found) -> Change | None:
    """Two true synapses, a piece of the candidate each; the second row repeats the first."""
    cut = signal.cut_signal(found)
    nearest = found.run.params.synapses.duplicate_nm - SPARE_NM
    if cut is None or not found.mask or cut.apart_nm > nearest:
        return None
    mask = found.place.volumes[found.mask]
    second = found.cleft & (cut.side < 0)
    volumes = {**cut.change.volumes}
    volumes[found.mask] = np.where(second, mask.dtype.type(found.fresh), mask)
    added = as_columns("cleft", cut.centres_nm[1]) | {"synapse": found.fresh}
    row = as_columns("cleft", cut.centres_nm[0])
    return replace(cut.change, volumes=volumes, row=row, added=(added,))


def _half_of_post(found: Found) -> Change | None:
    """The half of post that holds less of the cleft, without its point, is a third neuron."""
    index = np.argwhere(found.signal)
    if len(index) < 4:
        return None
    nm = found.place.to_nm(index)
    middle = nm.mean(axis=0)
    along = np.linalg.eigh(np.cov((nm - middle).T))[1][:, -1]
    everywhere = np.indices(found.signal.shape).reshape(3, -1).T
    side = ((found.place.to_nm(everywhere) - middle) @ along).reshape(found.signal.shape)
    if side[found.place.index(found.place.point("post"))] > 0:
        side = -side
    half = side > 0.15 * float(np.ptp((nm - middle) @ along))
    return segmentation.add_neuron(found.place, half, found.fresh)


def _extra(found: Found) -> Change | None:
    return _half_of_post(found) if found.run.params.synapses.polyadic else None


def _other_pair(found: Found) -> Change | None:
    """Another pair of the candidate was considered, and refused for the right one."""
    pairs = found.run.pairs
    refused = pairs[
        (pairs["candidate"] == found.candidate["candidate"])
        & pairs["fate"].isin(["not_best_pair", "not_with_pre"])
    ].sort_values("overlap_nm2", ascending=False)
    for _, pair in refused.iterrows():
        ends = {end: points(pair.to_frame().T, end)[0] for end in ("a", "cleft", "b")}
        if found.zone[found.place.index(ends["cleft"])]:
            pre, post = ("a", "b") if pair["p_ab"] >= 0.5 else ("b", "a")
            return truth.name_other_pair(found.place, ends[pre], ends["cleft"], ends[post])
    return _third_partner(found)


def _third_partner(found: Found) -> Change | None:
    """A part of post at the cleft is a third neuron, and the truth names that one."""
    change = None if found.run.params.synapses.polyadic else _half_of_post(found)
    if change is None:
        return None
    third = change.volumes["true_segmentation"] == found.fresh
    near = third & (found.place.far_from(found.signal) <= 100.0)
    if not near.any():
        return None
    away = found.place.far_from(~third)
    index = np.asarray(np.unravel_index(np.argmax(np.where(near, away, -1.0)), near.shape))
    point = found.place.to_nm(index[None])[0]
    return replace(change, row=as_columns("post", point) | {"post_segment": found.fresh})


def _leak(found: Found) -> Change | None:
    if not found.run.params.synapses.polyadic:
        return None
    own = [0, found.place.pre, found.place.post]
    third = ~np.isin(found.place.segments, own) & found.place.is_own
    return signal.leak_signal(found, third)


def _too_small_contact(found: Found) -> Change | None:
    least = found.run.params.contacts.min_area_nm2
    if least <= 0:
        return None
    return segmentation.narrow_contact(found.place, _gap_nm(found), 0.15 * least, found.zone)


def _off_interface(found: Found) -> Change | None:
    return signal.shift_signal(found, found.run.params.synapses.reach_nm)


def _split_partner(found: Found) -> Change | None:
    if found.run.judge != "in_use":
        return None
    return segmentation.split_partner(found.place, found.fresh)


def _gap_nm(found: Found) -> float:
    return max(segmentation.GAP_NM, 1.2 * found.run.params.contacts.max_gap_nm)


def _missing(found: Found) -> Change | None:
    """The truth forgets a synapse that was found better than most."""
    score, peak = found.run.typical_match(STRONG)
    synapse = found.place.row["synapse"]
    rows = (found.run.truth["synapse"] == synapse).sum()
    if found.prediction["score"] < score or found.candidate["peak"] < peak or rows > 1:
        return None
    return truth.forget_synapse(found.place, found.mask)


def _beyond(found: Found) -> Change | None:
    if not found.mask:
        return None
    farther = 1.3 * found.run.params.evaluate.tolerance_nm
    within: Box = found.run.box.intersect(found.run.grid.box)
    return truth.move_cleft(found.place, farther, within)


def _outside(found: Found) -> Change | None:
    params = found.run.params.evaluate
    margin = params.tolerance_nm if params.margin_nm is None else params.margin_nm
    if not found.mask or margin >= params.tolerance_nm:
        return None
    farthest = 0.7 * params.tolerance_nm
    return truth.move_out_of_box(found.place, found.run.box, margin, farthest)


def _steal(found: Found) -> Change | None:
    if not found.mask:
        return None
    farthest = 0.9 * found.run.params.evaluate.tolerance_nm
    signal_here = found.place.volumes["candidates"] != 0
    return truth.steal_match(
        found.place, np.asarray(signal_here | found.cleft), _BALL_NM, farthest, found.fresh
    )


def _stray(found: Found) -> Change | None:
    return truth.stray_post(found.place, found.cleft, found.run.params.diagnose.reach_nm)


_MISSED, _FALSE, _MISTYPED = ErrorKind.MISSED, ErrorKind.FALSE, ErrorKind.MISTYPED
_TRUTH, _PREDICTION, _SEGMENTATION = "truth", "prediction", "segmentation"

RUN_FAULTS: Mapping[Cause, RunFault] = MappingProxyType(
    {
        Cause.GT_SAME_SEGMENT: RunFault(
            _MISSED, _TRUTH, lambda f: truth.misplace_pre(f.place), "Pre's point lies in post."
        ),
        Cause.GT_POINT_IN_BACKGROUND: RunFault(
            _MISSED,
            "true segmentation",
            lambda f: truth.hole_at_post(f.place, f.run.params.evaluate.snap_nm),
            "The true segmentation has a hole at post's point.",
        ),
        Cause.GT_POINTS_IMPLAUSIBLE: RunFault(
            _MISSED, _TRUTH, _stray, "Post's point lies in a neuron that is not at the cleft."
        ),
        Cause.GT_DUPLICATE: RunFault(
            _MISSED, _TRUTH, lambda f: truth.repeat_row(f.place), "The row is there twice."
        ),
        Cause.GT_PROBABLY_MISSING: RunFault(
            _FALSE, _TRUTH, _missing, "The truth lacks a synapse that is there."
        ),
        Cause.NO_SIGNAL: RunFault(
            _MISSED, _PREDICTION, signal.erase_signal, "The signal is erased."
        ),
        Cause.WEAK_SIGNAL: RunFault(
            _MISSED, _PREDICTION, signal.weaken_signal, "The signal stays below the threshold."
        ),
        Cause.WRONG_CLASS: RunFault(
            _MISTYPED,
            _PREDICTION,
            signal.swap_class,
            "The classes of synapses are exchanged.",
            "two kinds of synapses among the classes",
        ),
        Cause.TOO_SMALL: RunFault(
            _MISSED,
            _PREDICTION,
            signal.shrink_signal,
            "Only a core of the signal is left.",
            "synapses.min_size_vx above 1",
        ),
        Cause.MERGED_CANDIDATE: RunFault(
            _MISSED,
            _PREDICTION,
            _merge,
            "A bridge of signal joins two clefts.",
            "two synapses of other neurons within 400 nm",
        ),
        Cause.SPLIT_CANDIDATE: RunFault(
            _FALSE,
            _PREDICTION,
            _split,
            "The signal is cut in two.",
            "candidates longer than twice synapses.duplicate_nm",
        ),
        Cause.NEURONS_MERGED: RunFault(
            _MISSED,
            _SEGMENTATION,
            lambda f: segmentation.merge_neurons(f.place),
            "Post has the id of pre around the cleft.",
        ),
        Cause.PARTNER_IN_BACKGROUND: RunFault(
            _MISSED,
            _SEGMENTATION,
            lambda f: segmentation.erase_partner(f.place),
            "Post is background around the cleft.",
        ),
        Cause.PARTNER_SPLIT: RunFault(
            _MISSED,
            _SEGMENTATION,
            _split_partner,
            "The sheet of post at the cleft is a fragment of its own.",
            "the judge in_use",
        ),
        Cause.NO_CONTACT: RunFault(
            _MISSED,
            _SEGMENTATION,
            lambda f: segmentation.open_gap(f.place, _gap_nm(f), f.zone),
            "A gap of background parts pre and post at the cleft.",
        ),
        Cause.CONTACT_TOO_SMALL: RunFault(
            _MISSED,
            _SEGMENTATION,
            _too_small_contact,
            "A gap parts pre and post but for a small window.",
            "contacts.min_area_nm2 above 0",
        ),
        Cause.CONTACT_LEAKS: RunFault(
            _FALSE,
            _PREDICTION,
            _leak,
            "The signal reaches on to another neuron's contact.",
            "synapses.polyadic",
        ),
        Cause.BELOW_OVERLAP: RunFault(
            _MISSED,
            _PREDICTION,
            _off_interface,
            "The signal lies in pre, off the interface.",
        ),
        Cause.BELOW_SCORE: RunFault(
            _MISSED,
            _PREDICTION,
            signal.dim_signal,
            "The signal just reaches the threshold.",
            "synapses.min_score above the score of a signal at the threshold",
        ),
        Cause.WRONG_PARTNER: RunFault(
            _MISSED, _TRUTH, _other_pair, "The truth names another pair at this cleft."
        ),
        Cause.REVERSED: RunFault(
            _MISSED, _TRUTH, lambda f: truth.flip_row(f.place), "Pre and post are swapped."
        ),
        Cause.DROPPED: RunFault(
            _MISSED,
            "prediction, truth",
            _drop,
            "Two clefts of one pair lie so near that the second row counts as a duplicate.",
            "candidates shorter than twice synapses.duplicate_nm, and masks of the true clefts",
        ),
        Cause.EXTRA_PARTNER: RunFault(
            _FALSE,
            "both segmentations",
            _extra,
            "A part of post at the cleft is a third neuron, which the truth does not name.",
            "synapses.polyadic",
        ),
        Cause.WRONG_KIND: RunFault(
            _MISTYPED,
            _PREDICTION,
            lambda f: signal.add_tail(f, f.run.params.synapses.reach_nm + 10.0),
            "A tail of another class outweighs the candidate.",
            "two kinds of synapses among the classes",
        ),
        Cause.BEYOND_TOLERANCE: RunFault(
            _MISSED, _TRUTH, _beyond, "The cleft point lies too far away.", "masks of the clefts"
        ),
        Cause.OUTSIDE_BOX: RunFault(
            _FALSE,
            _TRUTH,
            _outside,
            "The true cleft point lies outside the box.",
            "evaluate.margin_nm below the tolerance, and masks of the clefts",
        ),
        Cause.LOST_IN_MATCHING: RunFault(
            _MISSED,
            _TRUTH,
            _steal,
            "A second row of the pair lies nearer to the prediction.",
            "masks of the clefts",
        ),
    }
)
"""The causes that are planted at a synapse; ``not_predicted`` and ``false_signal`` are not."""
