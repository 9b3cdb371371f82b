"""The later stages on a crop of a case, as the counterfactuals run them again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.contacts import (
    Faces,
    Masks,
    contact_halo_vx,
    find_contacts,
    interface_faces,
)
from napari_synapse_debug.domain.grid import Box, Grid, Triple
from napari_synapse_debug.domain.params import EvaluateParams
from napari_synapse_debug.evaluate import judge_ids, match_synapses
from napari_synapse_debug.pipeline.case import Case
from napari_synapse_debug.synapses import (
    Crop,
    find_candidates,
    link_contacts,
    mark_somata,
    measure_pairs,
    pair_margin_vx,
    place_synapses,
    predict_partners,
    split_touching,
)

LookUp = Callable[[NDArray[np.float64]], NDArray[np.uint64]]


@dataclass(frozen=True)
class LocalStages:
    """Candidates, pairs, synapses and matches of a crop, with the case's own parameters."""

    case: Case

    @cached_property
    def _look_ups(self) -> tuple[LookUp | None, LookUp | None]:
        """Look-ups in the true segmentation and that in use, which remember every point."""
        found = [self.case.look_up(which) for which in ("gt", "in_use")]
        gt, in_use = (None if look_up is None else _remembering(look_up) for look_up in found)
        return gt, in_use

    def margin_vx(self, grid: Grid) -> Triple:
        """How far around a candidate its pairs are measured, grown segments among it."""
        pairs = pair_margin_vx(grid, self.case.synapses)
        halo = contact_halo_vx(grid, self.case.contact_params)
        z, y, x = (a + b for a, b in zip(pairs, halo, strict=True))
        return z, y, x

    def candidates(
        self, probability: NDArray[np.uint8], grid: Grid
    ) -> tuple[NDArray[Any], pd.DataFrame]:
        """Labels and candidates of a probability (C, Z, Y, X)."""
        params, classes = self.case.synapses, self.case.classes
        labels, candidates = find_candidates(
            probability,
            grid,
            classes,
            params.threshold or 0.0,
            params.min_size_vx or 0,
            params.high_threshold,
        )
        if params.split_touching:

            def write(box: Box, ids: NDArray[Any]) -> None:
                labels[box.slices] = ids

            candidates = split_touching(
                candidates,
                lambda box: (labels[box.slices], probability[(slice(None), *box.slices)]),
                write,
                grid,
                classes,
                params.min_size_vx or 0,
            )
        return labels, candidates

    def faces(self, segmentation: NDArray[Any], grid: Grid) -> Faces:
        """The faces between segments, grown over gaps and limited as in the run."""
        params = self.case.contact_params
        return interface_faces(segmentation, grid, params, self._masks(grid))

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
        """Pairs of the crop that have a contact; ``any_area``: however small, and wherever."""
        params = self.case.contact_params
        if any_area:
            params = params.model_copy(update={"excluded_segments": (), "background": ()})
        raw = self._raw(grid)
        crop = Crop(grid, labels, segmentation, probability, self.case.classes, raw)
        masks = self._masks(grid)
        background = None if masks is None else Masks(masks.background)
        faces = interface_faces(segmentation, grid, params, background)
        pairs = measure_pairs(crop, candidates, faces, self.case.synapses)
        if any_area or (params.min_area_nm2 <= 0 and masks is None):
            return self._told(pairs.assign(contact=pd.array([0] * len(pairs), dtype="Int64")))
        linked = link_contacts(pairs, find_contacts(segmentation, grid, params, masks), grid)
        return self._told(linked[linked["contact"].notna()].reset_index(drop=True))

    def _raw(self, grid: Grid) -> NDArray[Any] | None:
        """The raw data of the crop on ``grid``; None where the case has none."""
        return None if self.case.raw is None else self.case.raw.read(self._box(grid))

    def _masks(self, grid: Grid) -> Masks | None:
        """What limits contacts in the crop on ``grid``; None where nothing does."""
        scene = self.case.contact_scene
        return None if scene is None else scene.masks(self._box(grid))

    def _box(self, grid: Grid) -> Box:
        """Where the crop on ``grid`` lies in the case's volumes."""
        z, y, x = (int(n) for n in self.case.grid.to_index([grid.offset_nm])[0])
        return Box.of_shape(grid.shape).shift((z, y, x))

    def _told(self, pairs: pd.DataFrame) -> pd.DataFrame:
        """The pairs with somata and partners as the run told them."""
        if self.case.somata is not None:
            pairs = mark_somata(pairs, self.case.somata, self.case.synapses.soma_radius_nm)
        return pairs if self.case.partners is None else predict_partners(pairs, self.case.partners)

    def place(self, pairs: pd.DataFrame, candidates: pd.DataFrame) -> pd.DataFrame:
        """The synapses of these pairs."""
        return place_synapses(pairs, candidates, self.case.synapses).synapses

    def match(
        self, truth: pd.DataFrame, prediction: pd.DataFrame, params: EvaluateParams
    ) -> pd.DataFrame:
        """The matches of these rows by the case's judge, grid and box."""
        case = self.case
        identities = judge_ids(truth, prediction, params, *self._look_ups)
        return match_synapses(truth, prediction, identities, params, case.grid, case.box)


def _remembering(look_up: LookUp) -> LookUp:
    """The same look-up, which asks for each point once."""
    known: dict[bytes, np.uint64] = {}

    def remember(points_nm: NDArray[np.float64]) -> NDArray[np.uint64]:
        points = np.ascontiguousarray(points_nm, dtype=np.float64)
        keys = [point.tobytes() for point in points]
        fresh = [at for at, key in enumerate(keys) if key not in known]
        if fresh:
            found = look_up(points[fresh])
            known.update(zip((keys[at] for at in fresh), found, strict=True))
        return np.asarray([known[key] for key in keys], dtype=np.uint64)

    return remember
