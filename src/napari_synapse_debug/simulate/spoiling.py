"""Spoiling: known faults planted into a finished run, each at a synapse that it found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain import records
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.stages import Cause
from napari_synapse_debug.simulate.found import Found, RunToSpoil, find_synapse, is_whole
from napari_synapse_debug.simulate.place import Change, Volume
from napari_synapse_debug.simulate.run_faults import RUN_FAULTS
from napari_synapse_debug.simulate.signal_faults import add_blob
from napari_synapse_debug.simulate.spoiled_events import PlantedEvent, tabulate_events

APART_NM = (600.0, 300.0)
"""Events stay this far apart; the second distance where there is no room for the first."""

FACE_NM = 150.0
UNPREDICTED_NM = 250.0
"""Depth of the slab that is left without a prediction, inside the evaluated box."""

FALSE_STRENGTH = 0.9
"""Of a false signal: from the threshold (0) to the median peak of the matches (1)."""


@dataclass(frozen=True)
class Spoiled:
    """A run with planted faults.

    Parameters
    ----------
    volumes : mapping of str to array
        The volumes that were changed, whole.
    truth : DataFrame
        ``records.TRUTH`` with the faults.
    predicted_box : Box or None
        Where a prediction is left; None: everywhere.
    events : DataFrame
        What was planted: columns ``RUN_EVENTS``, one row an event.
    not_planted : mapping of str to str
        What could not be planted as often as asked for, and when it could.
    """

    volumes: Mapping[str, Volume]
    truth: pd.DataFrame
    predicted_box: Box | None
    events: pd.DataFrame
    not_planted: Mapping[str, str]


def spoil_run(
    run: RunToSpoil, causes: Iterable[Cause], each: int, rng: np.random.Generator
) -> Spoiled:
    """``each`` faults of each cause, at synapses that the run found and that lie apart.

    Every fault sits at a synapse of its own. A cause that the run's parameters, its truth or the
    shape of its synapses do not allow is left out, and told in ``not_planted``.
    """
    wanted = [cause for _ in range(each) for cause in Cause if cause in set(causes)]
    sites = _Sites(run, rng)
    planted: list[PlantedEvent] = []
    volumes = _Volumes(run)
    slab = None
    if Cause.NOT_PREDICTED in wanted:
        slab, lost = _unpredicted(run, each)
        planted += sites.take_slab(slab, lost)
        volumes.blank(slab)
    for cause in wanted:
        if cause is Cause.NOT_PREDICTED:
            continue
        event = sites.plant_blob() if cause is Cause.FALSE_SIGNAL else sites.plant(cause)
        if event is not None:
            planted.append(event)
            volumes.apply(event.change)
    truth, events = tabulate_events(run, planted)
    short = {
        cause.value: RUN_FAULTS[cause].needs if cause in RUN_FAULTS else ""
        for cause in dict.fromkeys(wanted)
        if sum(event.cause is cause for event in planted) < each
    }
    box = None if slab is None else slab.predicted
    return Spoiled(volumes.changed, truth, box, events, short)


@dataclass(frozen=True)
class _Slab:
    """What is not predicted, and what is left."""

    predicted: Box
    lost: Box


class _Volumes:
    """Copies of the run's volumes, made when they are first changed."""

    def __init__(self, run: RunToSpoil) -> None:
        self._run = run
        self.changed: dict[str, Volume] = {}

    def apply(self, change: Change) -> None:
        for name, crop in change.volumes.items():
            at = (..., *change.box.slices)
            original = self._run.volumes[name][at]
            np.copyto(self._copy(name)[at], crop, where=crop != original, casting="unsafe")

    def blank(self, slab: _Slab) -> None:
        self._copy("prediction")[(..., *slab.lost.slices)] = 0

    def _copy(self, name: str) -> Volume:
        if name not in self.changed:
            self.changed[name] = self._run.volumes[name].copy()
        return self.changed[name]


