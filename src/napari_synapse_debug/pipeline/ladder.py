"""Thresholds and gaps prepared beside those in use, so that a window can move between them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

import numpy as np
import pandas as pd

from napari_synapse_debug.domain.grid import TripleNm
from napari_synapse_debug.domain.params import ContactParams, SynapseParams
from napari_synapse_debug.domain.partner_model import PartnerModel
from napari_synapse_debug.domain.records import PAIRS
from napari_synapse_debug.io import read_table, write_table
from napari_synapse_debug.pipeline.candidate_pairs import (
    CandidateTooLargeError,
    Scene,
    label_candidates,
    pairs_of,
)
from napari_synapse_debug.synapses import predict_partners

CANDIDATES_FILE = "ladder_candidates.parquet"
PAIRS_FILE = "ladder_pairs.parquet"
GAPS = "gaps"
"""Folder in the run with the pairs under other gaps."""

STEP = 0.1
"""From one threshold to the next."""

LEAST, MOST = 0.05, 0.95
"""No threshold is prepared beyond these."""

SIZE_SHARE = 4
"""Candidates down to this part of the smallest size in use are prepared."""


_SHARES = (0.0, 0.5, 1.5, 2.0)
_EDGES = (1, 2, 4)


@dataclass(frozen=True)
class Rung:
    """Candidates and pairs at one threshold."""

    candidates: pd.DataFrame
    pairs: pd.DataFrame


def ladder_thresholds(params: SynapseParams) -> tuple[float, ...]:
    """The threshold in use and ``live_levels`` on either side, rising, within 0.05 … 0.95."""
    middle = params.threshold or 0.0
    steps = range(-params.live_levels, params.live_levels + 1)
    levels = {round(middle + STEP * k, 4) for k in steps if k}
    return tuple(sorted({t for t in levels if LEAST <= t <= MOST} | {middle}))


def floor_size(params: SynapseParams) -> int:
    """The smallest size in voxels that is prepared; without live levels the one in use."""
    smallest = params.min_size_vx or 0
    return smallest // SIZE_SHARE if params.live_levels else smallest


def measure_rung(scene: Scene, params: SynapseParams, threshold: float, path: Path) -> Rung:
    """All candidates down to ``floor_size`` at ``threshold``, and their pairs by the rule.

    The labels stay at ``path``. ``is_kept`` of the candidates is that of the floor.
    """
    at = params.model_copy(update={"threshold": threshold})
    candidates, labels = label_candidates(scene, at, path, floor_size(params))
    return Rung(candidates, pairs_of(scene, candidates, labels, at))


def as_used(rung: Rung, params: SynapseParams) -> Rung:
    """The rung with the size filter of ``params``: ``is_kept``, and pairs of the kept only."""
    kept = rung.candidates["size_vx"] >= (params.min_size_vx or 0)
    names = rung.candidates.loc[kept, "candidate"]
    pairs = rung.pairs[rung.pairs["candidate"].isin(names)].reset_index(drop=True)
    return Rung(rung.candidates.assign(is_kept=kept), pairs)


def measure_ladder(
    scene: Scene, params: SynapseParams, used: Rung, model: PartnerModel | None
) -> Rung:
    """Candidates and pairs at all prepared thresholds, with the column ``threshold``.

    A threshold at which candidates run into one another is left out, and that is told.

    Parameters
    ----------
    scene : Scene
        What is measured.
    params : SynapseParams
        Threshold and smallest size filled in.
    used : Rung
        That of the threshold in use, from ``measure_rung``.
    model : PartnerModel, optional
        Tells the partners.
    """
    candidates, pairs = [], []
    for threshold in ladder_thresholds(params):
        rung = used
        if threshold != params.threshold:
            labels = scene.work.folder / "ladder.partial.zarr"
            try:
                rung = measure_rung(scene, params, threshold, labels)
            except CandidateTooLargeError as error:
                scene.work.tell("synapses", f"not prepared for What if: {error}")
                continue
            finally:
                rmtree(labels, ignore_errors=True)
        told = rung.pairs if model is None else predict_partners(rung.pairs, model)
        kept = rung.candidates[rung.candidates["is_kept"]]
        candidates.append(kept.assign(threshold=np.float64(threshold)))
        pairs.append(told.assign(threshold=np.float64(threshold)))
    return Rung(_joined(candidates), _joined(pairs))


def write_ladder(folder: Path, ladder: Rung) -> None:
    """Write what ``measure_ladder`` gave to the run in ``folder``."""
    write_table(ladder.candidates, folder / CANDIDATES_FILE)
    write_table(ladder.pairs, folder / PAIRS_FILE)


def gaps_to_try(used_nm: float, voxel_size_nm: TripleNm) -> tuple[float, ...]:
    """The gaps (nm) worth trying beside ``used_nm``, rising.

    None, half, one and a half and twice of it, in whole edges of a voxel (the shortest), as those
    between touch the same voxels; where no gap is bridged, one, two and four edges.
    """
    edge = min(voxel_size_nm)
    if used_nm == 0:
        found = {n * edge for n in _EDGES}
    else:
        found = {round(used_nm * share / edge) * edge for share in _SHARES}
    most = ContactParams.model_json_schema()["properties"]["max_gap_nm"]["maximum"]
    rounded = {math.ceil(gap * 1e4 - 1e-6) / 1e4 for gap in found}  # less would not reach
    return tuple(sorted({gap for gap in rounded if gap <= most} - {used_nm}))


def gap_file(folder: Path, gap_nm: float) -> Path:
    """Where the pairs of the run in ``folder`` lie under a gap (nm), at all prepared thresholds."""
    return folder / GAPS / f"pairs_{gap_nm:.10g}.parquet"


def read_gaps(folder: Path) -> Mapping[float, pd.DataFrame]:
    """The pairs (``records.PAIRS``, and ``threshold``) by prepared gap (nm), rising."""
    return {gap: read_table(gap_file(folder, gap), PAIRS) for gap in known_gaps(folder)}


def known_gaps(folder: Path) -> tuple[float, ...]:
    """The gaps (nm) that are prepared for the run in ``folder``, rising, without its own."""
    found = (folder / GAPS).glob("pairs_*.parquet")
    return tuple(sorted(float(path.stem.removeprefix("pairs_")) for path in found))


def forget_gaps(folder: Path) -> None:
    """Take away what was prepared for other gaps from other contacts or candidates."""
    for name in (GAPS, f"{GAPS}.partial"):
        rmtree(folder / name, ignore_errors=True)


def _joined(tables: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([t for t in tables if len(t)] or tables[:1], ignore_index=True)
