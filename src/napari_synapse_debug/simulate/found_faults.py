"""Faults at a synapse that a run found, which hang on what the run made of it.

Each gives the change to be made, or None where the cause cannot be planted at this synapse, or
with the parameters of the run at all.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.records import points
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


def join_candidates(found: Found) -> Change | None:
    """Another synapse that was found is joined to this one by signal between them."""
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


def part_candidate(found: Found) -> Change | None:
    """The signal is cut in two, too far apart to be taken for one synapse."""
    cut = signal.cut_signal(found)
    apart = found.run.params.synapses.duplicate_nm + SPARE_NM
    return cut.change if cut is not None and cut.apart_nm >= apart else None


def drop_as_duplicate(found: Found) -> Change | None:
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


def part_post(found: Found) -> Change | None:
    """Half of post is a third neuron; where a cleft has one partner only, None."""
    return _half_of_post(found) if found.run.params.synapses.polyadic else None


def name_refused_pair(found: Found) -> Change | None:
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


def leak_to_third(found: Found) -> Change | None:
    """The signal goes on to a neuron that is not at the cleft; None unless clefts are polyadic."""
    if not found.run.params.synapses.polyadic:
        return None
    segments = found.place.segments
    here = np.union1d(np.unique(segments[found.zone]), [0, found.place.pre, found.place.post])
    third = ~np.isin(segments, here) & found.place.is_own
    return signal.leak_signal(found, third)


def leave_small_contact(found: Found) -> Change | None:
    """The contact is left smaller than the smallest that counts, if there is one."""
    least = found.run.params.contacts.min_area_nm2
    if least <= 0:
        return None
    return segmentation.narrow_contact(found.place, gap_nm(found), 0.15 * least, found.zone)


def shift_off_interface(found: Found) -> Change | None:
    """The signal lies farther from the interface than the reach of candidates."""
    return signal.shift_signal(found, found.run.params.synapses.reach_nm)


def part_partner(found: Found) -> Change | None:
    """A partner is in two fragments; only where the segmentation in use is the judge."""
    if found.run.judge != "in_use":
        return None
    return segmentation.split_partner(found.place, found.fresh)


def gap_nm(found: Found) -> float:
    """Width of a gap that no contact bridges (nm)."""
    return max(segmentation.GAP_NM, 1.2 * found.run.params.contacts.max_gap_nm)


def forget_found(found: Found) -> Change | None:
    """The truth forgets a synapse that was found better than most."""
    score, peak = found.run.typical_match(STRONG)
    synapse = found.place.row["synapse"]
    rows = (found.run.truth["synapse"] == synapse).sum()
    if found.prediction["score"] < score or found.candidate["peak"] < peak or rows > 1:
        return None
    return truth.forget_synapse(found.place, found.mask)


def move_beyond_tolerance(found: Found) -> Change | None:
    """The true cleft point lies farther away than the tolerance, inside the box."""
    if not found.mask:
        return None
    farther = 1.3 * found.run.params.evaluate.tolerance_nm
    within: Box = found.run.box.intersect(found.run.grid.box)
    return truth.move_cleft(found.place, farther, within)


def move_out_of_box(found: Found) -> Change | None:
    """The true cleft point lies outside of the box, farther than its margin."""
    params = found.run.params.evaluate
    margin = params.tolerance_nm if params.margin_nm is None else params.margin_nm
    if not found.mask or margin >= params.tolerance_nm:
        return None
    farthest = 0.7 * params.tolerance_nm
    return truth.move_out_of_box(found.place, found.run.box, margin, farthest)


def steal_match(found: Found) -> Change | None:
    """A further true row lies nearer to the prediction than the right one."""
    if not found.mask:
        return None
    farthest = 0.9 * found.run.params.evaluate.tolerance_nm
    signal_here = found.place.volumes["candidates"] != 0
    return truth.steal_match(
        found.place, np.asarray(signal_here | found.cleft), _BALL_NM, farthest, found.fresh
    )


def stray_post(found: Found) -> Change | None:
    """The post point lies in a neuron that is farther from the cleft than partners reach."""
    return truth.stray_post(found.place, found.cleft, found.run.params.diagnose.reach_nm)
