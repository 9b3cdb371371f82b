"""Stage ground truth: rows that nothing can match, and synapses that the truth lacks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.diagnose.case import Case
from napari_synapse_debug.diagnose.reading import Reading, passed, untested
from napari_synapse_debug.domain.distances import distances_to
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.records import ENDS
from napari_synapse_debug.domain.roles import Role

UNDER_IT = 0.5
"""Mean probability from which a structure is said to lie under a candidate."""


def read_row(case: Case) -> Reading:
    """Whether the truth row could be checked at all."""
    if case.true_gt_pair is None:
        return untested("No ground-truth segmentation to check the row's points in.")
    pre, post = case.true_gt_pair
    return passed(f"Pre and post lie in true segments {pre} and {post}, and at their cleft.")


def read_surroundings(case: Case) -> Reading:
    """Whether the truth speaks of the place of a false prediction."""
    if case.zone:
        return passed("The truth has a cleft here.")
    return passed("The truth has no cleft here, and nothing says that it should.")


def same_segment(case: Case) -> str | None:
    """Both points lie in one segment of the ground-truth segmentation."""
    pair = case.true_gt_pair
    if pair is None or pair[0] != pair[1] or pair[0] == 0:
        return None
    return f"The truth's pre and post both lie in true segment {pair[0]}."


def point_in_background(case: Case) -> str | None:
    """A point lies in background of the ground-truth segmentation, farther than the snap."""
    pair = case.true_gt_pair
    if pair is None or 0 not in pair:
        return None
    ends = [end for end, segment in zip(("pre", "post"), pair, strict=True) if segment == 0]
    snap = case.survey.evidence.evaluate.snap_nm
    return (
        f"The truth's {' and '.join(ends)} lies in background of the ground-truth segmentation,"
        f" with no segment within {snap:g} nm."
    )


def points_implausible(case: Case) -> str | None:
    """A point lies outside the volume, or a true partner does not come near the cleft."""
    survey = case.survey
    ends = survey.truth.ends_nm[case.truth_at]
    outside = ~survey.evidence.grid.contains(ends)
    if outside.any():
        names = " and ".join(end for end, out in zip(ENDS, outside, strict=True) if out)
        return f"The truth's {names} point lies outside the volume."
    pair, volume = case.true_gt_pair, case.scene.true_segmentation
    if pair is None or volume is None or 0 in pair:
        return None
    for end, segment in zip(("pre", "post"), pair, strict=True):
        distance = _distance_to(case, volume, segment)
        if distance > survey.params.reach_nm:
            near = f"{distance:.0f} nm" if np.isfinite(distance) else "farther than was looked"
            return (
                f"The true {end} neuron {segment} is {near} from the cleft; a partner lies within"
                f" {survey.params.reach_nm:g} nm."
            )
    return None


def duplicate(case: Case) -> str | None:
    """Another truth row says the same pair at the same cleft, and has the match (or is first)."""
    survey, at = case.survey, case.truth
    ids = survey.truth.in_gt if survey.truth.in_gt is not None else survey.truth.in_use
    if ids is None or at is None or 0 in ids[at]:
        return None
    same = (ids == ids[at]).all(axis=1) & _is_same_cleft(case, at)
    same[at] = False
    for other in np.flatnonzero(same):
        row = int(survey.truth.row[other])
        counts = row in survey.outcomes.missed or row in survey.outcomes.found
        if row in survey.matched_prediction or (counts and row < survey.truth.row[at]):
            return f"Truth row {row} is the same synapse: same ordered pair and same cleft."
    return None


def probably_missing(case: Case) -> str | None:
    """The prediction looks as good as the matched ones, where the truth has no cleft."""
    survey = case.survey
    table = survey.candidates
    if case.zone or survey.median_match is None or table is None:
        return None
    at = table.position.get(case.own_candidate)
    if at is None or not survey.contact[case.prediction_at]:
        return None
    peak = float(table.peak[at])
    score = float(survey.evidence.prediction["score"].iloc[case.prediction_at])
    least_score, least_peak = survey.median_match
    is_weak = peak < least_peak or (np.isfinite(least_score) and not score >= least_score)
    mean = mean_under(case, Role.MITOCHONDRION)
    if is_weak or (mean is not None and mean >= UNDER_IT):
        return None
    told = f"score {score:.2f}, peak {peak:.2f}" if np.isfinite(score) else f"peak {peak:.2f}"
    return (
        f"As strong as the matched synapses ({told}; median peak {least_peak:.2f}), on a contact,"
        " where the truth has no cleft: the truth probably lacks it."
    )


def mean_under(case: Case, role: Role) -> float | None:
    """Mean probability of a role's strongest class under the candidate; None if not known."""
    scene = case.scene
    channels = [k for k, spec in enumerate(case.survey.evidence.classes) if spec.role is role]
    if not channels or scene.probability is None or scene.labels is None:
        return None
    under = scene.labels == case.own_candidate
    if not under.any():
        return None
    return max(float(scene.probability[k][under].mean()) / 255.0 for k in channels)


def _is_same_cleft(case: Case, at: int) -> NDArray[np.bool_]:
    """Which truth rows share the cleft id of row ``at``; without ids, which lie very near."""
    survey = case.survey
    keys = survey.cleft_key
    if keys[at] >= 0:
        return np.asarray(keys == keys[at])
    cleft = survey.truth.ends_nm[:, 1]
    distance = np.linalg.norm(cleft - cleft[at], axis=1)
    return np.asarray((distance <= survey.params.duplicate_nm) & (keys < 0))


def _distance_to(case: Case, volume: NDArray[Any], segment: int) -> float:
    """Distance from the cleft (its mask or point) to the nearest voxel of a neuron, nm.

    Looked for near the cleft first, and everywhere in ``volume`` only where it is not there.
    """
    grid, reach = case.scene.grid, case.survey.params.reach_nm
    cleft = np.zeros(grid.shape, bool)
    box = case.scene.zones.boxes.get(case.zone)
    if box is not None and case.survey.evidence.true_clefts is not None:
        cleft[box.slices] = case.scene.zones.seeds[box.slices] == case.zone
    else:
        point = case.survey.truth.ends_nm[case.truth_at, 1]
        z, y, x = np.clip(grid.to_index(point)[0], 0, np.asarray(grid.shape) - 1)
        box = Box((z, y, x), (z + 1, y + 1, x + 1))
        cleft[box.slices] = True
    farthest = float(np.linalg.norm(np.multiply(grid.shape, grid.voxel_size_nm)))
    for around, within in (
        (box.grow(grid.margin_vx(reach), grid.box), reach),
        (grid.box, farthest),
    ):
        held = volume[around.slices] == segment
        if (held & cleft[around.slices]).any():
            return 0.0
        if held.any():
            away = distances_to(cleft[around.slices], grid.voxel_size_nm, within)[held].min()
            if np.isfinite(away):
                return float(away)
    return float("inf")
