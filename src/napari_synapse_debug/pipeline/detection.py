"""How well the clefts of annotated boxes are found, at each threshold and smallest size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.roles import ClassSpec
from napari_synapse_debug.evaluate import (
    OverlapCounts,
    match_overlap,
    merge_overlaps,
    overlap_counts_in_block,
)
from napari_synapse_debug.pipeline.annotated_box import AnnotatedBox
from napari_synapse_debug.pipeline.instances import label_instances
from napari_synapse_debug.predict import Predictor
from napari_synapse_debug.synapses import find_candidates


@dataclass(frozen=True, eq=False)
class JudgedBox:
    """Prediction and truth of the clefts in one box.

    Parameters
    ----------
    probability : array
        (C, z, y, x) uint8, 255 for 1, a channel for each of ``classes``.
    clefts : array
        (z, y, x) uint64 instance ids, or one id for all, in which case connected pieces are
        the instances.
    grid : Grid
        Of the box.
    classes : tuple of ClassSpec
        At least one of them marks synapses.
    """

    probability: NDArray[np.uint8]
    clefts: NDArray[np.uint64]
    grid: Grid
    classes: tuple[ClassSpec, ...]


def predict_annotated(predictor: Predictor, found: AnnotatedBox) -> NDArray[np.uint8]:
    """Probabilities (class, z, y, x) uint8 of a box; 0 where the class is to be ignored."""
    raw = found.box.raw
    shape = found.grid.shape
    out = np.zeros((len(predictor.plan.classes), *shape), np.uint8)
    for block in Box.of_shape(shape).blocks(predictor.choose_block(shape)):
        out[(slice(None), *block.slices)] = predictor.predict_box(raw, block)
    for number, spec in enumerate(predictor.plan.classes):
        ignored = found.box.ignored.get(spec.name)
        if ignored is not None:
            out[number][ignored] = 0
    return out


def judge_boxes(
    boxes: Sequence[AnnotatedBox],
    probabilities: Sequence[NDArray[np.uint8]],
    classes: Sequence[ClassSpec],
) -> list[JudgedBox]:
    """Those of ``boxes`` in which all classes of synapses were annotated, with their prediction."""
    return [
        JudgedBox(probability, found.clefts, found.grid, tuple(classes))
        for found, probability in zip(boxes, probabilities, strict=True)
        if found.clefts is not None
    ]


def cleft_sizes(boxes: Sequence[JudgedBox]) -> NDArray[np.int64]:
    """Voxels of each true cleft of all boxes: (N,) int64."""
    sizes = [np.zeros(0, np.int64)]
    for box in boxes:
        clefts = label_instances(box.clefts)
        sizes.append(np.unique(clefts[clefts > 0], return_counts=True)[1])
    return np.concatenate(sizes)


def count_detections(
    boxes: Sequence[JudgedBox], thresholds: Sequence[float], min_sizes_vx: Sequence[int]
) -> pd.DataFrame:
    """Clefts found, false and missed (rule ``overlap``, conservative) over all boxes.

    Returns
    -------
    DataFrame
        A row for each threshold and smallest size: ``threshold, min_size_vx, tp, fp, fn, f1``.
        F1 is 0 where there is neither truth nor prediction.
    """
    truths = [label_instances(box.clefts) for box in boxes]
    rows = []
    for threshold in thresholds:
        found = [_overlaps(box, truth, threshold) for box, truth in zip(boxes, truths, strict=True)]
        for least in min_sizes_vx:
            rows.append({"threshold": threshold, "min_size_vx": least, **_count(found, least)})
    table = pd.DataFrame(rows)
    wrong = table["fp"] + table["fn"]
    return table.assign(f1=2 * table["tp"] / (2 * table["tp"] + wrong).clip(lower=1))


def _overlaps(
    box: JudgedBox, truth: NDArray[np.uint64], threshold: float
) -> tuple[OverlapCounts, pd.Series]:
    """What candidates and true clefts share, and the size of each candidate."""
    labels, candidates = find_candidates(box.probability, box.grid, box.classes, threshold, 0)
    sizes = candidates.set_index("candidate")["size_vx"]
    return overlap_counts_in_block(labels, truth), sizes


def _count(found: Sequence[tuple[OverlapCounts, pd.Series]], least: int) -> dict[str, int]:
    total = {"tp": 0, "fp": 0, "fn": 0}
    for counts, sizes in found:
        kept = sizes.index[sizes >= least].to_numpy()
        predicted = np.where(np.isin(counts.predicted, kept), counts.predicted, 0)
        match = match_overlap(merge_overlaps([replace(counts, predicted=predicted)]))
        total["tp"] += len(match.pairs)
        total["fp"] += len(match.false)
        total["fn"] += len(match.missed)
    return total
