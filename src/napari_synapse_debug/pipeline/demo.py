"""The demo: the embedded sample as a project, and how its planted errors were found."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from napari_synapse_debug.domain.errors import ProjectError
from napari_synapse_debug.domain.records import points
from napari_synapse_debug.domain.stages import ErrorKind, Stage
from napari_synapse_debug.io import guard_storage, load_project, read_table, replace_folder
from napari_synapse_debug.pipeline.running import change_params
from napari_synapse_debug.pipeline.simulation import PLANTED

DEMO_MINUTES = 4.0
NEAR_NM = 400.0


def sample_folder() -> Path:
    """The embedded sample: a project of simulated neuropil with planted errors.

    Raises
    ------
    ProjectError
        The installation lacks it.
    """
    folder = Path(str(files("napari_synapse_debug"))) / "sample_data" / "neuropil"
    if not (folder / "project.yaml").exists():
        raise ProjectError(
            "The embedded sample is not there",
            found=f"no project in {folder}",
            expected="the sample that comes with the package",
            fix="install the package again, or run `make sample` in a clone",
        )
    return folder


def prepare_demo(folder: Path, minutes: float | None = None) -> Path:
    """A copy of the sample in ``folder/project``, to be run; one that is there is gone on with.

    Parameters
    ----------
    folder : Path
        Is made if absent.
    minutes : float, optional
        Time to train; default ``DEMO_MINUTES``.
    """
    project = folder / "project"
    if not (project / "project.yaml").exists():
        folder.mkdir(parents=True, exist_ok=True)
        with replace_folder(project) as beside:
            shutil.copytree(sample_folder(), beside, dirs_exist_ok=True)
        change_params(project, {"train": {"minutes": DEMO_MINUTES}})
    if minutes is not None:
        change_params(project, {"train": {"minutes": minutes}})
    return project


def publish_report(project: Path, folder: Path, run: str = "main") -> Path:
    """Copy the run's report to ``folder/report.html``; its path."""
    with guard_storage(folder):
        return Path(shutil.copy(load_project(project).run_folder(run) / "report.html", folder))


def planted_rows(project: Path, run: str = "main") -> tuple[Mapping[str, Any], ...]:
    """For each planted error what was done and what the diagnosis found there.

    Empty where nothing was planted or diagnosed.
    """
    found = planted_errors(project, load_project(project).run_folder(run))
    if found is None:
        return ()
    shown = found[["planted", "description", "found_as"]]
    return tuple({str(k): v for k, v in row.items()} for row in shown.to_dict("records"))


def telling_finding(project: Path, run: str = "main") -> int | None:
    """The finding to show first: a synapse that the segmentation lost, else any missed one.

    It is the case in which looking at the classifier alone misleads. Of several the one that is
    farthest from the sides of the volume, so that much is to be seen. None without findings.
    """
    loaded = load_project(project)
    path = loaded.run_folder(run) / "findings.parquet"
    if not path.exists():
        return None
    findings = read_table(path)
    grid = loaded.raw().grid
    index = grid.to_fraction(points(findings, "cleft"))[:, 1:]
    room = np.minimum(index, np.asarray(grid.shape)[1:] - index).min(axis=1, initial=np.inf)
    missed = findings["error"] == ErrorKind.MISSED
    order = pd.DataFrame(
        {"lost": missed & (findings["stage"] == Stage.SEGMENTATION), "missed": missed, "room": room}
    ).sort_values(["lost", "missed", "room"], ascending=False, kind="stable")
    return int(findings.loc[order.index[0], "finding"]) if len(order) else None


def planted_errors(project: Path, results: Path) -> pd.DataFrame | None:
    """The planted events with the columns ``planted`` and ``found_as``; None without events.

    An event is found by its truth row, or else by the nearest finding within 400 nm.
    """
    if not (project / PLANTED).exists() or not (results / "findings.parquet").exists():
        return None
    events = read_table(project / PLANTED)
    findings = read_table(results / "findings.parquet")
    planted = events["stage"].astype(str) + " · " + events["cause"].astype(str)
    found_as = [_found_as(event, findings) for _, event in events.iterrows()]
    return events.assign(planted=planted, found_as=found_as)


def _found_as(event: pd.Series, findings: pd.DataFrame) -> str:
    of_kind = findings[findings["error"] == event["error"]]
    row = event["truth_row"]
    hits = of_kind[(of_kind["truth_row"] == row).fillna(False)] if pd.notna(row) else of_kind[:0]
    if hits.empty and not of_kind.empty:
        place = event[["cleft_z_nm", "cleft_y_nm", "cleft_x_nm"]].to_numpy(np.float64)
        distance = np.linalg.norm(points(of_kind, "cleft") - place, axis=1)
        hits = of_kind.iloc[[int(distance.argmin())]] if distance.min() <= NEAR_NM else hits
    if hits.empty:
        return "no error there"
    first = hits.iloc[0]
    return f"{first['stage']} · {first['cause']} (finding {first['finding']})"
