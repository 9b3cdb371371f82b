from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import yaml

from napari_synapse_debug.domain.errors import InputError, ProjectError
from napari_synapse_debug.domain.roles import Role
from napari_synapse_debug.io import load_project
from napari_synapse_debug.pipeline import create_project

SHAPE = (6, 20, 25)


@pytest.fixture
def volumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, which is the working directory, with one HDF5 file that tells no voxel size."""
    with h5py.File(tmp_path / "volumes.h5", "w") as file:
        file["raw"] = np.full(SHAPE, 7, np.uint8)
        file["labels/ids"] = np.ones(SHAPE, np.uint64)
        file["labels/clefts"] = np.zeros(SHAPE, np.uint16)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def create(volumes: Path) -> Callable[..., Path]:
    """Makes ``project`` from the file; keyword arguments change what is named."""

    def make(folder: str = "project", **changes: Any) -> Path:
        named = {"raw": "volumes.h5:raw", "voxel_size_nm": (40.0, 8.0, 10.0), **changes}
        return create_project(volumes / folder, **named)

    return make


def test_everything_that_is_named_is_kept(create: Callable[..., Path]) -> None:
    folder = create(
        segmentation="volumes.h5:labels/ids",
        masks={"cleft:synapse": "volumes.h5:labels/clefts", "soma": "volumes.h5:labels/clefts"},
        extra_layers={"more": "volumes.h5:labels/ids"},
        train_box=" 0:2, 0:20,0:25",
        eval_box="2:6,0:20,0:25",
    )
    config = load_project(folder).config
    assert config.voxel_size_nm == (40, 8, 10)
    assert [(c.name, c.role) for c in config.classes] == [
        ("cleft", Role.SYNAPSE),
        ("soma", Role.SOMA),
    ]
    assert (config.train_box, config.eval_box) == ("0:2,0:20,0:25", "2:6,0:20,0:25")
    assert load_project(folder).segmentation().read(load_project(folder).raw().grid.box).all()
    assert load_project(folder).extra_layer("more").grid.shape == SHAPE


def test_boxes_that_touch_are_fine_and_those_that_overlap_are_refused(
    create: Callable[..., Path], volumes: Path
) -> None:
    with pytest.raises(ProjectError, match=r"overlap.*0:3,0:20,0:25 and 2:6,0:20,0:25"):
        create(train_box="0:3,0:20,0:25", eval_box="2:6,0:20,0:25")
    assert not (volumes / "project").exists()
    create(train_box="0:3,0:20,0:25", eval_box="3:6,0:20,0:25")


def test_the_voxel_size_is_asked_for_where_the_file_does_not_tell(
    create: Callable[..., Path], volumes: Path
) -> None:
    with pytest.raises(InputError, match=r"voxel size of .* is not known.*--voxel-size z,y,x"):
        create(voxel_size_nm=None)
    with pytest.raises(InputError, match=r"voxel size cannot be used.*three positive"):
        create(voxel_size_nm=(40.0, 0.0, 8.0))
    assert not (volumes / "project").exists()


def test_paths_inside_the_folder_are_relative_and_others_absolute(
    create: Callable[..., Path], volumes: Path
) -> None:
    inside = volumes / "whole"
    inside.mkdir()
    (volumes / "volumes.h5").rename(inside / "volumes.h5")
    folder = create("whole", raw="whole/volumes.h5:raw")
    named = yaml.safe_load((folder / "project.yaml").read_text())["raw"]
    assert named == {"path": "volumes.h5", "dataset": "raw"}
    moved = inside.rename(volumes / "moved elsewhere")
    assert load_project(moved).raw().read(load_project(moved).raw().grid.box).max() == 7

    (moved / "volumes.h5").rename(volumes / "volumes.h5")
    folder = create("apart")
    assert str(volumes) in (folder / "project.yaml").read_text()
    assert load_project(folder).raw().grid.shape == SHAPE


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"raw": "volume.h5:raw"}, r"no file or folder .*volume\.h5.*did you mean volumes\.h5"),
        ({"raw": "volumes.h5:grey"}, r"grey.*labels/clefts.*labels/ids.*raw"),
        ({"raw": "volumes.h5"}, r"labels/clefts.*labels/ids.*raw"),
        ({"masks": {"gap": "volumes.h5:raw"}}, r"role of class 'gap'.*one of spine_head"),
        ({"train_box": "0:7,0:20,0:25"}, r"train box reaches out.*for example 0:6,0:20,0:25"),
        ({"eval_box": "0:0,0:20,0:25"}, r"box is empty"),
        ({"eval_box": "0-6,0:20,0:25"}, r"box cannot be read"),
        ({"truth": "truth.csv"}, r"truth\.csv"),
    ],
)
def test_what_cannot_be_used_is_refused_and_leaves_no_folder(
    create: Callable[..., Path], volumes: Path, changes: dict[str, Any], text: str
) -> None:
    with pytest.raises(InputError, match=text):
        create(**changes)
    assert not (volumes / "project").exists()


def test_a_project_is_not_overwritten(create: Callable[..., Path]) -> None:
    before = (create() / "project.yaml").read_bytes()
    with pytest.raises(ProjectError, match="holds a project already"):
        create(voxel_size_nm=(50.0, 8.0, 10.0))
    assert Path("project/project.yaml").read_bytes() == before
