"""The later stages on a crop of a case, as the counterfactuals run them again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.contacts import Faces, find_contacts, interface_faces
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.params import EvaluateParams
from napari_synapse_debug.evaluate import judge_ids, match_synapses
from napari_synapse_debug.pipeline.case import Case
from napari_synapse_debug.synapses import (
    Crop,
    find_candidates,
    link_contacts,
    measure_pairs,
    place_synapses,
)


@dataclass(frozen=True)
class LocalStages:
    """Candidates, pairs, synapses and matches of a crop, with the case's own parameters."""

    case: Case

    def candidates(
        self, probability: NDArray[np.uint8], grid: Grid
    ) -> tuple[NDArray[Any], pd.DataFrame]:
        """Labels and candidates of a probability (C, Z, Y, X)."""
        params = self.case.synapses
        return find_candidates(
            probability,
            grid,
            self.case.classes,
            params.threshold or 0.0,
            params.min_size_vx or 0,
        )

    def faces(self, segmentation: NDArray[Any], grid: Grid) -> Faces:
        """The faces between segments, grown over gaps as in the run."""
        return interface_faces(segmentation, grid, self.case.contact_params)

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
        """Pairs of the crop that have a contact; with ``any_area`` small contacts count too."""
        params = self.case.contact_params
        crop = Crop(grid, labels, segmentation, probability, self.case.classes)
        faces = self.faces(segmentation, grid)
        pairs = measure_pairs(crop, candidates, faces, self.case.synapses)
        if any_area or params.min_area_nm2 <= 0:
            return pairs.assign(contact=pd.array([0] * len(pairs), dtype="Int64"))
        linked = link_contacts(pairs, find_contacts(segmentation, grid, params), grid)
        return linked[linked["contact"].notna()].reset_index(drop=True)

    def place(self, pairs: pd.DataFrame, candidates: pd.DataFrame) -> pd.DataFrame:
        """The synapses of these pairs."""
        return place_synapses(pairs, candidates, self.case.synapses).synapses

    def match(
        self, truth: pd.DataFrame, prediction: pd.DataFrame, params: EvaluateParams
    ) -> pd.DataFrame:
        """The matches of these rows by the case's judge, grid and box."""
        case = self.case
        identities = judge_ids(
            truth, prediction, params, case.look_up("gt"), case.look_up("in_use")
        )
        return match_synapses(truth, prediction, identities, params, case.grid, case.box)
