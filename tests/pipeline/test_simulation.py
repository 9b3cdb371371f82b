from __future__ import annotations

from pathlib import Path

import pytest

from napari_synapse_debug.domain.errors import ProjectError
from napari_synapse_debug.domain.params import SimulateParams
from napari_synapse_debug.io import load_project, read_table
from napari_synapse_debug.pipeline import describe_project, simulate_project
from napari_synapse_debug.pipeline.simulation import PLANTED

PARAMS = SimulateParams(shape_vx=(24, 280, 160), synapses_per_um3=12, planted=1, seed=3)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated") / "project"
    simulate_project(folder, PARAMS)
    return folder


def test_a_simulated_project_is_ready_to_run(simulated: Path) -> None:
    project = load_project(simulated)
    assert project.raw().grid.shape == PARAMS.shape_vx
    assert project.segmentation().grid == project.true_segmentation().grid == project.raw().grid
    train, judged = project.config.box("train"), project.config.box("eval")
    assert train is not None
    assert judged is not None
    assert not train.overlaps(judged)
    assert any(spec.role.is_synapse for spec in project.config.classes)
    assert len(project.truth()) >= 4
    assert len(describe_project(simulated)) >= 8


def test_planted_errors_are_written_down(simulated: Path) -> None:
    events = read_table(simulated / PLANTED)
    assert len(events) >= 1
    assert {"stage", "cause", "error", "description", "truth_row", "cleft_z_nm"} <= set(events)


def test_a_simulation_never_overwrites_a_project(simulated: Path) -> None:
    before = (simulated / "truth.csv").read_bytes()
    with pytest.raises(ProjectError, match="There is a project already"):
        simulate_project(simulated, PARAMS.model_copy(update={"seed": 4}))
    assert (simulated / "truth.csv").read_bytes() == before
