"""A small run of a project, in memory: six truths, four predictions, six errors."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QSettings
from tests.pipeline.conftest import make_toy

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.project import Mask, ProjectConfig, Source
from napari_synapse_debug.domain.records import (
    ENDS,
    FINDINGS,
    MATCHES,
    PREDICTION,
    TRUTH,
    conform,
    empty,
    points,
    with_points,
)
from napari_synapse_debug.domain.roles import Role
from napari_synapse_debug.domain.stages import STAGE_OF_CAUSE, Cause, Stage
from napari_synapse_debug.io import load_project, write_table
from napari_synapse_debug.pipeline import (
    STEPS,
    change_params,
    run_steps,
    sample_folder,
)
from napari_synapse_debug.ui import debug_dock
from napari_synapse_debug.ui.backend import product_backend
from napari_synapse_debug.ui.desk import Desk, desk_of

GRID = Grid((8, 40, 60), (50.0, 4.6, 4.0), (1000.0, 0.0, 230.0))

# finding: (error, cause, kind, score, confirmed, truth row, prediction row)
ERRORS = (
    ("missed", Cause.NEURONS_MERGED, "shaft", np.nan, True, 3, pd.NA),
    ("missed", Cause.NO_SIGNAL, "spine_head", np.nan, pd.NA, 4, pd.NA),
    ("false", Cause.FALSE_SIGNAL, "unknown", 0.71, False, pd.NA, 13),
    ("missed", Cause.NO_CONTACT, "shaft", np.nan, True, 5, pd.NA),
    ("false", Cause.GT_PROBABLY_MISSING, "shaft", 0.93, pd.NA, pd.NA, 14),
    ("mistyped", Cause.WRONG_KIND, "soma", 0.55, True, 2, 12),
)


@dataclass(frozen=True)
class MemoryVolume:
    """A volume in memory."""

    array: Any
    grid: Grid
    channels: tuple[str, ...] | None = None


@dataclass(frozen=True)
class MemoryResults:
    """A run in memory."""

    config: ProjectConfig
    grid: Grid
    volumes: Mapping[str, MemoryVolume]
    truth: pd.DataFrame | None = None
    synapses: pd.DataFrame | None = None
    candidates: pd.DataFrame | None = None
    contacts: pd.DataFrame | None = None
    matches: pd.DataFrame | None = None
    findings: pd.DataFrame | None = None
    evaluation: Mapping[str, Any] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    has_model: bool = True
    is_package: bool = False


def cleft_voxel(row: int) -> np.ndarray:
    """Where the synapse of table row ``row`` has its cleft; voxels differ per axis."""
    place = row % 10
    return np.array([place, 4 * place + 3, 7 * place + 5])


def _synapses(rows: list[int], grid: Grid) -> pd.DataFrame:
    frame = pd.DataFrame(
        {"row": rows, "pre_segment": 7, "post_segment": [20 + row for row in rows], "kind": "shaft"}
    )
    for offset, end in zip((-4, 0, 5), ENDS, strict=True):
        voxels = np.array([np.add(cleft_voxel(row), (0, 0, offset)) for row in rows])
        frame = with_points(frame, end, grid.to_nm(voxels))
    return frame


def make_findings(grid: Grid = GRID) -> pd.DataFrame:
    """The six errors, with places of their truth or prediction."""
    rows = []
    for number, (error, cause, kind, score, confirmed, truth, found) in enumerate(ERRORS, 101):
        place = _synapses([truth if truth is not pd.NA else found], grid).iloc[0].to_dict()
        stage = STAGE_OF_CAUSE[cause]
        rows.append(
            {
                **place,
                **{f"{s}_outcome": "fail" if s == stage else "pass" for s in Stage},
                **{f"{s}_evidence": f"evidence of {s}" for s in Stage},
                "finding": number,
                "fault": number,
                "error": error,
                "stage": str(stage),
                "cause": str(cause),
                "confirmed": confirmed,
                "truth_row": truth,
                "prediction_row": found,
                "kind": kind,
                "score": score,
                "summary": f"Summary of {number}.",
                "fix": f"the oracle of {stage}",
                "refusal": "",
                "fix_set": str(stage),
                **dict.fromkeys(("suspect_truth", "peak", "threshold"), np.nan),
                **dict.fromkeys(("candidate", "contact", "side_effects"), pd.NA),
            }
        )
    return conform(pd.DataFrame(rows).drop(columns="row"), FINDINGS)


def make_results(grid: Grid = GRID) -> MemoryResults:
    """A whole run on ``grid``: segment 7 left of each place, others right of it."""
    rng = np.random.default_rng(0)
    segmentation = np.full(grid.shape, 7, np.uint64)
    segmentation[:, :, grid.shape[2] // 2 :] = 23
    truth = _synapses([1, 2, 3, 4, 5, 6], grid).assign(synapse=pd.NA, ignore=False)
    found = _synapses([11, 12, 13, 14], grid)
    found = found.assign(score=0.8, candidate=1, contact=1)
    outcomes = [(1, 11, "tp"), (2, 12, "tp"), *((r, pd.NA, "fn") for r in (3, 4, 5, 6))]
    outcomes += [(pd.NA, 13, "fp"), (pd.NA, 14, "fp")]
    matches = pd.DataFrame(outcomes, columns=["truth_row", "prediction_row", "outcome"])
    blank = dict.fromkeys(("cost_nm", "pre_nm", "cleft_nm", "post_nm"), 0.0)
    matches = matches.assign(**blank, refusal="", refusals="", refused_row=pd.NA)
    prediction = rng.integers(0, 255, (2, *grid.shape), dtype=np.uint8)
    masks = (
        Mask(name="cleft", role=Role.SYNAPSE, source=Source(path="cleft.zarr")),
        Mask(name="mito", role=Role.MITOCHONDRION, source=Source(path="mito.zarr")),
    )
    return MemoryResults(
        config=ProjectConfig(
            name="toy",
            voxel_size_nm=grid.voxel_size_nm,
            offset_nm=grid.offset_nm,
            raw=Source(path="raw.zarr"),
            segmentation=Source(path="seg.zarr"),
            truth="truth.csv",
            masks=masks,
        ),
        grid=grid,
        volumes={
            "raw": MemoryVolume(rng.integers(90, 200, grid.shape, dtype=np.uint8), grid),
            "segmentation": MemoryVolume(segmentation, grid),
            "prediction": MemoryVolume(prediction, grid, ("cleft", "mito")),
            "mask:cleft": MemoryVolume((prediction[0] > 200).astype(np.uint8), grid),
        },
        truth=conform(truth, TRUTH),
        synapses=conform(found, PREDICTION),
        matches=conform(matches, MATCHES),
        findings=make_findings(grid),
    )


@pytest.fixture(autouse=True)
def own_preferences(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Preferences of the tests lie in a folder of their own, empty for each test."""
    folder = str(tmp_path_factory.mktemp("preferences"))
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, folder)


