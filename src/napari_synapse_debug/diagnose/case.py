"""One error and what surrounds it: the crops that its rules look at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.diagnose.scene import Pair, Scene
from napari_synapse_debug.diagnose.survey import Survey, box_around
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.stages import ErrorKind

VIEW_NM = 1000.0
"""Farthest that is looked around a cleft point, however long a candidate is."""


@dataclass(frozen=True)
class Case:
    """One error.

    Parameters
    ----------
    error : ErrorKind
    scene : Scene
        What surrounds it.
    truth, prediction : int or None
        Positions in the tables; a mistyped one has both.
    zone : int
        Key of the true cleft in question; 0: the candidate lies in no zone.
    """

    error: ErrorKind
    scene: Scene
    truth: int | None
    prediction: int | None
    zone: int

    @property
    def survey(self) -> Survey:
        """The run."""
        return self.scene.survey

    @property
    def truth_at(self) -> int:
        """Position of the truth row; only a missed or mistyped synapse has one."""
        if self.truth is None:
            raise LookupError("a false prediction has no truth row")
        return self.truth

    @property
    def truth_row(self) -> int:
        """Id of the truth row; only a missed or mistyped synapse has one."""
        return int(self.survey.truth.row[self.truth_at])

    @property
    def prediction_at(self) -> int:
        """Position of the prediction; only a false or mistyped synapse has one."""
        if self.prediction is None:
            raise LookupError("a missed synapse has no prediction")
        return self.prediction

    @cached_property
    def in_zone(self) -> NDArray[np.bool_]:
        """The voxels of the zone; none if there is no zone."""
        return np.asarray((self.scene.zones.grown == self.zone) & (self.zone != 0))

    @cached_property
    def truths_in_zone(self) -> NDArray[np.int64]:
        """Positions of the truth rows of this zone."""
        if self.zone == 0:
            return np.zeros(0, dtype=np.int64)
        return np.flatnonzero(self.survey.cleft_key == self.zone)

    @cached_property
    def candidates_in_zone(self) -> dict[int, int]:
        """Candidates with voxels in the zone, with their number there, the largest first."""
        if self.scene.labels is None:
            return {}
        ids, sizes = np.unique(self.scene.labels[self.in_zone], return_counts=True)
        found = [(int(k), int(n)) for k, n in zip(ids, sizes, strict=True) if k]
        return dict(sorted(found, key=lambda item: (-item[1], item[0])))

    @cached_property
    def kept_in_zone(self) -> list[int]:
        """Those of ``candidates_in_zone`` that passed the size filter."""
        return [k for k in self.candidates_in_zone if self.is_kept(k)]

    def is_kept(self, candidate: int) -> bool:
        """Whether a candidate passed the size filter; without a table, yes."""
        table = self.survey.candidates
        at = None if table is None else table.position.get(candidate)
        return table is None or at is None or bool(table.is_kept[at])

    @cached_property
    def peak(self) -> float:
        """Strongest probability of a synapse class in the zone; NaN without a prediction."""
        if self.scene.synapse is None or not self.in_zone.any():
            return float("nan")
        return float(self.scene.synapse[self.in_zone].max())

    @property
    def is_seen(self) -> bool:
        """Whether the probability in the zone is enough for a candidate, whatever its size.

        Under a ``high_threshold`` that may have been reached outside of the zone.
        """
        evidence = self.survey.evidence
        if not self.peak >= evidence.threshold:
            return False
        high = evidence.high_threshold
        if high is None or self.peak >= high or self.scene.labels is None:
            return True
        return bool(self.candidates_in_zone)

    @cached_property
    def true_pair(self) -> Pair | None:
        """Segments in use at the truth's pre and post; None if not known."""
        return _pair(self.survey.truth.in_use, self.truth)

    @cached_property
    def true_gt_pair(self) -> Pair | None:
        """Segments of the ground truth's segmentation at the truth's pre and post."""
        return _pair(self.survey.truth.in_gt, self.truth)

    @cached_property
    def predicted_pair(self) -> Pair | None:
        """Segments in use of the predicted pre and post."""
        return _pair(self.survey.prediction.in_use, self.prediction)

    @cached_property
    def own_candidate(self) -> int:
        """The candidate of the prediction; 0 without one."""
        return 0 if self.prediction is None else int(self.survey.candidate[self.prediction])

    @cached_property
    def own_zone(self) -> int:
        """The zone that the prediction's cleft point lies in; 0: none, or no prediction."""
        if self.prediction is None:
            return 0
        index = self.scene.grid.to_index(self.survey.prediction.ends_nm[self.prediction, 1])
        inside = index[self.scene.grid.box.contains(index)]
        return int(self.scene.zones.grown[tuple(inside.T)].sum())

    @cached_property
    def rows_in_zone(self) -> NDArray[np.int64]:
        """Positions of the predictions whose candidate has voxels in the zone.

        Without the candidates' voxels, those with their cleft point there, and the one that was
        refused against this truth and matches no other.
        """
        if self.scene.labels is not None:
            return np.flatnonzero(np.isin(self.survey.candidate, list(self.candidates_in_zone)))
        cleft = self.survey.prediction.ends_nm[:, 1]
        index = self.scene.grid.to_index(cleft)
        is_here = self.scene.grid.box.contains(index)
        is_here[is_here] = self.in_zone[tuple(index[is_here].T)]
        refused = 0 if self.truth is None else self.survey.refused_with.get(self.truth_row, 0)
        if refused not in self.survey.matched_truth:
            is_here |= self.survey.prediction.row == refused
        return np.flatnonzero(is_here)

    def match(self) -> pd.Series[Any]:
        """The error's row in the table of matches."""
        survey = self.survey
        if self.truth is not None:
            at = survey.match_of_truth[self.truth_row]
        else:
            at = survey.match_of_prediction[int(survey.prediction.row[self.prediction_at])]
        found: pd.Series[Any] = survey.evidence.matches.iloc[at]
        return found


