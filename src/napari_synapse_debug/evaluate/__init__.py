"""Evaluation: how well predicted synapses agree with the ground truth.

``judge_ids`` → ``match_synapses`` → ``score`` compare rows; ``match_clefts`` and
``score_clefts`` detection alone; ``match_overlap`` and ``score_overlap`` clefts as objects.
"""

from napari_synapse_debug.evaluate.admission import REFUSALS
from napari_synapse_debug.evaluate.clefts import match_clefts, score_clefts, true_clefts
from napari_synapse_debug.evaluate.identity import Identities, judge_ids
from napari_synapse_debug.evaluate.matching import match_synapses
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
from napari_synapse_debug.evaluate.segments import look_up_segments

__all__ = [
    "REFUSALS",
    "Curve",
    "CurvePoint",
    "EdgeCount",
    "Evaluation",
    "Identities",
    "KindRate",
    "OverlapCounts",
    "OverlapMatch",
    "judge_ids",
    "look_up_segments",
    "match_clefts",
    "match_in_box",
    "match_overlap",
    "match_synapses",
    "merge_overlaps",
    "overlap_counts_in_block",
    "score",
    "score_clefts",
    "score_overlap",
    "true_clefts",
]
