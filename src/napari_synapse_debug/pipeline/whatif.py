"""What if: synapses and score under other filters, from tables alone, while a slider moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import InputError, ProjectError
from napari_synapse_debug.domain.events import QuietContext
from napari_synapse_debug.domain.params import ContactParams, SynapseParams
from napari_synapse_debug.domain.records import CANDIDATES, PAIRS, points, sided_column
from napari_synapse_debug.evaluate import Identities, judge_ids, match_synapses
from napari_synapse_debug.io import load_project, read_run, read_table
from napari_synapse_debug.pipeline.case import Case, case_of_run, with_rule
from napari_synapse_debug.pipeline.inputs import check_needs
from napari_synapse_debug.pipeline.ladder import (
    CANDIDATES_FILE,
    PAIRS_FILE,
    Rung,
    floor_size,
    gaps_to_try,
    read_gaps,
)
from napari_synapse_debug.pipeline.package_file import refuse_package
from napari_synapse_debug.pipeline.partners import partners_of_run
from napari_synapse_debug.pipeline.synapses import resolve_params
from napari_synapse_debug.pipeline.work import Work, as_made
from napari_synapse_debug.synapses import place_synapses

_UNUSED = ("near", "far", "vesicle", "mitochondrion", "edge_raw", "raw", "texture", "inside")
"""Cues that only the partner model asks for; they are not copied at every move."""

Ids = NDArray[np.uint64]
Rungs = Mapping[float, Rung]
"""Candidates and pairs by threshold."""


@dataclass(frozen=True)
class Outlook:
    """What the synapses would be, and how they would score.

    Parameters
    ----------
    synapses : DataFrame
        ``records.PREDICTION``.
    tp, fn, fp : int, optional
        By the rule ``three_point`` with the project's parameters; None without truth, ``fp`` also
        under a sparse one.
    matches : DataFrame, optional
        ``records.MATCHES``; None without truth.
    """

    synapses: pd.DataFrame
    tp: int | None = None
    fn: int | None = None
    fp: int | None = None
    matches: pd.DataFrame | None = None

    @property
    def f1(self) -> float | None:
        """2 TP / (2 TP + FN + FP), 1 where there is nothing on either side; None without ``fp``."""
        if self.tp is None or self.fn is None or self.fp is None:
            return None
        total = 2 * self.tp + self.fn + self.fp
        return 2 * self.tp / total if total else 1.0


@dataclass(frozen=True)
class WhatIf:
    """The cached tables of a run, ready to be asked under other filters.

    Parameters
    ----------
    params : SynapseParams
        As the run used them.
    rungs : mapping of float to Rung
        Candidates and pairs at each prepared threshold.
    smallest_vx : int
        Candidates from this size on are prepared.
    contacts : ContactParams
        As the run used them.
    others : mapping of float to mapping of float to Rung
        The rungs under other gaps (nm), where these were prepared (``prepare_gaps``).
    gaps_left : tuple of float
        The gaps (nm) that ``prepare_gaps`` would prepare and did not yet.
    is_learnt : bool
        A model of the run tells the partners; the step ``synapses`` would learn another one.
    case : Case, optional
        Truth and judge; None without truth.
    ids : mapping of (float, float) to (N, 2) uint64
        What the judge sees at the points ``a`` and ``b`` of each pair of a rung, by gap and
        threshold.
    truth_ids : (M, 2) uint64, optional
        What the judge sees at pre and post of each true row.
    """

    params: SynapseParams
    rungs: Rungs
    smallest_vx: int
    contacts: ContactParams = field(default_factory=ContactParams)
    others: Mapping[float, Rungs] = field(default_factory=dict)
    gaps_left: tuple[float, ...] = ()
    is_learnt: bool = False
    case: Case | None = None
    ids: Mapping[tuple[float, float], Ids] | None = None
    truth_ids: Identities | None = None

    @property
    def thresholds(self) -> tuple[float, ...]:
        """The thresholds that are prepared, rising; a slider stops at these."""
        return tuple(sorted(self.rungs))

    @property
    def gaps(self) -> tuple[float, ...]:
        """The gaps (nm) that are prepared, rising, that of the run among them."""
        return tuple(sorted({self.contacts.max_gap_nm, *self.others}))

    def nearest(self, threshold: float) -> float:
        """The prepared threshold nearest to ``threshold``; of equally near ones the lower."""
        return min(self.thresholds, key=lambda known: (round(abs(known - threshold), 9), known))

    def derive(self, params: SynapseParams, gap_nm: float | None = None) -> Outlook:
        """The synapses and their score under ``params`` and a gap; no voxel is read.

        Used are ``threshold``, ``min_size_vx``, ``min_overlap_nm2``, ``min_overlap_fraction``,
        ``min_score``, ``polyadic`` and ``duplicate_nm``; where the first two and the score are
        empty, those of the run. All others are as in the run. The synapses are those that the
        step would place with the same partner model. Neurons up to ``gap_nm`` apart touch; None is
        the gap of the run.

        Raises
        ------
        InputError
            Threshold or gap are not prepared, or the smallest size is below those that are.
        """
        params = self._filled(params)
        threshold, gap = params.threshold or 0.0, self.contacts.max_gap_nm
        gap = gap if gap_nm is None else gap_nm
        rung = self._rung(gap, threshold, params.min_size_vx or 0)
        is_kept = rung.candidates["size_vx"].to_numpy() >= (params.min_size_vx or 0)
        candidates = rung.candidates.assign(is_kept=is_kept)
        names = candidates["candidate"].to_numpy()[is_kept]
        of_kept = np.isin(rung.pairs["candidate"].to_numpy(), names)
        pairs = rung.pairs[of_kept].reset_index(drop=True)
        synapses = place_synapses(pairs, candidates, params).synapses
        if self.case is None or self.ids is None or self.truth_ids is None:
            return Outlook(synapses)
        ids = _ids_of(synapses, pairs, self.ids[gap, threshold][of_kept])
        matches = self._match(self.case, synapses, ids, self.truth_ids)
        tp, fn, fp = (int((matches["outcome"] == name).sum()) for name in ("tp", "fn", "fp"))
        is_sparse = self.case.evaluate.scope == "sparse"
        return Outlook(synapses, tp, fn, None if is_sparse else fp, matches)

    def _filled(self, params: SynapseParams) -> SynapseParams:
        given = {name: getattr(params, name) for name in ("threshold", "min_size_vx", "min_score")}
        used = {name: getattr(self.params, name) for name, value in given.items() if value is None}
        return params.model_copy(update=used)

    def _rung(self, gap_nm: float, threshold: float, min_size_vx: int) -> Rung:
        if gap_nm not in self.gaps:
            raise InputError(
                "This gap is not prepared",
                found=f"{gap_nm:g} nm",
                expected="one of " + ", ".join(f"{gap:g}" for gap in self.gaps),
                fix="prepare it with `synapse-debug gaps`",
            )
        rungs = self.others.get(gap_nm, self.rungs)
        if threshold not in rungs:
            raise InputError(
                "This threshold is not prepared",
                found=str(threshold),
                expected="one of " + ", ".join(f"{t:g}" for t in self.thresholds),
                fix="run the step synapses with it, or raise synapses.live_levels",
            )
        if min_size_vx < self.smallest_vx:
            raise InputError(
                "Candidates so small are not prepared",
                found=f"a smallest size of {min_size_vx} voxels",
                expected=f"at least {self.smallest_vx}",
                fix="run the step synapses with this size",
            )
        return rungs[threshold]

    @staticmethod
    def _match(case: Case, synapses: pd.DataFrame, ids: Ids, known: Identities) -> pd.DataFrame:
        is_autapse = (ids[:, 0] == ids[:, 1]) & (ids[:, 0] != 0)
        tells_autapses = known.judge in ("gt", "column")
        identities = replace(
            known, prediction=ids, prediction_is_autapse=is_autapse & tells_autapses
        )
        return match_synapses(case.truth, synapses, identities, case.evaluate, case.grid, case.box)


def load_whatif(folder: Path, run: str = "main", *, gaps: bool = True) -> WhatIf:
    """The cached tables of a run; this reads voxels under their points once, for the judge.

    Parameters
    ----------
    folder : Path
        The project.
    run : str
        Name of the run, whose step ``synapses`` was done.
    gaps : bool
        Read what was prepared for other gaps as well.

    Raises
    ------
    ProjectError
        There is no such project, or the run has no prepared tables or some that do not fit its
        contacts or prediction, or it is a work package.
    """
    refuse_package(folder, "to try filters")
    work = Work(load_project(folder), run, "", QuietContext())
    work = as_made(work, "contacts", "synapses", "evaluate")
    candidates, pairs = (work.folder / name for name in (CANDIDATES_FILE, PAIRS_FILE))
    if not (candidates.exists() and pairs.exists()):
        raise ProjectError(
            f"The run {run!r} has nothing prepared for live filters",
            found=f"no {CANDIDATES_FILE} in {work.folder}",
            expected="a run whose synapses were placed",
            fix=f"synapse-debug synapses {folder} --run {run} --again",
        )
    check_needs(read_run(work.folder), "evaluate", "What if")
    params, used = resolve_params(work), work.params.contacts
    prepared = read_gaps(work.folder) if gaps else {}
    tables = {**prepared, used.max_gap_nm: read_table(pairs, PAIRS)}
    rungs = _rungs(read_table(candidates, CANDIDATES), tables, params.threshold or 0.0)
    others = {gap: at_gap for gap, at_gap in rungs.items() if gap != used.max_gap_nm}
    voxel_nm = work.project.raw().grid.voxel_size_nm
    left = tuple(gap for gap in gaps_to_try(used.max_gap_nm, voxel_nm) if gap not in rungs)
    is_learnt = partners_of_run(work.folder) is not None
    least = floor_size(params)
    found = WhatIf(params, rungs[used.max_gap_nm], least, used, others, left, is_learnt)
    if work.project.config.truth is None:
        return found
    case = with_rule(case_of_run(work), "three_point")
    known = judge_ids(
        case.truth, case.prediction, case.evaluate, case.look_up("gt"), case.look_up("in_use")
    )
    ids = {
        (gap, level): _judged(case, rung.pairs, known.judge)
        for gap, at_gap in rungs.items()
        for level, rung in at_gap.items()
    }
    return replace(found, case=case, ids=ids, truth_ids=known)


def _rungs(
    candidates: pd.DataFrame, tables: Mapping[float, pd.DataFrame], threshold: float
) -> Mapping[float, Rungs]:
    """By gap and threshold; ``tables`` are the pairs by gap, ``threshold`` is in use."""
    told = {level for table in (candidates, *tables.values()) for level in table["threshold"]}
    levels = sorted({*told, threshold})
    cues = [sided_column(name, side) for name in _UNUSED for side in "ab"]
    return {
        gap: {
            float(level): Rung(_at(candidates, level), _at(table, level).drop(columns=cues))
            for level in levels
        }
        for gap, table in tables.items()
    }


def _at(table: pd.DataFrame, threshold: float) -> pd.DataFrame:
    return table[table["threshold"] == threshold].reset_index(drop=True)


def _judged(case: Case, pairs: pd.DataFrame, judge: str) -> Ids:
    """What the judge sees at both points of each pair: (N, 2)."""
    look_up = case.look_up(judge) if judge in ("gt", "in_use") else None
    if look_up is not None:
        return np.stack([look_up(points(pairs, side)) for side in "ab"], axis=1)
    if judge == "none":
        return np.zeros((len(pairs), 2), dtype=np.uint64)
    return pairs[["segment_a", "segment_b"]].to_numpy(np.uint64)


def _ids_of(synapses: pd.DataFrame, pairs: pd.DataFrame, ids: Ids) -> Ids:
    """The ids of pre and post of each synapse, from those of the points of its pair."""
    keys = ["candidate", "segment_a", "segment_b"]
    ends = np.sort(synapses[["pre_segment", "post_segment"]].to_numpy(np.uint64), axis=1)
    wanted = pd.MultiIndex.from_arrays(
        [synapses["candidate"].to_numpy(np.int64), ends[:, 0], ends[:, 1]]
    )
    row = pd.MultiIndex.from_frame(pairs[keys]).get_indexer(wanted)
    is_swapped = synapses["pre_segment"].to_numpy() != pairs["segment_a"].to_numpy()[row]
    found = ids[row]
    return np.where(is_swapped[:, None], found[:, ::-1], found)
