"""Stage segmentation: whether the segments in use hold the neurons apart, and together."""

from __future__ import annotations

import numpy as np

from napari_synapse_debug.diagnose.case import Case
from napari_synapse_debug.diagnose.reading import Reading, known_pair, passed, untested

FOREIGN_SHARE = 0.2
"""Part of a segment in the zone that must belong to a third neuron for it to count as merged.
Less is what two segmentations of one membrane differ by."""

_ENDS = ("pre", "post")


def read_segments(case: Case) -> Reading:
    """The segments in use at the truth's points."""
    if case.true_pair is None:
        return untested("No segmentation to look at.")
    pre, post = case.true_pair
    return passed(f"Pre lies in segment {pre} and post in segment {post}.")


def read_predicted_segments(case: Case) -> Reading:
    """Whether the predicted segments could be held against true neurons."""
    if case.zone == 0:
        return untested("There is no true cleft to compare the segments with.")
    if case.survey.truth.in_use is None:
        return untested("No segmentation to look at.")
    if case.survey.truth.in_gt is None:
        return untested("Without a ground-truth segmentation the segments cannot be judged here.")
    return passed("The predicted segments are not split or merged at this cleft.")


def neurons_merged(case: Case) -> str | None:
    """Pre lies in one segment with post, or a partner with a third neuron."""
    pair = case.true_pair
    if pair is None:
        return None
    if pair[0] == pair[1] and pair[0] != 0:
        return f"Pre and post lie in one segment ({pair[0]})."
    for end in (0, 1):
        share, other = _foreign(case, end)
        if share >= FOREIGN_SHARE:
            return (
                f"Segment {pair[end]} ({_ENDS[end]}) also holds another neuron: {share:.0%} of it"
                f" in the zone belongs to true segment {other}."
            )
    return None


def partner_in_background(case: Case) -> str | None:
    """The segmentation in use has no segment at a partner's point."""
    pair = case.true_pair
    if pair is None or 0 not in pair:
        return None
    ends = " and ".join(end for end, segment in zip(_ENDS, pair, strict=True) if segment == 0)
    snap = case.survey.evidence.evaluate.snap_nm
    return f"There is no segment at {ends} (within {snap:g} nm) in the segmentation in use."


def partner_split(case: Case) -> str | None:
    """Another fragment of a true partner, not the one at its point, lies at the cleft."""
    pair, true_pair = case.true_pair, case.true_gt_pair
    if not known_pair(pair) or not known_pair(true_pair):
        return None
    for end in (0, 1):
        counts = _fragments(case, true_pair[end])  # type: ignore[index]
        here = pair[end]  # type: ignore[index]
        if not counts:
            continue
        most = max(counts, key=lambda segment: (counts[segment], -segment))
        if most != here and counts[most] > counts.get(here, 0):
            return (
                f"The true {_ENDS[end]} neuron is split: its point lies in segment {here}, but at"
                f" the cleft it is segment {most}."
            )
    return None


def false_by_split(case: Case) -> str | None:
    """The predicted pair is right by the true neurons, but names other fragments of them."""
    return _disagreement(case, by_gt=True)


def false_by_merge(case: Case) -> str | None:
    """The predicted pair is right by the segments in use, but these hold other neurons."""
    return _disagreement(case, by_gt=False)


def _disagreement(case: Case, *, by_gt: bool) -> str | None:
    survey, at = case.survey, case.prediction
    truth, prediction = survey.truth, survey.prediction
    if at is None or truth.in_gt is None or prediction.in_gt is None or truth.in_use is None:
        return None
    if prediction.in_use is None:
        return None
    for other in case.truths_in_zone:
        same_gt = bool((truth.in_gt[other] == prediction.in_gt[at]).all())
        same_use = bool((truth.in_use[other] == prediction.in_use[at]).all())
        if same_gt == same_use or same_gt is not by_gt:
            continue
        here, there = (
            tuple(int(k) for k in ids[i])
            for ids, i in ((prediction.in_use, at), (truth.in_use, other))
        )
        if by_gt:
            return (
                f"Segments {here[0]} and {here[1]} are other fragments of the true partners, whose"
                f" points lie in {there[0]} and {there[1]}."
            )
        return (
            f"The pair {here[0]} → {here[1]} is right by the segments in use, but its points lie in"
            " other true neurons: a segment holds several."
        )
    return None


def _foreign(case: Case, end: int) -> tuple[float, int]:
    """Largest share of a partner's segment in the zone that is one other true neuron; its id."""
    pair, true_pair = case.true_pair, case.true_gt_pair
    used, true = case.scene.segmentation, case.scene.true_segmentation
    if not known_pair(pair) or not known_pair(true_pair) or used is None or true is None:
        return 0.0, 0
    here = true[case.in_zone & (used == pair[end])]  # type: ignore[index]
    others = here[(here != 0) & (here != true_pair[end])]  # type: ignore[index]
    if len(others) == 0:
        return 0.0, 0
    ids, sizes = np.unique(others, return_counts=True)
    return float(sizes.max() / len(here)), int(ids[np.argmax(sizes)])


def _fragments(case: Case, neuron: int) -> dict[int, int]:
    """Segments in use of a true neuron in the zone, with their voxels."""
    used, true = case.scene.segmentation, case.scene.true_segmentation
    if used is None or true is None:
        return {}
    ids, sizes = np.unique(used[case.in_zone & (true == neuron)], return_counts=True)
    return {int(k): int(n) for k, n in zip(ids, sizes, strict=True) if k}
