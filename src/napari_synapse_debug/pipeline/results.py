"""All that is known of a run, opened for looking: volumes stay on disk until they are sliced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from napari_synapse_debug.domain.errors import ProjectError
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.project import ProjectConfig, Source
from napari_synapse_debug.domain.records import (
    CANDIDATES,
    CONTACTS,
    FINDINGS,
    MATCHES,
    PAIRS,
    PREDICTION,
    Columns,
)
from napari_synapse_debug.io import (
    Project,
    Volume,
    load_project,
    open_volume,
    read_json,
    read_table,
)
from napari_synapse_debug.io.model_files import WEIGHTS
from napari_synapse_debug.pipeline.package_file import PACKAGE


@dataclass(frozen=True)
class Results:
    """A project and one of its runs; what has not been made is None, or not in ``volumes``.

    ``volumes`` has the keys ``raw, segmentation, true_segmentation, prediction, candidates``,
    ``mask:NAME`` and ``extra:NAME``. ``has_model``: the run has a trained model; ``is_package``:
    it is a work package.
    """

    folder: Path
    run: str
    has_model: bool
    is_package: bool
    config: ProjectConfig
    grid: Grid
    volumes: Mapping[str, Volume]
    truth: pd.DataFrame | None
    synapses: pd.DataFrame | None
    contacts: pd.DataFrame | None
    candidates: pd.DataFrame | None
    pairs: pd.DataFrame | None
    matches: pd.DataFrame | None
    findings: pd.DataFrame | None
    evaluation: Mapping[str, Any] | None


def open_results(folder: Path, run: str = "main") -> Results:
    """The results of ``run``; a project without any run gives its volumes and truth.

    Raises
    ------
    ProjectError
        There is no such project, or it has runs and none of this name.
    InputError, DataError
        A file that the project names is not there, or damaged.
    """
    project = load_project(folder)
    _check_run(project, run)
    place = project.run_folder(run)
    raw = project.raw()
    evaluation = place / "evaluation.json"
    return Results(
        folder=project.folder,
        run=run,
        has_model=(project.model_folder(run) / WEIGHTS).exists(),
        is_package=(project.folder / PACKAGE).is_file(),
        config=project.config,
        grid=raw.grid,
        volumes={"raw": raw, **_volumes(project, place)},
        truth=None if project.config.truth is None else project.truth(),
        synapses=_table(place, "synapses", PREDICTION),
        contacts=_table(place, "contacts", CONTACTS),
        candidates=_table(place, "candidates", CANDIDATES),
        pairs=_table(place, "pairs", PAIRS),
        matches=_table(place, "matches", MATCHES),
        findings=_table(place, "findings", FINDINGS),
        evaluation=read_json(evaluation) if evaluation.exists() else None,
    )


def open_partial(folder: Path, name: str = "prediction", run: str = "main") -> Volume | None:
    """The volume ``name`` of ``run`` while a step is writing it; None before there is one."""
    return _open_in_run(folder, run, f"{name}.partial.zarr")


def open_preview(folder: Path, run: str = "main") -> Volume | None:
    """What ``predict_here`` wrote last; None where it was never asked."""
    return _open_in_run(folder, run, "preview.zarr")


def _open_in_run(folder: Path, run: str, name: str) -> Volume | None:
    path = load_project(folder).run_folder(run) / name
    return open_volume(Source(path=str(path))) if path.exists() else None


def _check_run(project: Project, run: str) -> None:
    runs = project.runs
    if runs and run not in runs:
        raise ProjectError(
            f"The project has no run {run!r}",
            found=", ".join(runs),
            expected="one of them",
            fix=f"add --run {runs[0]}",
        )


def _volumes(project: Project, place: Path) -> dict[str, Volume]:
    config = project.config
    volumes = {f"extra:{name}": project.extra_layer(name) for name in config.extra_layers}
    volumes |= {f"mask:{mask.name}": project.mask(mask.name) for mask in config.masks}
    if config.segmentation is not None:
        volumes["segmentation"] = project.segmentation()
    if config.true_segmentation is not None:
        volumes["true_segmentation"] = project.true_segmentation()
    for name in ("prediction", "candidates"):
        path = place / f"{name}.zarr"
        if path.exists():
            volumes[name] = open_volume(Source(path=str(path)))
    return volumes


def _table(place: Path, name: str, columns: Columns) -> pd.DataFrame | None:
    path = place / f"{name}.parquet"
    return read_table(path, columns) if path.exists() else None
