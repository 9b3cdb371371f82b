"""The run as a whole: rows with their segments, matches by row, and the noise floor."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import KDTree

from napari_synapse_debug.diagnose.candidate_table import CandidateTable
from napari_synapse_debug.diagnose.contact_boxes import ContactBoxes
from napari_synapse_debug.diagnose.evidence import Evidence, Tools
from napari_synapse_debug.diagnose.outcomes import Outcomes
from napari_synapse_debug.diagnose.zones import cleft_keys, find_zones
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.params import DiagnoseParams
from napari_synapse_debug.domain.records import ENDS, point_columns

Ids = NDArray[np.uint64]
NOISE_PLACES = 200
"""Most interfaces at which the noise is measured."""


@dataclass(frozen=True)
class Rows:
    """The rows of a table, by position.

    Parameters
    ----------
    row : (N,) int64
    ends_nm : (N, 3, 3) float64
        Points of pre, cleft and post, zyx, nm.
    kind : (N,) str
    in_use, in_gt : (N, 2) uint64 or None
        Segments of pre and post in the segmentation in use and in the ground truth's.
    """

    row: NDArray[np.int64]
    ends_nm: NDArray[np.float64]
    kind: NDArray[np.object_]
    in_use: Ids | None
    in_gt: Ids | None

    def at(self, row: int) -> int:
        """The position of the row with this id."""
        return int(np.flatnonzero(self.row == row)[0])

    def inside(self, box_nm: tuple[NDArray[np.float64], NDArray[np.float64]]) -> NDArray[np.int64]:
        """Positions of the rows whose cleft point lies in a range of places (nm)."""
        low, high = box_nm
        cleft = self.ends_nm[:, 1]
        return np.flatnonzero(((cleft >= low) & (cleft <= high)).all(axis=1))


@dataclass(frozen=True)
class Survey:
    """Everything that is the same for all errors of a run."""

    evidence: Evidence
    params: DiagnoseParams
    tools: Tools
    truth: Rows
    prediction: Rows
    cleft_key: NDArray[np.int64]
    candidate: NDArray[np.int64]
    contact: NDArray[np.int64]

    @cached_property
    def matched_prediction(self) -> dict[int, int]:
        """Truth row → the prediction row it is matched with."""
        pairs = self._pairs
        return dict(zip(pairs["truth_row"], pairs["prediction_row"], strict=True))

    @cached_property
    def matched_truth(self) -> dict[int, int]:
        """Prediction row → the truth row it is matched with."""
        return {p: t for t, p in self.matched_prediction.items()}

    @cached_property
    def took_part(self) -> tuple[set[int], set[int]]:
        """Truth rows and prediction rows that took part in the matching."""
        matches = self.evidence.matches
        truth = set(matches["truth_row"].dropna().astype(int))
        return truth, set(matches["prediction_row"].dropna().astype(int))

    @cached_property
    def match_of_truth(self) -> dict[int, int]:
        """Truth row → its position in the matches."""
        return _positions(self.evidence.matches["truth_row"])

    @cached_property
    def match_of_prediction(self) -> dict[int, int]:
        """Prediction row → its position in the matches."""
        return _positions(self.evidence.matches["prediction_row"])

    @cached_property
    def refused_with(self) -> dict[int, int]:
        """Missed truth row → the prediction that it was refused against."""
        matches = self.evidence.matches
        refused = matches.loc[
            (matches["outcome"] == "fn") & matches["refused_row"].notna(),
            ["truth_row", "refused_row"],
        ].astype(int)
        return dict(zip(refused["truth_row"], refused["refused_row"], strict=True))

    @property
    def _pairs(self) -> pd.DataFrame:
        return self.evidence.matches[["truth_row", "prediction_row"]].dropna().astype(int)

    @cached_property
    def candidates(self) -> CandidateTable | None:
        """The candidates by id; None without a table."""
        table = self.evidence.candidates
        return None if table is None else CandidateTable.of(table)

    @cached_property
    def outcomes(self) -> Outcomes:
        """Which rows of the run are found, missed and false."""
        return Outcomes.of(self.evidence.matches)

    @cached_property
    def contact_boxes(self) -> ContactBoxes | None:
        """The contacts, ready to be looked up; None where they are not known."""
        table = self.evidence.contacts
        return None if table is None else ContactBoxes.of(table)

    @cached_property
    def median_match(self) -> tuple[float, float] | None:
        """Median score and median candidate peak of the matches; None without any."""
        matches = self.evidence.matches
        rows = matches.loc[matches["outcome"] == "tp", "prediction_row"].astype(int)
        table = self.candidates
        if len(rows) == 0 or table is None:
            return None
        matched = np.isin(self.prediction.row, rows.to_numpy(np.int64))
        known = [table.position.get(int(k)) for k in self.candidate[matched]]
        peaks = table.peak[[at for at in known if at is not None]]
        if len(peaks) == 0:
            return None
        scores = self.evidence.prediction["score"].to_numpy(np.float64)[matched]
        score = float(np.nanmedian(scores)) if np.isfinite(scores).any() else np.nan
        return score, float(np.median(peaks))

    @cached_property
    def noise_peaks(self) -> NDArray[np.float64]:
        """Peaks in balls the size of a zone, on interfaces far from truth; in [0, 1]."""
        evidence, params = self.evidence, self.params
        if evidence.contacts is None or evidence.probability is None:
            return np.zeros(0)
        places = evidence.contacts[point_columns("point")].to_numpy(np.float64)
        places = places[_is_far(places, self.truth.ends_nm[:, 1], evidence.evaluate.tolerance_nm)]
        within = evidence.predicted_box or evidence.grid.box
        places = places[within.contains(evidence.grid.to_index(places))]
        rng = np.random.default_rng(params.seed)
        if len(places) > NOISE_PLACES:
            places = places[np.sort(rng.choice(len(places), NOISE_PLACES, replace=False))]
        return np.asarray([self._peak_around(place, within) for place in places])

    @property
    def noise_floor(self) -> float | None:
        """A peak that only few interfaces far from truth reach; None where it cannot be told."""
        peaks = self.noise_peaks
        return float(np.quantile(peaks, self.params.noise_quantile)) if len(peaks) else None

    def _peak_around(self, place: NDArray[np.float64], within: Box) -> float:
        evidence, params = self.evidence, self.params
        box = box_around(
            [place],
            max(params.oracle_radius_nm, *evidence.grid.voxel_size_nm) + params.zone_growth_nm,
            evidence,
        ).intersect(within)
        values = synapse_probability(evidence, box)
        zone = find_zones(place[None], np.ones(1, np.int64), None, evidence.grid.crop(box), params)
        return float(values[zone.grown > 0].max(initial=0)) / 255.0


def survey_run(evidence: Evidence, params: DiagnoseParams, tools: Tools) -> Survey:
    """The run as a whole, with the segments of all rows looked up once."""
    prediction = evidence.prediction
    columns = prediction[["pre_segment", "post_segment"]].to_numpy(np.uint64)
    truth_columns = evidence.truth[["pre_segment", "post_segment"]].to_numpy(np.uint64)
    in_use = _look_up(evidence, tools, evidence.truth, evidence.segmentation)
    if in_use is None and evidence.judge == "column":
        in_use = truth_columns
    return Survey(
        evidence=evidence,
        params=params,
        tools=tools,
        truth=_rows(
            evidence.truth,
            in_use,
            _look_up(evidence, tools, evidence.truth, evidence.true_segmentation),
        ),
        prediction=_rows(
            prediction,
            columns,
            _look_up(evidence, tools, prediction, evidence.true_segmentation),
        ),
        cleft_key=cleft_keys(evidence.truth),
        candidate=_ids(prediction, "candidate"),
        contact=_ids(prediction, "contact"),
    )


def synapse_probability(evidence: Evidence, box: Box) -> NDArray[np.uint8]:
    """The strongest synapse class in ``box``: (Z, Y, X) uint8; zeros without a synapse class."""
    channels = [k for k, spec in enumerate(evidence.classes) if spec.role.is_synapse]
    if evidence.probability is None or not channels:
        return np.zeros(box.shape, dtype=np.uint8)
    read = [np.asarray(evidence.probability[(k, *box.slices)]) for k in channels]
    return np.asarray(np.max(read, axis=0), dtype=np.uint8)


def box_around(
    points_nm: Iterable[NDArray[np.float64]], margin_nm: float, evidence: Evidence
) -> Box:
    """The voxels that hold all ``points_nm`` and ``margin_nm`` around them, in the volume."""
    grid = evidence.grid
    index = grid.to_index(np.asarray(list(points_nm)))
    index = np.clip(index, 0, np.asarray(grid.shape) - 1)
    z, y, x = index.min(axis=0)
    c, b, a = index.max(axis=0) + 1
    return Box((int(z), int(y), int(x)), (int(c), int(b), int(a))).grow(
        grid.margin_vx(margin_nm), within=grid.box
    )


def _positions(rows: pd.Series[Any]) -> dict[int, int]:
    known = np.flatnonzero(rows.notna())
    return {int(row): int(at) for row, at in zip(rows.iloc[known], known, strict=True)}


def _look_up(
    evidence: Evidence, tools: Tools, table: pd.DataFrame, segmentation: object | None
) -> Ids | None:
    if segmentation is None:
        return None
    snap = evidence.evaluate.snap_nm
    return np.stack(
        [
            tools.look_up(
                table[point_columns(end)].to_numpy(np.float64), segmentation, evidence.grid, snap
            )
            for end in ("pre", "post")
        ],
        axis=1,
    )


def _rows(table: pd.DataFrame, in_use: Ids | None, in_gt: Ids | None) -> Rows:
    ends = [table[point_columns(end)].to_numpy(np.float64) for end in ENDS]
    return Rows(
        row=table["row"].to_numpy(np.int64),
        ends_nm=np.stack(ends, axis=1),
        kind=table["kind"].to_numpy(object),
        in_use=in_use,
        in_gt=in_gt,
    )


def _ids(table: pd.DataFrame, column: str) -> NDArray[np.int64]:
    """A nullable id column, 0 where there is none."""
    return np.asarray(table[column].astype("Int64").fillna(0), dtype=np.int64)


def _is_far(
    places: NDArray[np.float64], cleft_nm: NDArray[np.float64], distance_nm: float
) -> NDArray[np.bool_]:
    if len(cleft_nm) == 0 or len(places) == 0:
        return np.ones(len(places), dtype=bool)
    distances, _ = KDTree(cleft_nm).query(places)
    return np.asarray(distances > distance_nm)
