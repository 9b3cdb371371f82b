"""A part of the run done again, with oracles in the place of some stages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import KDTree

from napari_synapse_debug.diagnose.case import Case, candidate_box
from napari_synapse_debug.diagnose.derived import derived_segmentation
from napari_synapse_debug.diagnose.evidence import Stages
from napari_synapse_debug.diagnose.oracles import (
    bridged_segmentation,
    cut_leaks,
    perfect_candidates,
    perfect_probability,
    true_rows,
)
from napari_synapse_debug.diagnose.outcomes import Outcomes
from napari_synapse_debug.diagnose.scene import Scene
from napari_synapse_debug.diagnose.survey import Survey, box_around
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.params import EvaluateParams
from napari_synapse_debug.domain.records import AXES, PREDICTION, point_columns
from napari_synapse_debug.domain.stages import Stage

Oracles = frozenset[Stage]

BESIDE_NM = 100.0
"""Candidates this near to an error are done again, too."""

MOST_VOXELS = 50_000_000
"""Largest crop that is done again for one error."""


@dataclass(frozen=True)
class Part:
    """A part of the run that is done again.

    Parameters
    ----------
    scene : Scene
        What is read.
    core : Box
        Candidates that lie in it are done again; all that is measured around them lies in the
        scene.
    """

    scene: Scene
    core: Box


@dataclass(frozen=True)
class Rerun:
    """What came out: the rows around the error, and their matches.

    Parameters
    ----------
    truth, prediction, matches : DataFrame
        The truth rows and the new predictions of the matching components that were touched.
    new_rows : set of int
        Ids of the predictions that were made anew.
    """

    truth: pd.DataFrame
    prediction: pd.DataFrame
    matches: pd.DataFrame
    new_rows: frozenset[int]

    @cached_property
    def outcomes(self) -> Outcomes:
        """Which rows are found, missed and false now."""
        return Outcomes.of(self.matches)


def can_rerun(case: Case, stage: Stage) -> bool:
    """Whether there is an oracle for this stage, with the data that it needs."""
    evidence = case.survey.evidence
    return not (
        stage is Stage.GROUND_TRUTH or evidence.probability is None or evidence.segmentation is None
    )


def rerun_part(case: Case) -> Part | None:
    """The part that is done again: the zone and the touched candidates, and what they need.

    None where that is more than ``MOST_VOXELS``, as a candidate that fills half of the volume
    makes it.
    """
    survey, stages = case.survey, case.survey.tools.stages
    if stages is None:
        return None
    grid = survey.evidence.grid
    core = box_of_error(case, BESIDE_NM)
    box = core.grow(stages.margin_vx(grid), within=grid.box)
    return None if box.size > MOST_VOXELS else Part(Scene(survey, box), core)


def box_of_error(case: Case, margin_nm: float) -> Box:
    """The points of an error, its zone and the candidates it touches, and a margin around them.

    With the points of all rows of the zone, so that it is the same box for all errors there.
    """
    survey = case.survey
    grid, places = survey.evidence.grid, []
    places += list(survey.truth.ends_nm[case.truths_in_zone].reshape(-1, 3))
    if case.zone:
        places += list(survey.prediction.ends_nm[case.rows_in_zone].reshape(-1, 3))
    for rows, at in ((survey.truth, case.truth), (survey.prediction, case.prediction)):
        if at is not None:
            places += list(rows.ends_nm[at])
    zone = np.argwhere(case.in_zone)
    if len(zone):
        places += list(case.scene.grid.to_nm([zone.min(axis=0), zone.max(axis=0)]))
    touched = {*case.candidates_in_zone, case.own_candidate}
    for box in (candidate_box(survey, k) for k in touched if k):
        if box is not None:
            places += list(grid.to_nm([box.start, tuple(b - 1 for b in box.stop)]))
    return box_around(places, margin_nm, survey.evidence)


def rerun(part: Part, stages: Stages, oracles: Oracles) -> Rerun:
    """Everything from the classifier's output on, in a part, with ``oracles`` in place.

    New rows replace those of the run whose candidate lies in the core; rows of others stay as
    they are. All matching components
    that hold a changed row are matched again, so the result is that of the whole volume.
    """
    survey = part.scene.survey
    new = rows_in_part(part, stages, oracles)
    kept = survey.evidence.prediction[~is_redone(survey, part.core)]
    first = int(survey.prediction.row.max(initial=0)) + 1
    new = new.assign(row=np.arange(first, first + len(new)))
    held = [table for table in (kept, new) if len(table)]
    prediction = pd.concat(held, ignore_index=True) if held else survey.evidence.prediction[:0]
    truth, prediction = _touched(survey, part.scene, prediction)
    params = evaluate_params(survey, oracles)
    return Rerun(
        truth=truth,
        prediction=prediction,
        matches=stages.match(truth, prediction, params),
        new_rows=frozenset(new["row"].to_list()),
    )


def rows_in_part(part: Part, stages: Stages, oracles: Oracles) -> pd.DataFrame:
    """The predictions whose candidate lies in the core."""
    scene = part.scene
    probability: NDArray[np.uint8] = (
        perfect_probability(scene) if Stage.CLASSIFIER in oracles else np.asarray(scene.probability)
    )
    labels, candidates = (
        perfect_candidates(scene, probability)
        if Stage.CANDIDATE in oracles
        else stages.candidates(probability, scene.grid)
    )
    whole = candidates[_is_in_core(part, candidates)]
    segmentation = _segmentation(scene, oracles)
    mends_contact = Stage.CONTACT in oracles
    touching = bridged_segmentation(scene, segmentation) if mends_contact else segmentation
    pairs = stages.pairs(
        labels, whole[whole["is_kept"]], touching, probability, scene.grid, any_area=mends_contact
    )
    if mends_contact:
        pairs = cut_leaks(scene, pairs, labels)
    rows = stages.place(pairs, whole)
    if Stage.ASSIGNMENT in oracles:
        rows = true_rows(scene, rows, pairs, labels, segmentation)
    return rows[list(PREDICTION)]


def _segmentation(scene: Scene, oracles: Oracles) -> NDArray[Any]:
    """The segmentation in use, the true one, or for want of that one derived from the truth."""
    if Stage.SEGMENTATION not in oracles:
        return np.asarray(scene.segmentation)
    if scene.true_segmentation is not None:
        return scene.true_segmentation
    return derived_segmentation(scene)


def _is_in_core(part: Part, candidates: pd.DataFrame) -> NDArray[np.bool_]:
    """Which candidates of the scene lie in the core."""
    origin = np.asarray(part.scene.box.start, dtype=np.int64)
    start = candidates[[f"start_{axis}" for axis in AXES]].to_numpy(np.int64)
    stop = candidates[[f"stop_{axis}" for axis in AXES]].to_numpy(np.int64)
    return _is_inside(start + origin, stop + origin, part.core)


def is_redone(survey: Survey, core: Box) -> NDArray[np.bool_]:
    """Which rows of the run have a candidate that lies in the core."""
    table = survey.candidates
    if table is None:
        return np.zeros(len(survey.prediction.row), dtype=bool)
    inside = _is_inside(table.start_vx, table.stop_vx, core)
    ids = np.asarray(list(table.position), dtype=np.int64)
    return np.isin(survey.candidate, ids[inside])


def _is_inside(start: NDArray[np.int64], stop: NDArray[np.int64], core: Box) -> NDArray[np.bool_]:
    """Which boxes lie in the core."""
    return np.asarray(((start >= core.start) & (stop <= core.stop)).all(axis=1))


def _touched(
    survey: Survey, scene: Scene, prediction: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of all matching components that reach into the crop.

    Clefts within the tolerance of each other are linked; the components of these links hold
    those of the admissible pairs.
    """
    reach = evaluate_params(survey, frozenset({Stage.EVALUATION})).tolerance_nm
    truth = survey.evidence.truth
    places = np.concatenate(
        [table[point_columns("cleft")].to_numpy(np.float64) for table in (truth, prediction)]
    )
    low, high = scene.grid.to_nm([(0, 0, 0), tuple(n - 1 for n in scene.grid.shape)])
    chosen = ((places >= low) & (places <= high)).all(axis=1)
    tree = KDTree(places) if len(places) else None
    fresh = np.flatnonzero(chosen)
    while tree is not None and len(fresh):
        near = np.unique(np.concatenate(tree.query_ball_point(places[fresh], reach)).astype(int))
        fresh = near[~chosen[near]]
        chosen[fresh] = True
    return truth[chosen[: len(truth)]], prediction[chosen[len(truth) :]]


def evaluate_params(survey: Survey, oracles: Oracles) -> EvaluateParams:
    """The run's parameters; the tolerance doubled and no border for the evaluation's oracle.

    A judge that looks ids up in the segmentation in use follows it to the true one.
    """
    params = survey.evidence.evaluate
    changes: dict[str, Any] = {}
    if Stage.EVALUATION in oracles:
        changes |= {"tolerance_nm": 2 * params.tolerance_nm, "margin_nm": None, "border_nm": 0.0}
    if Stage.SEGMENTATION in oracles and survey.evidence.judge in ("in_use", "column"):
        changes["judge"] = "gt"
    return params.model_copy(update=changes)
