from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from napari_synapse_debug.domain.errors import ProjectError
from napari_synapse_debug.domain.project import ProjectConfig, Source
from napari_synapse_debug.io.ome_zarr import write_volume
from napari_synapse_debug.io.project import Project
from napari_synapse_debug.io.project_file import create_project


@pytest.fixture
def project(tmp_path: Path, config: ProjectConfig) -> Project:
    return create_project(tmp_path / "toy", config)


def test_volumes_have_the_grid_of_the_project(project: Project, values: np.ndarray) -> None:
    raw, segmentation, mask = project.raw(), project.segmentation(), project.mask("cleft")
    assert raw.grid == segmentation.grid == mask.grid
    assert raw.grid.voxel_size_nm == project.config.voxel_size_nm
    np.testing.assert_array_equal(segmentation.read(raw.grid.box), values)
    np.testing.assert_array_equal(mask.read(raw.grid.box), values > 200)
    assert pickle.loads(pickle.dumps(project)) == project


def test_what_the_project_lacks_is_told(project: Project) -> None:
    with pytest.raises(ProjectError, match="no true_segmentation"):
        project.true_segmentation()
    with pytest.raises(ProjectError, match=r"no mask 'mito'.*Found: cleft"):
        project.mask("mito")
    with pytest.raises(ProjectError, match="no extra layer 'blood'"):
        project.extra_layer("blood")
    with pytest.raises(ProjectError, match="no truth"):
        project.truth()


def test_folders_of_models_and_runs(project: Project) -> None:
    assert (project.models, project.runs) == ((), ())
    for folder in (project.run_folder("b"), project.run_folder("a 2"), project.model_folder("m")):
        folder.mkdir(parents=True)
    assert project.runs == ("a 2", "b")
    assert project.models == ("m",)
    assert project.run_folder("b") == project.folder / "runs" / "b"
    assert project.review_path.parent == project.folder


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "..\\a", "c:"])
def test_names_that_leave_the_folder_are_refused(project: Project, name: str) -> None:
    with pytest.raises(ProjectError, match="cannot be named"):
        project.run_folder(name)


def test_a_single_channel_is_the_volume(project: Project, values: np.ndarray) -> None:
    grid = project.raw().grid
    write_volume(project.folder / "a.zarr", values[None], grid, channels=("em",))
    config = project.config.model_copy(update={"raw": Source(path="a.zarr")})
    raw = Project(project.folder, config).raw()
    assert raw.channels is None
    np.testing.assert_array_equal(raw.read(grid.box), values)


def test_a_project_can_be_moved(tmp_path: Path, config: ProjectConfig, sample: Path) -> None:
    folder = tmp_path / "toy"
    folder.mkdir()
    shutil.move(sample, folder / "sample.h5")
    inside = config.model_copy(
        update={
            "raw": Source(path=str(folder / "sample.h5"), dataset="volumes/raw"),
            "segmentation": None,
            "masks": (),
        }
    )
    project = create_project(folder, inside)
    assert project.config.raw.path == "sample.h5"
    moved = folder.rename(tmp_path / "elsewhere")
    assert Project(moved, project.config).raw().grid.shape == (5, 13, 22)
