"""The operating point of a model: threshold and smallest size, chosen on annotated boxes."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
import pandas as pd
from pydantic import Field

from napari_synapse_debug.domain.params import Params
from napari_synapse_debug.io import read_json
from napari_synapse_debug.io.model_files import PLAN
from napari_synapse_debug.pipeline.detection import JudgedBox, cleft_sizes, count_detections
from napari_synapse_debug.pipeline.work import Work

THRESHOLDS = tuple(round(0.05 * k, 2) for k in range(4, 19))
SIZE_SHARES = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3)
"""Smallest sizes tried, as shares of the median size of a true cleft."""

UP_THE_PLATEAU = 2 / 3
"""How far up the thresholds that are as good as the best one is taken."""

ENOUGH_CLEFTS = 15
"""With so many clefts the validation boxes alone decide."""


class Calibration(Params):
    """Threshold and smallest size, with the score that they reached and where.

    ``min_size_vx`` counts voxels of the size that the model learnt.
    """

    threshold: float = Field(ge=0, le=1)
    min_size_vx: int = Field(ge=0)
    f1: float
    rule: str = "overlap, conservative"
    boxes: str = "training"
    n_clefts: int = 0


def calibration_of(work: Work) -> Calibration | None:
    """That of the run's model, its smallest size in voxels of the project; None without one.

    A model that was imported may have learnt voxels of another size: as many of the project's
    count as fill the same space.
    """
    path, plan = work.model_folder / "calibration.json", work.model_folder / PLAN
    if not path.exists():
        return None
    found = Calibration.build(**read_json(path))
    if not plan.exists():
        return found
    learnt = read_json(plan)["voxel_size_nm"]  # as a file: a plan is not read without torch
    ratio = prod(learnt) / prod(work.project.raw().grid.voxel_size_nm)
    return found.model_copy(update={"min_size_vx": round(found.min_size_vx * ratio)})


def calibrate(validation: Sequence[JudgedBox], training: Sequence[JudgedBox]) -> Calibration:
    """A threshold and size as good as those with the best cleft F1 (``overlap``, conservative).

    The validation boxes alone decide where they hold ``ENOUGH_CLEFTS``, else both together: a
    few clefts say less than many that were learnt.

    The thresholds that cannot be told from the best by these clefts (within one standard error,
    as in Breiman et al., Classification and Regression Trees, 1984, 3.4.3) are a plateau. A
    network is surer in the box that it learnt than elsewhere, where it makes more false
    candidates, so the threshold is taken two thirds up the plateau; not at its top, where
    clefts fall apart. Of the sizes that are worse than the best one at this threshold by no more
    than one lost cleft it is that with the fewest errors, the middle one of several: a larger one
    would lose small clefts elsewhere, a smaller one let specks pass.

    Parameters
    ----------
    validation, training : sequence of JudgedBox
        Boxes from which nothing was learnt, and the others. One of them may be empty.
    """
    used = list(validation)
    is_enough = len(cleft_sizes(validation)) >= ENOUGH_CLEFTS
    if not is_enough:
        used += training
    sizes = cleft_sizes(used)
    median = float(np.median(sizes)) if len(sizes) else 0.0
    minima = sorted({round(share * median) for share in SIZE_SHARES})
    chosen = _most_robust(count_detections(used, THRESHOLDS, minima), len(sizes))
    kinds = {"validation": validation, "training": [] if is_enough else training}
    return Calibration(
        threshold=float(chosen["threshold"]),
        min_size_vx=int(chosen["min_size_vx"]),
        f1=float(chosen["f1"]),
        boxes=" and ".join(name for name, boxes in kinds.items() if boxes),
        n_clefts=len(sizes),
    )


def _most_robust(table: pd.DataFrame, n_clefts: int) -> pd.Series:
    best = float(table["f1"].max())
    error = (best * (1 - best) / max(n_clefts, 1)) ** 0.5
    good = table[table["f1"] >= best - error]
    plateau = np.unique(good["threshold"])
    threshold = plateau[round(UP_THE_PLATEAU * (len(plateau) - 1))]
    at_threshold = table[table["threshold"] == threshold]
    return fewest_errors(at_threshold.sort_values("min_size_vx"))


def fewest_errors(sizes: pd.DataFrame) -> pd.Series:
    """Of the rows of one threshold (``count_detections``, sizes rising) the one to choose.

    ``calibrate`` says how; at least one row.
    """
    best = sizes.sort_values("f1").iloc[-1]
    found, wrong = best["tp"] - 1, best["fp"] + best["fn"] + 1
    good = sizes[sizes["f1"] >= 2 * found / max(2 * found + wrong, 1)]
    errors = good["fp"] + good["fn"]
    fewest = good[errors == errors.min()]
    chosen: pd.Series = fewest.iloc[(len(fewest) - 1) // 2]
    return chosen
