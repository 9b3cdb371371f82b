"""Review: what people hold the findings for, and what follows from it.

A journal of actions → ``replay`` → who said what → ``find_again`` in the run that is open →
``settle`` → corrected truth, places to train on, agreement and progress of the reviewers.
"""

from napari_synapse_debug.review.agreement import agreement, cohen_kappa
from napari_synapse_debug.review.correction import (
    check_row,
    correct_truth,
    corrected_rows,
    has_row,
    new_row,
)
from napari_synapse_debug.review.history import in_order, next_redo, next_undo, standing
from napari_synapse_debug.review.packages import chunks_around, crop_boxes, rows_meeting
from napari_synapse_debug.review.places import hard_places
from napari_synapse_debug.review.progress import progress
from napari_synapse_debug.review.rekeying import (
    REKEY_NM,
    FindingIndex,
    LookUp,
    find_again,
    once_per_point,
)
from napari_synapse_debug.review.settling import Standing, count_holding, settle
from napari_synapse_debug.review.state import ReviewState, replay
from napari_synapse_debug.review.uncertainty import uncertain_boxes

__all__ = [
    "REKEY_NM",
    "FindingIndex",
    "LookUp",
    "ReviewState",
    "Standing",
    "agreement",
    "check_row",
    "chunks_around",
    "cohen_kappa",
    "correct_truth",
    "corrected_rows",
    "count_holding",
    "crop_boxes",
    "find_again",
    "hard_places",
    "has_row",
    "in_order",
    "new_row",
    "next_redo",
    "next_undo",
    "once_per_point",
    "progress",
    "replay",
    "rows_meeting",
    "settle",
    "standing",
    "uncertain_boxes",
]
