"""A run to plant faults in, and its right synapses: where they were found, by what signal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.project import StepParams
from napari_synapse_debug.domain.records import points
from napari_synapse_debug.domain.roles import ClassSpec, Kind
from napari_synapse_debug.simulate.place import Mask, Place, Volume, place_at

MASK = "mask:"
"""Names of the true clefts' masks among the volumes begin so."""


@dataclass(frozen=True)
class RunToSpoil:
    """A finished run, in memory.

    Parameters
    ----------
    grid, box : Grid, Box
        The grid of all volumes, and the box that was evaluated.
    params : StepParams
        The run's parameters; threshold, smallest size and smallest score are filled in.
    judge : str
        Who judged the rows.
    classes : tuple of ClassSpec
        The channels of the prediction.
    truth, prediction, matches, candidates, contacts, pairs : DataFrame
        ``records.TRUTH``, ``PREDICTION``, ``MATCHES``, ``CANDIDATES``, ``CONTACTS``, and
        ``PAIRS`` with the column ``fate``.
    volumes : mapping of str to array
        ``segmentation``, ``true_segmentation``, ``candidates`` (Z, Y, X), ``prediction``
        (C, Z, Y, X) uint8, and ``mask:NAME`` for each mask that marks synapses.
    """

    grid: Grid
    box: Box
    params: StepParams
    judge: str
    classes: tuple[ClassSpec, ...]
    truth: pd.DataFrame
    prediction: pd.DataFrame
    matches: pd.DataFrame
    candidates: pd.DataFrame
    contacts: pd.DataFrame
    pairs: pd.DataFrame
    volumes: Mapping[str, Volume]

    @property
    def threshold(self) -> float:
        """Smallest probability of a candidate."""
        return self.params.synapses.threshold or 0.0

    @property
    def min_size_vx(self) -> int:
        """Smallest candidate that is kept."""
        return self.params.synapses.min_size_vx or 0

    @cached_property
    def channels(self) -> list[int]:
        """The channels that mark synapses."""
        return [k for k, spec in enumerate(self.classes) if spec.role.is_synapse]

    @cached_property
    def matched(self) -> dict[int, int]:
        """Truth row → prediction row of the matches that count."""
        right = self.matches[self.matches["outcome"] == "tp"]
        pairs = right[["truth_row", "prediction_row"]].astype(int)
        return dict(zip(pairs["truth_row"], pairs["prediction_row"], strict=True))

    def typical_match(self, quantile: float) -> tuple[float, float]:
        """Score and peak that this part of the matches does not exceed; 0 without any."""
        rows = self.prediction[self.prediction["row"].isin(list(self.matched.values()))]
        peaks = self.candidates.set_index("candidate")["peak"].reindex(rows["candidate"])
        if len(rows) == 0:
            return 0.0, 0.0
        return float(rows["score"].quantile(quantile)), float(peaks.quantile(quantile))

    @cached_property
    def least_fresh_id(self) -> int:
        """An id that no segment and no cleft has, nor any above it."""
        names = [n for n in self.volumes if n.startswith((MASK, "seg", "true"))]
        largest = max((int(self.volumes[name].max(initial=0)) for name in names), default=0)
        return max(largest, int(self.truth["synapse"].max(skipna=True) or 0)) + 1


@dataclass(frozen=True)
class Found:
    """A true synapse that the run found, with the signal that it was found by.

    Parameters
    ----------
    run : RunToSpoil
    place : Place
        What surrounds it.
    prediction : Series
        Its match, a row of the prediction.
    candidate : Series
        The match's candidate.
    mask : str
        Name of the volume that holds the cleft's mask; empty without one.
    fresh : int
        An id that may be given to something new here.
    """

    run: RunToSpoil
    place: Place
    prediction: pd.Series[Any]
    candidate: pd.Series[Any]
    mask: str
    fresh: int

    @cached_property
    def signal(self) -> Mask:
        """The voxels of the candidate."""
        return np.asarray(self.place.volumes["candidates"] == self.candidate["candidate"])

    @cached_property
    def cleft(self) -> Mask:
        """The mask of the true cleft; without one a ball."""
        if self.mask:
            return np.asarray(self.place.volumes[self.mask] == self.place.row["synapse"])
        radius = max(self.run.params.diagnose.oracle_radius_nm, *self.run.grid.voxel_size_nm)
        return self.place.within(radius)

    @cached_property
    def zone(self) -> Mask:
        """Where the cleft is looked for."""
        growth = self.run.params.diagnose.zone_growth_nm
        return np.asarray((self.place.far_from(self.cleft) <= growth) & self.place.is_own)

    @cached_property
    def realm(self) -> Mask:
        """What belongs to this synapse alone: its zone and signal, and 100 nm around them.

        Specks that the size filter dropped belong to it, too.
        """
        near = self.place.far_from(self.signal | self.zone) <= 100.0
        table = self.run.candidates
        kept = table.loc[table["is_kept"].to_numpy(bool), "candidate"]
        others = np.isin(self.place.volumes["candidates"], kept) & ~self.signal
        return np.asarray(near & self.place.is_own & ~others) | self.signal

    @property
    def probability(self) -> NDArray[np.uint8]:
        """All classes here: (C, Z, Y, X)."""
        return np.asarray(self.place.volumes["prediction"], dtype=np.uint8)

    @property
    def channel(self) -> int:
        """The channel of the candidate's class."""
        names = [spec.name for spec in self.run.classes]
        return names.index(str(self.candidate["class_name"]))

    @property
    def other_channel(self) -> int | None:
        """A channel of another kind of synapse; None if there is none."""
        own = self.run.classes[self.channel].role.kind
        for channel in self.run.channels:
            if self.run.classes[channel].role.kind not in (own, Kind.UNKNOWN):
                return channel
        return None

    @property
    def is_typed(self) -> bool:
        """Whether prediction and truth agree on a kind."""
        kind = str(self.place.row["kind"])
        return str(self.prediction["kind"]) == kind and kind != Kind.UNKNOWN.value


def find_synapse(run: RunToSpoil, truth_row: int, fresh: int) -> Found:
    """The right synapse of a truth row (one of ``run.matched``)."""
    truth = run.truth
    row = truth.loc[truth["row"] == truth_row].iloc[0]
    match = run.prediction.loc[run.prediction["row"] == run.matched[truth_row]].iloc[0]
    of_match = run.candidates["candidate"] == match["candidate"]
    segments = run.volumes["segmentation"]
    index = run.grid.to_index(np.stack([points(match.to_frame().T, e)[0] for e in ("pre", "post")]))
    pre, post = (int(segments[tuple(k)]) for k in index)
    place = place_at(run.grid, truth, row, run.volumes, (pre, post))
    mask = next((n for n, v in place.volumes.items() if n.startswith(MASK) and _holds(v, row)), "")
    return Found(run, place, match, run.candidates[of_match].iloc[0], mask, fresh)


def _holds(mask: Volume, row: pd.Series[Any]) -> bool:
    return bool(pd.notna(row["synapse"])) and bool((mask == row["synapse"]).any())


def is_whole(found: Found) -> bool:
    """Whether all of the candidate lies in the crop, in one piece, and on no other true cleft."""
    _, pieces = ndimage.label(found.signal, np.ones((3, 3, 3)))
    under = [v[found.signal] for name, v in found.place.volumes.items() if name.startswith(MASK)]
    clefts = {int(k) for ids in under for k in np.unique(ids)} - {0}
    own = found.place.row["synapse"]
    is_alone = not found.mask or clefts <= {int(own)}
    return bool(pieces == 1) and is_alone and int(found.signal.sum()) == found.candidate["size_vx"]
