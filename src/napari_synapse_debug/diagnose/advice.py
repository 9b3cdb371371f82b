"""What would mend each cause, and how much it speaks against the truth."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from napari_synapse_debug.diagnose.case import Case
from napari_synapse_debug.domain.stages import Cause

FIX: Mapping[str, str] = MappingProxyType(
    {
        Cause.GT_SAME_SEGMENT: "Move the truth's points into their two neurons.",
        Cause.GT_POINT_IN_BACKGROUND: "Move the truth's point into its neuron.",
        Cause.GT_POINTS_IMPLAUSIBLE: "Look at the truth's points: one is not where it belongs.",
        Cause.GT_DUPLICATE: "Delete one of the two truth rows.",
        Cause.GT_PROBABLY_MISSING: "Look at the EM; if it is a synapse, add it to the truth.",
        Cause.NOT_PREDICTED: "Predict the volume here.",
        Cause.NO_SIGNAL: "Train with examples like this one.",
        Cause.WEAK_SIGNAL: "Lower the threshold, or train with examples like this one.",
        Cause.FALSE_SIGNAL: "Train with this place as background.",
        Cause.WRONG_CLASS: "Train with more examples of both kinds.",
        Cause.TOO_SMALL: "Lower the smallest candidate size.",
        Cause.MERGED_CANDIDATE: "Raise the threshold, or train for thinner clefts.",
        Cause.SPLIT_CANDIDATE: "Lower the threshold, or merge rows of the same pair that are near.",
        Cause.NEURONS_MERGED: "Split the segment in the segmentation.",
        Cause.PARTNER_IN_BACKGROUND: "Fill in the partner in the segmentation.",
        Cause.PARTNER_SPLIT: "Join the fragments in the segmentation.",
        Cause.NO_CONTACT: (
            "Allow a larger gap between touching neurons, grow the segments, or look for contacts"
            " there."
        ),
        Cause.CONTACT_TOO_SMALL: "Lower the smallest contact area.",
        Cause.CONTACT_LEAKS: "Raise the threshold, or lower the reach of candidates.",
        Cause.BELOW_OVERLAP: "Lower the smallest overlap.",
        Cause.BELOW_SCORE: "Lower the smallest score.",
        Cause.WRONG_PARTNER: "Look at both interfaces; is the cleft polyadic?",
        Cause.REVERSED: "Look where the vesicles are; teach the classifier a vesicle class.",
        Cause.DROPPED: "Lower the distance at which rows count as duplicates.",
        Cause.EXTRA_PARTNER: "Ask for more overlap or a higher score of each partner.",
        Cause.WRONG_KIND: "Look at the kinds of the candidate and of the truth row.",
        Cause.BEYOND_TOLERANCE: "Raise the tolerance, or place the cleft point better.",
        Cause.OUTSIDE_BOX: "Raise the margin of the box to the tolerance.",
        Cause.LOST_IN_MATCHING: "Look for a second synapse of this pair nearby.",
    }
)
"""The next step for each cause, in one sentence."""

NO_FIX = "Look at all layers: no rule explains this error."

_SUSPECT = {
    Cause.GT_SAME_SEGMENT: 1.0,
    Cause.GT_POINT_IN_BACKGROUND: 1.0,
    Cause.GT_POINTS_IMPLAUSIBLE: 1.0,
    Cause.GT_DUPLICATE: 1.0,
    Cause.REVERSED: 0.5,
    Cause.WRONG_KIND: 0.3,
    Cause.WRONG_CLASS: 0.2,
}
_SUSPECT_WITHOUT_GT = {
    Cause.PARTNER_IN_BACKGROUND: 0.5,
    Cause.NEURONS_MERGED: 0.5,
    Cause.WRONG_PARTNER: 0.3,
}


def suspect_truth(case: Case, cause: Cause | None) -> float:
    """How much an error speaks against the truth itself, in [0, 1], to order a queue by.

    1 for rows that nothing can match; 0.5 to 0.9 for a synapse that the truth probably lacks,
    by the share of matches that score no better; less where the data cannot tell a fault of a
    step from a fault of the truth: a flipped row from a reversed prediction, and, without a
    ground-truth segmentation, a misplaced point from a merge or a hole in the segmentation in
    use. The numbers order a queue, they are no probabilities.
    """
    if cause is None:
        return 0.0
    if cause is Cause.GT_PROBABLY_MISSING:
        return 0.5 + 0.4 * _share_of_weaker_matches(case)
    if case.survey.evidence.true_segmentation is None and cause in _SUSPECT_WITHOUT_GT:
        return _SUSPECT_WITHOUT_GT[cause]
    return _SUSPECT.get(cause, 0.0)


def _share_of_weaker_matches(case: Case) -> float:
    """Part of the matches that score no better than this prediction; 1/2 without scores."""
    survey = case.survey
    scores = survey.evidence.prediction["score"].to_numpy(np.float64)
    matched = scores[np.isin(survey.prediction.row, list(survey.matched_truth))]
    own = scores[case.prediction_at]
    known = matched[np.isfinite(matched)]
    if len(known) == 0 or not np.isfinite(own):
        return 0.5
    return float(np.mean(known <= own))