def missed_case(survey: Survey, truth: int, error: ErrorKind = ErrorKind.MISSED) -> Case:
    """The case of a truth row that has no match, or one of another kind."""
    ends = survey.truth.ends_nm[truth]
    view = box_around([ends[1]], VIEW_NM, survey.evidence)
    box = box_around(ends, _half_nm(survey), survey.evidence).intersect(view)
    scene = Scene(survey, box)
    prediction = None
    if error is ErrorKind.MISTYPED:
        row = survey.matched_prediction[int(survey.truth.row[truth])]
        prediction = survey.prediction.at(row)
    return Case(error, scene, truth, prediction, int(survey.cleft_key[truth]))


def false_case(survey: Survey, prediction: int) -> Case:
    """The case of a prediction that has no match; its zone is the one it fills most."""
    centre = survey.prediction.ends_nm[prediction, 1]
    around = [centre]
    held = candidate_box(survey, int(survey.candidate[prediction]))
    if held is not None:
        around += list(survey.evidence.grid.to_nm([held.start, tuple(b - 1 for b in held.stop)]))
    view = box_around([centre], VIEW_NM, survey.evidence)
    box = box_around(around, survey.params.reach_nm, survey.evidence).intersect(view)
    scene = Scene(survey, box)
    return Case(ErrorKind.FALSE, scene, None, prediction, _zone_of(scene, prediction))


def candidate_box(survey: Survey, candidate: int) -> Box | None:
    """The box of a candidate; None if it is in no table."""
    return None if survey.candidates is None else survey.candidates.box(candidate)


def _half_nm(survey: Survey) -> float:
    params = survey.params
    return max(2 * (params.oracle_radius_nm + params.zone_growth_nm), params.reach_nm)


def _zone_of(scene: Scene, prediction: int) -> int:
    """The zone with most of the prediction's candidate; without labels that of its cleft point."""
    survey = scene.survey
    candidate = int(survey.candidate[prediction])
    if scene.labels is not None and candidate:
        zones = scene.zones.grown[scene.labels == candidate]
    else:
        index = scene.grid.to_index(survey.prediction.ends_nm[prediction, 1])
        index = index[scene.grid.box.contains(index)]
        zones = scene.zones.grown[tuple(index.T)]
    keys, sizes = np.unique(zones[zones != 0], return_counts=True)
    return int(keys[np.argmax(sizes)]) if len(keys) else 0


def _pair(ids: NDArray[np.uint64] | None, at: int | None) -> Pair | None:
    if ids is None or at is None:
        return None
    return int(ids[at, 0]), int(ids[at, 1])
