"""Simulated projects: neuropil with known truth, with planted errors if wanted, on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from napari_synapse_debug.domain.errors import ProjectError
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.params import ContactParams, SimulateParams
from napari_synapse_debug.domain.project import Mask, ProjectConfig, Source, StepParams
from napari_synapse_debug.io import create_project, write_labels, write_table, write_volume
from napari_synapse_debug.simulate import Planted, plant_errors, simulate_neuropil

PLANTED = "planted.csv"


@dataclass(frozen=True)
class Simulated:
    """What was simulated (rows ``what, how many``) and planted (a row an event)."""

    rows: tuple[Mapping[str, Any], ...]
    events: tuple[Mapping[str, Any], ...]


def simulate_project(folder: Path, params: SimulateParams) -> Simulated:
    """Write a ready project of simulated neuropil; the lower half in y trains, the upper judges.

    Raises
    ------
    ProjectError
        There is a project already.
    InputError
        A volume that cannot be simulated.
    """
    if (folder / "project.yaml").exists():
        raise ProjectError(
            "There is a project already",
            found=str(folder),
            expected="a new folder",
            fix="choose another name, or delete the folder",
        )
    neuropil = simulate_neuropil(params)
    z, y, x = neuropil.grid.shape
    train, judged = Box((0, 0, 0), (z, y // 2, x)), Box((0, y // 2, 0), (z, y, x))
    planted = plant_errors(neuropil, params.planted, judged, np.random.default_rng(params.seed))
    _write(folder, planted)
    config = ProjectConfig(
        name=folder.absolute().name,
        voxel_size_nm=neuropil.grid.voxel_size_nm,
        raw=Source(path="raw.zarr"),
        segmentation=Source(path="segmentation.zarr"),
        true_segmentation=Source(path="true_segmentation.zarr"),
        masks=tuple(
            Mask(name=spec.name, role=spec.role, source=Source(path=f"{spec.name}.zarr"))
            for spec in neuropil.classes
        ),
        truth="truth.csv",
        train_box=str(train),
        eval_box=str(judged),
        params=StepParams(contacts=ContactParams(max_gap_nm=MAX_GAP_NM)),
    )
    create_project(folder, config)
    inside = judged.contains(neuropil.grid.to_index(_clefts(planted.truth)))
    rows = (
        {"what": "voxels (zyx)", "how many": " × ".join(map(str, (z, y, x)))},
        {"what": "neurites", "how many": str(len(np.unique(neuropil.segmentation)) - 1)},
        {"what": "true synapses", "how many": str(len(planted.truth))},
        {"what": "of them in the evaluation box", "how many": str(int(inside.sum()))},
        {"what": "planted errors", "how many": str(len(planted.events))},
    )
    shown = planted.events[["event", "stage", "cause", "error", "description"]]
    return Simulated(rows, tuple(_plain(row) for row in shown.to_dict("records")))


MAX_GAP_NM = 24.0
"""Simulated neurons leave less extracellular space than this between them."""


def _write(folder: Path, planted: Planted) -> None:
    neuropil = planted.neuropil
    grid, chunks = neuropil.grid, _chunks(neuropil.grid.shape)
    folder.mkdir(parents=True, exist_ok=True)
    write_volume(folder / "raw.zarr", neuropil.raw, grid, chunks=chunks)
    labels = {
        "segmentation": planted.segmentation,
        "true_segmentation": neuropil.segmentation,
        **neuropil.masks,
    }
    for name, ids in labels.items():
        write_labels(folder / f"{name}.zarr", _smallest(ids), grid, chunks=chunks)
    write_table(planted.truth, folder / "truth.csv")
    write_table(planted.events, folder / PLANTED)


def _chunks(shape: tuple[int, int, int]) -> tuple[int, int, int]:
    z, y, x = shape
    return min(z, 64), min(y, 160), min(x, 160)


def _smallest(ids: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The same ids in the smallest unsigned type that holds them."""
    return ids.astype(np.min_scalar_type(int(ids.max(initial=0))))


def _clefts(truth: pd.DataFrame) -> np.ndarray[Any, Any]:
    return truth[["cleft_z_nm", "cleft_y_nm", "cleft_x_nm"]].to_numpy(np.float64)


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(key): str(value) for key, value in row.items()}
