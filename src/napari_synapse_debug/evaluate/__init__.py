"""Evaluation: how well predicted synapses agree with the ground truth.

``judge_ids`` → ``match_synapses`` → ``score`` compare rows; ``match_clefts`` and
``score_clefts`` detection alone; ``match_overlap`` and ``score_overlap`` clefts as objects.
``compare_rows`` sets two runs against each other.
"""

from napari_synapse_debug.evaluate.admission import REFUSALS
from napari_synapse_debug.evaluate.agreement import check_same_space
from napari_synapse_debug.evaluate.clefts import (
    kept_candidates,
    match_clefts,
    score_clefts,
    true_clefts,
)
from napari_synapse_debug.evaluate.comparison import CHANGES, RunSide, compare_rows
from napari_synapse_debug.evaluate.counting import check_counted
from napari_synapse_debug.evaluate.identity import Identities, judge_ids
from napari_synapse_debug.evaluate.matching import ROW_RULES, match_synapses
from napari_synapse_debug.evaluate.overlap import (
    OverlapCounts,
    OverlapMatch,
    match_in_box,
    match_overlap,
    merge_overlaps,
    overlap_counts_in_block,
    score_overlap,
)
from napari_synapse_debug.evaluate.results import Curve, CurvePoint, EdgeCount, Evaluation, KindRate
from napari_synapse_debug.evaluate.score import score
from napari_synapse_debug.evaluate.segments import cremi_look_up, look_up_segments, missing_segments
from napari_synapse_debug.evaluate.significance import (
    Change,
    f1_difference,
    false_change,
    mcnemar,
    truth_change,
)

__all__ = [
    "CHANGES",
    "REFUSALS",
    "ROW_RULES",
    "Change",
    "Curve",
    "CurvePoint",
    "EdgeCount",
    "Evaluation",
    "Identities",
    "KindRate",
    "OverlapCounts",
    "OverlapMatch",
    "RunSide",
    "check_counted",
    "check_same_space",
    "compare_rows",
    "cremi_look_up",
    "f1_difference",
    "false_change",
    "judge_ids",
    "kept_candidates",
    "look_up_segments",
    "match_clefts",
    "match_in_box",
    "match_overlap",
    "match_synapses",
    "mcnemar",
    "merge_overlaps",
    "missing_segments",
    "overlap_counts_in_block",
    "score",
    "score_clefts",
    "score_overlap",
    "true_clefts",
    "truth_change",
]
