from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.project import Annotation, Mask, ProjectConfig, Source
from napari_synapse_debug.domain.records import TRUTH, empty, with_points
from napari_synapse_debug.domain.roles import Role
from napari_synapse_debug.io import checks, save_config, write_volume
from napari_synapse_debug.io.annotation_checks import check_annotations
from napari_synapse_debug.io.project import Project
from napari_synapse_debug.io.project_checks import check_points, check_project
from napari_synapse_debug.io.project_file import create_project

GRID = Grid((4, 100, 300), (50.0, 5.0, 4.0), (1000.0, 0.0, 0.0))


def truth(points_nm: np.ndarray) -> pd.DataFrame:
    table = empty(TRUTH).reindex(range(len(points_nm))).assign(row=range(1, len(points_nm) + 1))
    for end in ("pre", "cleft", "post"):
        table = with_points(table, end, points_nm)
    return table


@pytest.fixture
def inside() -> np.ndarray:
    index = np.random.default_rng(3).integers((0, 0, 100), GRID.shape, (20, 3))
    return GRID.to_nm(index)


def test_points_inside_pass(inside: np.ndarray) -> None:
    check_points(truth(inside), GRID, "truth")


def test_single_points_outside_are_listed_by_row(inside: np.ndarray) -> None:
    table = truth(inside)
    table.loc[7, "post_y_nm"] = 600.0
    with pytest.raises(InputError, match=r"1 of 20 .*row 8: .*600\.0.*correct or remove"):
        check_points(table, GRID, "truth")


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        (lambda p: p[:, ::-1], "z and x seem to be exchanged"),
        (lambda p: p[:, [1, 0, 2]], "z and y seem to be exchanged"),
        (GRID.to_fraction, "in voxels"),
        (lambda p: p / 1000, "in µm"),
        (lambda p: p - (1000, 0, 0), "add the offset"),
        (lambda p: p * 77, "check the order of the axes"),
    ],
)
def test_points_that_are_mostly_outside_are_explained(inside, change, advice: str) -> None:
    with pytest.raises(InputError, match=rf"\d+ of 20.*{advice}"):
        check_points(truth(change(inside)), GRID, "truth")


@pytest.fixture
def project(tmp_path: Path, config: ProjectConfig) -> Project:
    return create_project(tmp_path / "toy", config)


def changed(project: Project, **change: object) -> Project:
    return Project(project.folder, project.config.model_copy(update=change))


def test_a_sound_project_passes(project: Project, csv: Callable[..., Path]) -> None:
    path = csv("1,2,50,4.6,9,50,9.2,9,50,13.8,9")
    check_project(changed(project, truth=str(path)))


def test_shapes_that_differ_are_told_with_both_names(project: Project, sample: Path) -> None:
    check_project(project)
    with h5py.File(sample, "r+") as file:
        file.create_dataset("cut", data=np.zeros((5, 13, 20), np.uint32))
    cut = Source(path=str(sample), dataset="cut")
    with pytest.raises(InputError, match=r"segmentation.*cut: \(5, 13, 20\).*raw: \(5, 13, 22\)"):
        check_project(changed(project, segmentation=cut))
    mask = project.config.masks[0].model_copy(update={"source": cut})
    with pytest.raises(InputError, match="mask 'cleft' has another shape"):
        check_project(changed(project, masks=(mask,)))


def test_floats_are_no_segmentation(project: Project, sample: Path) -> None:
    with h5py.File(sample, "r+") as file:
        file.create_dataset("soft", data=np.zeros((5, 13, 22), np.float32))
    soft = Source(path=str(sample), dataset="soft")
    with pytest.raises(InputError, match="float32"):
        check_project(changed(project, true_segmentation=soft))


def test_boxes_and_points_outside_are_refused(project: Project, csv: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match=r"train box reaches out.*for example 0:5,0:13,0:22"):
        check_project(changed(project, train_box="0:9,0:13,0:22"))
    with pytest.raises(InputError, match="eval box reaches out"):
        check_project(changed(project, eval_box="9:12,0:13,0:22"))
    path = csv("1,2,50,4.6,9,50,9.2,9,50,13.8,9000")
    with pytest.raises(InputError, match=r"1 of 1 synapses in .*truth\.csv"):
        check_project(changed(project, truth=str(path)))


def test_a_segmentation_of_larger_voxels_is_used_and_said(project, caplog, tmp_path):
    ids = np.arange(1, 1 + 5 * 7 * 11, dtype=np.uint32).reshape(5, 7, 11)
    with h5py.File(tmp_path / "coarse.h5", "w") as file:
        file["ids"] = ids
    assert project.raw().grid.shape == (5, 13, 22)
    source = Source(path=str(tmp_path / "coarse.h5"), dataset="ids")
    coarse = changed(project, segmentation=source)

    check_project(coarse)

    assert "has other voxels than the raw volume" in caplog.text
    seen = coarse.segmentation()
    assert seen.grid == coarse.raw().grid
    assert np.array_equal(seen.array[...], ids.repeat(2, axis=1)[:, :13].repeat(2, axis=2))


def test_what_must_be_read_through_is_read_once_until_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = Grid((4, 10, 12), (40.0, 8.0, 8.0))
    grey, mask = np.ones(grid.shape, np.float32), np.zeros(grid.shape, np.int16)
    write_volume(tmp_path / "raw.zarr", grey, grid)
    write_volume(tmp_path / "cleft.zarr", mask, grid)
    cleft = Mask(name="cleft", role=Role.SYNAPSE, source=Source(path="cleft.zarr"))
    boxes = ("0:1,0:10,0:12", "1:2,0:10,0:12", "2:3,0:10,0:12")
    config = ProjectConfig(
        name="toy",
        voxel_size_nm=grid.voxel_size_nm,
        raw=Source(path="raw.zarr"),
        masks=(cleft,),
        annotations=tuple(Annotation(box=box, masks=(cleft,)) for box in boxes),
    )
    project = Project(tmp_path, config)
    read: list[str] = []
    blocks = checks._blocks
    monkeypatch.setattr(checks, "_blocks", lambda v: read.append(v.name) or blocks(v))

    check_project(project)
    assert sorted(read) == ["cleft.zarr", "raw.zarr"], "not once more for each box"
    assert not (tmp_path / "runs").exists(), "the project is not there yet"

    save_config(project)
    check_project(project)
    assert len(read) == 4
    for _ in range(2):
        check_project(project)
        check_annotations(project)
    assert len(read) == 4

    mask[1, 2, 3] = -1
    write_volume(tmp_path / "cleft.zarr", mask, grid)
    for _ in range(2):  # what failed is not remembered
        with pytest.raises(InputError, match=r"negative value at voxel \(1, 2, 3\)"):
            check_project(project)
    assert read[4:] == ["cleft.zarr"] * 2
    (tmp_path / "runs/.sound.json").write_text("{")
    with pytest.raises(InputError, match="negative value"):
        check_project(project)
    assert read[6:] == ["raw.zarr", "cleft.zarr"]