def make_project(folder: Path) -> Path:
    """The embedded sample with a run of 10 errors: truths that were missed, every third false."""
    shutil.copytree(sample_folder(), folder)
    project = load_project(folder)
    truth = project.truth().iloc[:10].reset_index(drop=True)
    is_false = np.arange(10) % 3 == 2
    texts = {name: "" for name, dtype in FINDINGS.items() if dtype == "str"}
    table = empty(FINDINGS).reindex(range(10)).assign(**texts)
    table["error"] = np.where(is_false, "false", "missed")
    table["stage"] = str(Stage.CLASSIFIER)
    table["cause"] = np.where(is_false, str(Cause.FALSE_SIGNAL), str(Cause.WEAK_SIGNAL))
    table["truth_row"] = truth["row"].astype("Int64").mask(is_false)
    table["prediction_row"] = pd.Series(range(1, 11), dtype="Int64").where(is_false)
    table["score"] = np.where(is_false, np.linspace(0, 0.9, 10), np.nan)
    for name in ("finding", "fault"):
        table[name] = np.arange(1, 11)
    for name in ("kind", "pre_segment", "post_segment"):
        table[name] = truth[name]
    for end in ENDS:
        table = with_points(table, end, points(truth, end))
    write_table(conform(table, FINDINGS), project.run_folder("main") / "findings.parquet")
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project on disk with ten errors."""
    return make_project(tmp_path / "project")


@pytest.fixture
def grid() -> Grid:
    """The grid of the small run."""
    return GRID


@pytest.fixture
def results() -> MemoryResults:
    """The small run."""
    return make_results()


@pytest.fixture
def results_on() -> Callable[[Grid], MemoryResults]:
    """The small run on any grid."""
    return make_results


@pytest.fixture
def findings() -> pd.DataFrame:
    """Its six errors, numbered from 101."""
    return make_findings()


@pytest.fixture
def plain_dock(project, qtbot):
    """The Debug dock with the project of ten errors open; it is not shown."""
    made = debug_dock.DebugDock(viewer := ViewerModel())
    made.viewer_kept = viewer  # the desk holds it weakly
    qtbot.addWidget(made)
    made._desk.runner.open(project)
    yield made
    made._desk.close()


@pytest.fixture
def viewer():
    """A viewer without a window."""
    return ViewerModel()


@pytest.fixture
def dock(viewer, project, qtbot):
    """The Debug dock with the project of ten errors open; its list has the focus."""
    made = debug_dock.DebugDock(viewer)
    qtbot.addWidget(made)
    desk = desk_of(viewer)
    desk.flight.is_on = False
    desk.runner.open(project)
    made.resize(520, 900)
    made.show()
    made.activateWindow()  # shortcuts are of the active window
    made.view.setFocus()
    qtbot.waitUntil(made.view.hasFocus)
    yield made
    desk.close()


@pytest.fixture
def desk(dock, viewer):
    """What is behind that dock."""
    return desk_of(viewer)


@pytest.fixture(scope="session")
def _trained_toy(tmp_path_factory):
    """The toy of the pipeline's tests with a model of a few steps, all of it run."""
    folder = tmp_path_factory.mktemp("again") / "project"
    make_toy(folder)
    tiny = {"patch_vx": [6, 32, 32], "batch_size": 1, "device": "cpu", "steps": 3}
    change_params(folder, {"train": tiny, "predict": {"device": "cpu"}})
    run_steps(folder, STEPS)
    return folder


@pytest.fixture
def toy_project(_trained_toy, tmp_path):
    """The toy of the pipeline's tests, all of it run by a model of three steps."""
    return Path(shutil.copytree(_trained_toy, tmp_path / "toy"))


@pytest.fixture
def toy_dock(toy_project, qtbot, monkeypatch):
    """The Debug dock with the toy open."""
    viewer = ViewerModel()
    desk = Desk(viewer, product_backend)
    desk.viewer_kept = viewer  # the desk holds it weakly
    monkeypatch.setattr(debug_dock, "desk_of", lambda viewer: desk)
    made = debug_dock.DebugDock(viewer)
    qtbot.addWidget(made)
    desk.runner.open(toy_project)
    made.show()
    yield made
    desk.close()
