"""The stages that the data passes, the causes that lose a synapse in them, and their words."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """Stages in the order the data passes them."""

    GROUND_TRUTH = "ground_truth"
    CLASSIFIER = "classifier"
    CANDIDATE = "candidate"
    SEGMENTATION = "segmentation"
    CONTACT = "contact"
    ASSIGNMENT = "assignment"
    EVALUATION = "evaluation"


UNEXPLAINED = "unexplained"
"""Stage and cause of an error that no rule explains."""


class ErrorKind(StrEnum):
    """How a synapse can be wrong."""

    MISSED = "missed"
    FALSE = "false"
    MISTYPED = "mistyped"


class Outcome(StrEnum):
    """Result of testing one stage for one error."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    UNTESTED = "untested"


class Cause(StrEnum):
    """The rule that fired; each belongs to one stage (``STAGE_OF_CAUSE``)."""

    GT_SAME_SEGMENT = "gt_same_segment_in_gt_segmentation"
    GT_POINT_IN_BACKGROUND = "gt_point_in_background"
    GT_POINTS_IMPLAUSIBLE = "gt_points_implausible"
    GT_DUPLICATE = "gt_duplicate"
    GT_PROBABLY_MISSING = "gt_probably_missing"
    NOT_PREDICTED = "not_predicted"
    NO_SIGNAL = "no_signal"
    WEAK_SIGNAL = "weak_signal"
    FALSE_SIGNAL = "false_signal"
    WRONG_CLASS = "wrong_class"
    TOO_SMALL = "too_small"
    MERGED_CANDIDATE = "merged_candidate"
    SPLIT_CANDIDATE = "split_candidate"
    NEURONS_MERGED = "neurons_merged"
    PARTNER_IN_BACKGROUND = "partner_in_background"
    PARTNER_SPLIT = "partner_split"
    NO_CONTACT = "no_contact"
    CONTACT_TOO_SMALL = "contact_too_small"
    CONTACT_LEAKS = "contact_leaks"
    BELOW_OVERLAP = "below_overlap"
    BELOW_SCORE = "below_score"
    WRONG_PARTNER = "wrong_partner"
    REVERSED = "reversed"
    DROPPED = "dropped"
    EXTRA_PARTNER = "extra_partner"
    WRONG_KIND = "wrong_kind"
    BEYOND_TOLERANCE = "beyond_tolerance"
    OUTSIDE_BOX = "outside_box"
    LOST_IN_MATCHING = "lost_in_matching"


STAGE_OF_CAUSE: dict[Cause, Stage] = {
    Cause.GT_SAME_SEGMENT: Stage.GROUND_TRUTH,
    Cause.GT_POINT_IN_BACKGROUND: Stage.GROUND_TRUTH,
    Cause.GT_POINTS_IMPLAUSIBLE: Stage.GROUND_TRUTH,
    Cause.GT_DUPLICATE: Stage.GROUND_TRUTH,
    Cause.GT_PROBABLY_MISSING: Stage.GROUND_TRUTH,
    Cause.NOT_PREDICTED: Stage.CLASSIFIER,
    Cause.NO_SIGNAL: Stage.CLASSIFIER,
    Cause.WEAK_SIGNAL: Stage.CLASSIFIER,
    Cause.FALSE_SIGNAL: Stage.CLASSIFIER,
    Cause.WRONG_CLASS: Stage.CLASSIFIER,
    Cause.TOO_SMALL: Stage.CANDIDATE,
    Cause.MERGED_CANDIDATE: Stage.CANDIDATE,
    Cause.SPLIT_CANDIDATE: Stage.CANDIDATE,
    Cause.NEURONS_MERGED: Stage.SEGMENTATION,
    Cause.PARTNER_IN_BACKGROUND: Stage.SEGMENTATION,
    Cause.PARTNER_SPLIT: Stage.SEGMENTATION,
    Cause.NO_CONTACT: Stage.CONTACT,
    Cause.CONTACT_TOO_SMALL: Stage.CONTACT,
    Cause.CONTACT_LEAKS: Stage.CONTACT,
    Cause.BELOW_OVERLAP: Stage.ASSIGNMENT,
    Cause.BELOW_SCORE: Stage.ASSIGNMENT,
    Cause.WRONG_PARTNER: Stage.ASSIGNMENT,
    Cause.REVERSED: Stage.ASSIGNMENT,
    Cause.DROPPED: Stage.ASSIGNMENT,
    Cause.EXTRA_PARTNER: Stage.ASSIGNMENT,
    Cause.WRONG_KIND: Stage.ASSIGNMENT,
    Cause.BEYOND_TOLERANCE: Stage.EVALUATION,
    Cause.OUTSIDE_BOX: Stage.EVALUATION,
    Cause.LOST_IN_MATCHING: Stage.EVALUATION,
}

STAGE_HUE: dict[str, str] = {
    Stage.GROUND_TRUTH: "#CC79A7",
    Stage.CLASSIFIER: "#D55E00",
    Stage.CANDIDATE: "#E69F00",
    Stage.SEGMENTATION: "#0072B2",
    Stage.CONTACT: "#56B4E9",
    Stage.ASSIGNMENT: "#009E73",
    Stage.EVALUATION: "#F0E442",
    UNEXPLAINED: "#999999",
}
"""One Okabe-Ito hue a stage, the same in chips, trace, charts and report."""