class _Sites:
    """The synapses that are still free to plant at, and those that are taken."""

    def __init__(self, run: RunToSpoil, rng: np.random.Generator) -> None:
        self._run, self._rng = run, rng
        truth = run.truth[run.truth["row"].isin(list(run.matched))]
        inner = run.box.grow([-m for m in run.grid.margin_vx(FACE_NM)])
        cleft = records.points(truth, "cleft")
        is_inner = inner.contains(run.grid.to_index(cleft))
        order = np.lexsort((rng.random(len(truth)), ~is_inner))
        self._rows = truth["row"].to_numpy(np.int64)[order]
        self._cleft = cleft[order]
        self._taken = np.zeros((0, 3))
        self._fresh = run.least_fresh_id
        self._whole: dict[int, Found | None] = {}

    def plant(self, cause: Cause) -> PlantedEvent | None:
        """The cause at the first free synapse that allows it."""
        for apart in APART_NM:
            for row, cleft in zip(self._rows, self._cleft, strict=True):
                if not self._is_free(cleft, apart):
                    continue
                found = self._found(int(row))
                change = None if found is None else RUN_FAULTS[cause].plant(found)
                if found is None or change is None or not self._is_room(change):
                    continue
                self._fresh += 1
                self._take(cleft)
                for other in change.also_rows:
                    self._take(self._cleft[self._rows == other][0])
                at = records.points(found.prediction.to_frame().T, "cleft")[0]
                return PlantedEvent(cause, change, int(row), cleft, at)
        return None

    def plant_blob(self) -> PlantedEvent | None:
        """A false signal on a contact far from all truths and predictions."""
        run = self._run
        tolerance = run.params.evaluate.tolerance_nm
        places = records.points(run.contacts, "point")
        inner = run.box.grow([-m for m in run.grid.margin_vx(FACE_NM)])
        inside = np.flatnonzero(inner.contains(run.grid.to_index(places)))
        taken = [records.points(table, "cleft") for table in (run.truth, run.prediction)]
        typical = run.typical_match(0.5)[1]
        value = run.threshold + FALSE_STRENGTH * max(typical - run.threshold, 0.0)
        for at in self._rng.permutation(inside):
            gaps = np.linalg.norm(np.concatenate([*taken, self._taken]) - places[at], axis=1)
            if gaps.min(initial=np.inf) <= 1.1 * tolerance:
                continue
            change = add_blob(run, run.contacts.iloc[at], value)
            if change is not None:
                self._take(places[at])
                return PlantedEvent(Cause.FALSE_SIGNAL, change, None, places[at], places[at])
        return None

    def take_slab(self, slab: _Slab, lost: list[int]) -> list[PlantedEvent]:
        """One event for each row that the slab takes; all rows near it are taken."""
        grid, events = self._run.grid, []
        near = slab.lost.grow(grid.margin_vx(FACE_NM))
        for row, cleft in zip(self._rows, self._cleft, strict=True):
            if near.contains(grid.to_index([cleft]))[0]:
                self._take(cleft)
            if int(row) in lost:
                events.append(
                    PlantedEvent(Cause.NOT_PREDICTED, Change(slab.lost), int(row), cleft, cleft)
                )
        return events

    def _found(self, row: int) -> Found | None:
        if row not in self._whole:
            found = find_synapse(self._run, row, self._fresh)
            self._whole[row] = found if is_whole(found) else None
        kept = self._whole[row]
        return None if kept is None else replace(kept, fresh=self._fresh)

    def _is_free(self, cleft: NDArray[np.float64], apart_nm: float) -> bool:
        gaps = np.linalg.norm(self._taken - cleft, axis=1)
        return bool(gaps.min(initial=np.inf) > apart_nm)

    def _is_room(self, change: Change) -> bool:
        """Whether the other rows that the change harms are free too."""
        return all(
            self._is_free(self._cleft[self._rows == row][0], APART_NM[-1])
            for row in change.also_rows
        )

    def _take(self, cleft: NDArray[np.float64]) -> None:
        self._taken = np.concatenate([self._taken, cleft[None]])


def _unpredicted(run: RunToSpoil, each: int) -> tuple[_Slab, list[int]]:
    """The thinnest slab at a face of the volume with ``each`` right clefts, and their rows."""
    truth = run.truth[run.truth["row"].isin(list(run.matched))]
    index = run.grid.to_index(records.points(truth, "cleft"))
    best: tuple[int, _Slab, list[int]] | None = None
    for axis in range(3):
        margin = run.grid.margin_vx(UNPREDICTED_NM)[axis]
        for at_end in (False, True):
            place = index[:, axis] if not at_end else run.grid.shape[axis] - 1 - index[:, axis]
            order = np.argsort(place, kind="stable")[:each]
            if len(order) == 0:
                continue
            depth = min(int(place[order].max()) + margin, run.grid.shape[axis] - 1)
            slab = _slab(run.grid.box, axis, depth, at_end=at_end)
            if best is None or slab.lost.size < best[0]:
                rows = truth["row"].to_numpy(np.int64)[order]
                best = slab.lost.size, slab, [int(row) for row in rows]
    if best is None:
        return _Slab(run.grid.box, Box((0, 0, 0), (0, 0, 0))), []
    return best[1], best[2]


def _slab(volume: Box, axis: int, depth: int, *, at_end: bool) -> _Slab:
    """The volume cut ``depth`` voxels from one of its faces."""
    start, stop = list(volume.start), list(volume.stop)
    cut = stop[axis] - depth if at_end else start[axis] + depth
    first = [*stop[:axis], cut, *stop[axis + 1 :]]
    second = [*start[:axis], cut, *start[axis + 1 :]]
    halves = (_box(start, first), _box(second, stop))
    return _Slab(*halves) if at_end else _Slab(halves[1], halves[0])


def _box(start: list[int], stop: list[int]) -> Box:
    return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))
