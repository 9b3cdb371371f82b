"""Which fault makes which cause in a finished run: one row a cause."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from napari_synapse_debug.domain.stages import Cause, ErrorKind
from napari_synapse_debug.simulate import found_faults as synapse
from napari_synapse_debug.simulate import segmentation_faults as segmentation
from napari_synapse_debug.simulate import signal_faults as signal
from napari_synapse_debug.simulate import truth_faults as truth
from napari_synapse_debug.simulate.found import Found
from napari_synapse_debug.simulate.place import Change


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
            _MISSED,
            _TRUTH,
            synapse.stray_post,
            "Post's point lies in a neuron that is not at the cleft.",
        ),
        Cause.GT_DUPLICATE: RunFault(
            _MISSED, _TRUTH, lambda f: truth.repeat_row(f.place), "The row is there twice."
        ),
        Cause.GT_PROBABLY_MISSING: RunFault(
            _FALSE, _TRUTH, synapse.forget_found, "The truth lacks a synapse that is there."
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
            synapse.join_candidates,
            "A bridge of signal joins two clefts.",
            "two synapses of other neurons within 400 nm",
        ),
        Cause.SPLIT_CANDIDATE: RunFault(
            _FALSE,
            _PREDICTION,
            synapse.part_candidate,
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
            synapse.part_partner,
            "The sheet of post at the cleft is a fragment of its own.",
            "the judge in_use",
        ),
        Cause.NO_CONTACT: RunFault(
            _MISSED,
            _SEGMENTATION,
            lambda f: segmentation.open_gap(f.place, synapse.gap_nm(f), f.zone),
            "A gap of background parts pre and post at the cleft.",
        ),
        Cause.CONTACT_TOO_SMALL: RunFault(
            _MISSED,
            _SEGMENTATION,
            synapse.leave_small_contact,
            "A gap parts pre and post but for a small window.",
            "contacts.min_area_nm2 above 0",
        ),
        Cause.CONTACT_LEAKS: RunFault(
            _FALSE,
            _PREDICTION,
            synapse.leak_to_third,
            "The signal reaches on to another neuron's contact.",
            "synapses.polyadic",
        ),
        Cause.BELOW_OVERLAP: RunFault(
            _MISSED,
            _PREDICTION,
            synapse.shift_off_interface,
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
            _MISSED,
            _TRUTH,
            synapse.name_refused_pair,
            "The truth names another pair at this cleft.",
        ),
        Cause.REVERSED: RunFault(
            _MISSED, _TRUTH, lambda f: truth.flip_row(f.place), "Pre and post are swapped."
        ),
        Cause.DROPPED: RunFault(
            _MISSED,
            "prediction, truth",
            synapse.drop_as_duplicate,
            "Two clefts of one pair lie so near that the second row counts as a duplicate.",
            "candidates shorter than twice synapses.duplicate_nm, and masks of the true clefts",
        ),
        Cause.EXTRA_PARTNER: RunFault(
            _FALSE,
            "both segmentations",
            synapse.part_post,
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
            _MISSED,
            _TRUTH,
            synapse.move_beyond_tolerance,
            "The cleft point lies too far away.",
            "masks of the clefts",
        ),
        Cause.OUTSIDE_BOX: RunFault(
            _FALSE,
            _TRUTH,
            synapse.move_out_of_box,
            "The true cleft point lies outside the box.",
            "evaluate.margin_nm below the tolerance, and masks of the clefts",
        ),
        Cause.LOST_IN_MATCHING: RunFault(
            _MISSED,
            _TRUTH,
            synapse.steal_match,
            "A second row of the pair lies nearer to the prediction.",
            "masks of the clefts",
        ),
    }
)
"""The causes that are planted at a synapse; ``not_predicted`` and ``false_signal`` are not."""
