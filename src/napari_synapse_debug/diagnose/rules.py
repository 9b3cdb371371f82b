"""Which rule names which cause: one row a cause, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from napari_synapse_debug.diagnose import (
    assignment,
    candidate,
    classifier,
    contact,
    evaluation,
    ground_truth,
    segmentation,
)
from napari_synapse_debug.diagnose.case import Case
from napari_synapse_debug.diagnose.reading import Reading, Rule, failed, passed
from napari_synapse_debug.domain.stages import Cause, ErrorKind, Stage


@dataclass(frozen=True)
class StageRules:
    """How one stage is judged.

    Parameters
    ----------
    read : callable
        What the stage shows if no cause fires.
    causes : mapping
        Cause → rule; the first that gives a sentence makes the stage fail.
    needs_input : bool
        Whether the causes are asked only if there was something to judge.
    """

    read: Callable[[Case], Reading]
    causes: Mapping[Cause, Rule]
    needs_input: bool = True


MISSED: Mapping[Stage, StageRules] = MappingProxyType(
    {
        Stage.GROUND_TRUTH: StageRules(
            ground_truth.read_row,
            {
                Cause.GT_POINTS_IMPLAUSIBLE: ground_truth.points_implausible,
                Cause.GT_POINT_IN_BACKGROUND: ground_truth.point_in_background,
                Cause.GT_SAME_SEGMENT: ground_truth.same_segment,
                Cause.GT_DUPLICATE: ground_truth.duplicate,
            },
            needs_input=False,
        ),
        Stage.CLASSIFIER: StageRules(
            classifier.read_signal,
            {
                Cause.NOT_PREDICTED: classifier.not_predicted,
                Cause.NO_SIGNAL: classifier.no_signal,
                Cause.WEAK_SIGNAL: classifier.weak_signal,
            },
        ),
        Stage.CANDIDATE: StageRules(
            candidate.read_candidates,
            {
                Cause.TOO_SMALL: candidate.too_small,
                Cause.MERGED_CANDIDATE: candidate.merged,
            },
        ),
        Stage.SEGMENTATION: StageRules(
            segmentation.read_segments,
            {
                Cause.NEURONS_MERGED: segmentation.neurons_merged,
                Cause.PARTNER_IN_BACKGROUND: segmentation.partner_in_background,
                Cause.PARTNER_SPLIT: segmentation.partner_split,
            },
        ),
        Stage.CONTACT: StageRules(
            contact.read_contact,
            {
                Cause.NO_CONTACT: contact.no_contact,
                Cause.CONTACT_TOO_SMALL: contact.contact_too_small,
            },
        ),
        Stage.ASSIGNMENT: StageRules(
            assignment.read_rows,
            {
                Cause.REVERSED: assignment.reversed_,
                Cause.BELOW_SCORE: assignment.below_score,
                Cause.DROPPED: assignment.dropped,
                Cause.WRONG_PARTNER: assignment.wrong_partner,
                Cause.BELOW_OVERLAP: assignment.below_overlap,
            },
        ),
        Stage.EVALUATION: StageRules(
            evaluation.read_match,
            {
                Cause.BEYOND_TOLERANCE: evaluation.beyond_tolerance,
                Cause.OUTSIDE_BOX: evaluation.outside_box,
                Cause.LOST_IN_MATCHING: evaluation.lost_in_matching,
            },
        ),
    }
)

FALSE: Mapping[Stage, StageRules] = MappingProxyType(
    {
        Stage.GROUND_TRUTH: StageRules(
            ground_truth.read_surroundings,
            {Cause.GT_PROBABLY_MISSING: ground_truth.probably_missing},
        ),
        Stage.CLASSIFIER: StageRules(
            classifier.read_false_signal, {Cause.FALSE_SIGNAL: classifier.false_signal}
        ),
        Stage.CANDIDATE: StageRules(
            candidate.read_own_candidate,
            {
                Cause.SPLIT_CANDIDATE: candidate.split,
                Cause.MERGED_CANDIDATE: candidate.merged,
            },
        ),
        Stage.SEGMENTATION: StageRules(
            segmentation.read_predicted_segments,
            {
                Cause.PARTNER_SPLIT: segmentation.false_by_split,
                Cause.NEURONS_MERGED: segmentation.false_by_merge,
            },
        ),
        Stage.CONTACT: StageRules(
            contact.read_predicted_contact, {Cause.CONTACT_LEAKS: contact.contact_leaks}
        ),
        Stage.ASSIGNMENT: StageRules(
            assignment.read_predicted_row,
            {
                Cause.REVERSED: assignment.false_reversed,
                Cause.EXTRA_PARTNER: assignment.extra_partner,
                Cause.WRONG_PARTNER: assignment.false_wrong_partner,
            },
        ),
        Stage.EVALUATION: StageRules(
            evaluation.read_match,
            {
                Cause.BEYOND_TOLERANCE: evaluation.beyond_tolerance,
                Cause.OUTSIDE_BOX: evaluation.outside_box,
                Cause.LOST_IN_MATCHING: evaluation.lost_in_matching,
            },
        ),
    }
)


def _was_matched(_case: Case) -> Reading:
    return passed("The synapse was found and matched; only its kind differs.")


def _kind_was_lost(_case: Case) -> Reading:
    return failed("The kind of the match is another one.")


MISTYPED: Mapping[Stage, StageRules] = MappingProxyType(
    {
        Stage.GROUND_TRUTH: StageRules(_was_matched, {}),
        Stage.CLASSIFIER: StageRules(
            classifier.read_signal, {Cause.WRONG_CLASS: classifier.wrong_class}
        ),
        Stage.CANDIDATE: StageRules(_was_matched, {}),
        Stage.SEGMENTATION: StageRules(_was_matched, {}),
        Stage.CONTACT: StageRules(_was_matched, {}),
        Stage.ASSIGNMENT: StageRules(_kind_was_lost, {Cause.WRONG_KIND: assignment.wrong_kind}),
        Stage.EVALUATION: StageRules(_was_matched, {}),
    }
)

RULES: Mapping[ErrorKind, Mapping[Stage, StageRules]] = MappingProxyType(
    {ErrorKind.MISSED: MISSED, ErrorKind.FALSE: FALSE, ErrorKind.MISTYPED: MISTYPED}
)
