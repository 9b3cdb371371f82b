from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from napari_synapse_debug.domain.errors import ProjectError
from napari_synapse_debug.domain.project import ProjectConfig, Source
from napari_synapse_debug.io.project import Project
from napari_synapse_debug.io.project_file import create_project, load_project, save_config


@pytest.fixture
def project(tmp_path: Path, config: ProjectConfig) -> Project:
    return create_project(tmp_path / "toy", config)


def test_loading_what_was_created_is_identity(project: Project) -> None:
    assert load_project(project.folder) == project
    assert load_project(project.folder / "project.yaml") == project


def test_saved_changes_are_loaded(project: Project) -> None:
    changed = Project(project.folder, project.config.model_copy(update={"eval_box": None}))
    assert load_project(project.folder) != changed
    save_config(changed)
    assert load_project(project.folder) == changed


def test_paths_are_relative_inside_and_absolute_outside(
    tmp_path: Path, config: ProjectConfig
) -> None:
    moved = config.model_copy(
        update={
            "raw": Source(path="toy/raw.h5", dataset="raw"),
            "extra_layers": {"blood": Source(path="blood.tif")},
            "truth": "toy/sub/../truth.csv",
        }
    )
    found = create_project(tmp_path / "toy", moved, base=tmp_path).config
    assert found.raw == Source(path="raw.h5", dataset="raw")
    assert found.truth == "truth.csv"
    assert found.extra_layers["blood"].path == str(tmp_path / "blood.tif")
    assert found.segmentation is not None
    assert found.segmentation.path == str(tmp_path / "sample.h5")


def test_an_existing_project_is_not_overwritten(project: Project, config: ProjectConfig) -> None:
    with pytest.raises(ProjectError, match="holds a project already"):
        create_project(project.folder, config)


def test_other_folders_are_no_projects(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"no project.*no project\.yaml in it"):
        load_project(tmp_path)
    with pytest.raises(ProjectError, match="no such folder"):
        load_project(tmp_path / "absent")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "newer version.*format 2"),
        ({"segmentatoin": None}, "not known.*segmentatoin"),
        ({"params": {"train": {"minuts": 3}}}, r"params\.train\.minuts"),
        ({"params": {"train": {"minutes": -3}}}, r"params\.train\.minutes.*Found: -3"),
        ({"voxel_size_nm": [1, 2]}, "voxel_size_nm"),
        ({"eval_box": "1:2"}, "eval_box cannot be used.*Found: '1:2'"),
    ],
)
def test_what_cannot_be_used_is_named(project: Project, change: dict, message: str) -> None:
    path = project.folder / "project.yaml"
    content = yaml.safe_load(path.read_text())
    assert load_project(project.folder) == project
    path.write_text(yaml.safe_dump(content | change))
    with pytest.raises(ProjectError, match=message):
        load_project(project.folder)


@pytest.mark.parametrize("text", ["a: [", "- 1", "", "\t"])
def test_broken_yaml_is_told(project: Project, text: str) -> None:
    (project.folder / "project.yaml").write_text(text)
    with pytest.raises(ProjectError, match="cannot be read"):
        load_project(project.folder)


def test_a_missing_name_is_told(project: Project) -> None:
    (project.folder / "project.yaml").write_text("name: toy\n")
    with pytest.raises(ProjectError, match=r"voxel_size_nm cannot be used\. Found: nothing"):
        load_project(project.folder)
