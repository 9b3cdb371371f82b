"""What a diagnosis is given: the tables and volumes of a run, and functions of other rooms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box, Grid, Triple
from napari_synapse_debug.domain.params import EvaluateParams
from napari_synapse_debug.domain.records import MATCHES, PREDICTION, TRUTH, conform
from napari_synapse_debug.domain.roles import ClassSpec

Array = Any
"""Anything with a shape that gives a numpy array when it is sliced."""


class LookUp(Protocol):
    """Segments under points; ``evaluate.look_up_segments``."""

    def __call__(
        self, points_nm: NDArray[np.float64], segmentation: Array, grid: Grid, snap_nm: float
    ) -> NDArray[np.uint64]:
        """The segments (N,) uint64 under points (N, 3), zyx, nm."""


class Faces(Protocol):
    """Faces between voxels of two segments; arrays of equal length."""

    @property
    def axis(self) -> NDArray[np.int8]:
        """Axis that the face is normal to."""

    @property
    def low_vx(self) -> NDArray[np.int64]:
        """The voxel below the face: (N, 3), zyx."""

    @property
    def segment_a(self) -> NDArray[np.uint64]:
        """The smaller id of the two."""

    @property
    def segment_b(self) -> NDArray[np.uint64]:
        """The larger id of the two."""


class FindFaces(Protocol):
    """All faces between segments of a crop, as the run's contacts were found."""

    def __call__(self, segmentation: NDArray[Any], grid: Grid) -> Faces:
        """The faces of ``segmentation`` (zyx)."""


class Stages(Protocol):
    """The later stages on a crop, for the counterfactuals; each is bound to the run's params."""

    def margin_vx(self, grid: Grid) -> Triple:
        """How far around a candidate its pairs are measured: voxels zyx."""

    def candidates(
        self, probability: NDArray[np.uint8], grid: Grid
    ) -> tuple[NDArray[Any], pd.DataFrame]:
        """Labels and ``records.CANDIDATES`` of a probability (C, Z, Y, X)."""

    def pairs(
        self,
        labels: NDArray[Any],
        candidates: pd.DataFrame,
        segmentation: NDArray[Any],
        probability: NDArray[np.uint8],
        grid: Grid,
        *,
        any_area: bool = False,
    ) -> pd.DataFrame:
        """``records.PAIRS`` linked to the contacts of the crop; ``any_area``: to any, anywhere."""

    def place(self, pairs: pd.DataFrame, candidates: pd.DataFrame) -> pd.DataFrame:
        """``records.PREDICTION`` of these pairs."""

    def match(
        self, truth: pd.DataFrame, prediction: pd.DataFrame, params: EvaluateParams
    ) -> pd.DataFrame:
        """``records.MATCHES`` of these rows, by the run's judge, grid and box."""


@dataclass(frozen=True)
class Tools:
    """Functions of other rooms that a diagnosis calls.

    Without ``faces`` contacts are not tested, without ``stages`` no cause is proved.
    """

    look_up: LookUp
    faces: FindFaces | None = None
    stages: Stages | None = None


@dataclass(frozen=True)
class Evidence:
    """A run, as far as it is known; what is None makes its stage ``untested``.

    All volumes lie on ``grid``.

    Parameters
    ----------
    truth, prediction, matches : DataFrame
        ``records.TRUTH``, ``PREDICTION``, ``MATCHES``.
    grid, box : Grid, Box
        The grid of the volumes, and the box that was evaluated.
    evaluate : EvaluateParams
        As used for ``matches``.
    judge : str
        The judge that was used, which may be another than the one asked for.
    threshold : float
        Smallest probability of a candidate, in [0, 1].
    high_threshold : float, optional
        A candidate needs a voxel of at least this probability (hysteresis).
    min_size_vx : int
        Smallest candidate that is kept.
    classes : sequence of ClassSpec
        The channels of ``probability``.
    candidates, contacts : DataFrame, optional
        ``records.CANDIDATES``, ``CONTACTS``.
    fates : DataFrame, optional
        ``records.PAIRS`` with the column ``fate``.
    probability : (C, Z, Y, X) uint8, optional
        255 times the probability.
    predicted_box : Box, optional
        Where there is a prediction; None: everywhere.
    candidate_labels, segmentation, true_segmentation : (Z, Y, X) integers, optional
        Candidates by id, the segmentation in use, and the ground truth's.
    true_clefts : (Z, Y, X) integers, optional
        Masks of the true clefts; ids are those of the truth's ``synapse``.
    contact_limits : str
        What contacts were looked for in, in words; empty: everywhere.
    left_out : sequence of int
        Segments that contacts take for background, or leave out.
    """

    truth: pd.DataFrame
    prediction: pd.DataFrame
    matches: pd.DataFrame
    grid: Grid
    box: Box
    evaluate: EvaluateParams
    judge: str
    threshold: float
    min_size_vx: int = 0
    high_threshold: float | None = None
    classes: Sequence[ClassSpec] = field(default=())
    candidates: pd.DataFrame | None = None
    contacts: pd.DataFrame | None = None
    fates: pd.DataFrame | None = None
    probability: Array | None = None
    predicted_box: Box | None = None
    candidate_labels: Array | None = None
    segmentation: Array | None = None
    true_segmentation: Array | None = None
    true_clefts: Array | None = None
    contact_limits: str = ""
    left_out: Sequence[int] = ()

    def __post_init__(self) -> None:
        for name, columns in (("truth", TRUTH), ("prediction", PREDICTION), ("matches", MATCHES)):
            conform(getattr(self, name), columns, name)
        volumes = ("candidate_labels", "segmentation", "true_segmentation", "true_clefts")
        for name in volumes:
            self._check_shape(name, self.grid.shape)
        self._check_shape("probability", (len(self.classes), *self.grid.shape))

    def _check_shape(self, name: str, expected: tuple[int, ...]) -> None:
        volume = getattr(self, name)
        if volume is not None and tuple(volume.shape) != expected:
            raise InputError(
                f"The volume {name!r} does not lie on the grid of the run",
                found=f"shape {tuple(volume.shape)}",
                expected=f"shape {expected}",
                fix="cut or resample it to the volume that was predicted",
            )
