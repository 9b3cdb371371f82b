"""Annotated boxes that are added to a project, and those that are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import yaml

from napari_synapse_debug.domain.errors import InputError, ProjectError
from napari_synapse_debug.domain.project import Mask, Source
from napari_synapse_debug.domain.roles import ClassSpec, Role
from napari_synapse_debug.io import load_project
from napari_synapse_debug.pipeline import annotate_again, annotate_box, create_project

SHAPE = (6, 20, 25)
TRUTH = """\
pre_z_nm,pre_y_nm,pre_x_nm,post_z_nm,post_y_nm,post_x_nm,kind
120,80,50,120,80,150,{0}
40,40,150,40,40,50,{1}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, which is the working directory, with volumes of one shape and some of others."""
    with h5py.File(tmp_path / "volumes.h5", "w") as file:
        file["raw"] = np.arange(np.prod(SHAPE), dtype=np.uint16).reshape(SHAPE)
        file["clefts"] = np.zeros(SHAPE, np.uint16)
        file["mito"] = np.zeros(SHAPE, np.uint8)
        file["floats"] = np.zeros(SHAPE, np.float32)
        signed = np.zeros(SHAPE, np.int16)
        signed[4, 3, 21] = -1
        file["signed"] = signed
        file["other_raw"] = np.arange(8 * 9 * 10, dtype=np.uint16).reshape(8, 9, 10)
        file["other_clefts"] = np.zeros((8, 9, 10), np.uint8)
    (tmp_path / "truth.csv").write_text(TRUTH.format("shaft", "unknown"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def create(folder: Path) -> Callable[..., Path]:
    """Makes ``project`` with one class and the lower half to train on."""

    def make(**changes: Any) -> Path:
        named = {
            "raw": "volumes.h5:raw",
            "voxel_size_nm": (40.0, 8.0, 10.0),
            "masks": {"cleft:synapse": "volumes.h5:clefts"},
            "train_box": "0:6,0:10,0:25",
            **changes,
        }
        return create_project(folder / "project", **named)

    return make


def test_a_box_is_added_and_kept(create: Callable[..., Path], folder: Path) -> None:
    project = create()
    assert load_project(project).config.annotations == ()
    annotate_box(
        project,
        " 1:3, 10:20,0:25",
        masks={"cleft": None, "mito:mitochondrion": "volumes.h5:mito"},
        truth="truth.csv",
        use="validation",
    )
    (added,) = load_project(project).config.annotations
    file = str(folder / "volumes.h5")
    assert added.box == "1:3,10:20,0:25"
    assert added.use == "validation"
    assert added.truth == str(folder / "truth.csv")
    assert added.masks == (
        Mask(name="cleft", role=Role.SYNAPSE, source=Source(path=file, dataset="clefts")),
        Mask(name="mito", role=Role.MITOCHONDRION, source=Source(path=file, dataset="mito")),
    )
    assert load_project(project).config.classes == (
        ClassSpec("cleft", Role.SYNAPSE),
        ClassSpec("mito", Role.MITOCHONDRION),
    )


def test_without_masks_all_of_the_project_are_meant_and_with_rows_none(
    create: Callable[..., Path],
) -> None:
    project = create()
    assert annotate_box(project, "0:1,10:20,0:25").masks is None
    assert annotate_box(project, "1:2,10:20,0:25", truth="truth.csv").masks == ()
    assert len(load_project(project).config.annotations) == 2


def test_paths_inside_the_project_are_relative(create: Callable[..., Path], folder: Path) -> None:
    project = create()
    (folder / "volumes.h5").rename(project / "volumes.h5")
    (project / "project.yaml").write_text(
        (project / "project.yaml").read_text().replace(f"{folder}/volumes.h5", "volumes.h5")
    )
    annotate_box(project, "0:1,10:20,0:25", masks={"cleft": "project/volumes.h5:clefts"})
    written = yaml.safe_load((project / "project.yaml").read_text())["annotations"]
    assert written[0]["masks"][0]["source"] == {"path": "volumes.h5", "dataset": "clefts"}


def test_several_boxes_are_named_when_the_project_is_made(create: Callable[..., Path]) -> None:
    config = load_project(
        create(
            more_train_boxes=["0:6,10:12,0:25"],
            validation_boxes=["0:3,12:20,0:25", "3:6,12:20,0:25"],
        )
    ).config
    assert [(a.use, a.box) for a in config.annotated] == [
        ("train", "0:6,0:10,0:25"),
        ("train", "0:6,10:12,0:25"),
        ("validation", "0:3,12:20,0:25"),
        ("validation", "3:6,12:20,0:25"),
    ]


@pytest.mark.parametrize(
    ("kinds", "names"),
    [
        (("unknown", "unknown"), ["synapse"]),
        (("shaft", "unknown"), ["shaft"]),
        (("shaft", "soma"), ["shaft", "soma"]),
    ],
)
def test_the_kinds_of_the_rows_are_the_classes_where_no_mask_marks_synapses(
    create: Callable[..., Path], folder: Path, kinds: tuple[str, str], names: list[str]
) -> None:
    (folder / "truth.csv").write_text(TRUTH.format(*kinds))
    masks = {"mito:mitochondrion": "volumes.h5:mito"}
    config = load_project(create(masks=masks, truth="truth.csv")).config
    assert [spec.name for spec in config.classes] == ["mito", *names]
    assert config.annotated[0].truth == config.truth


def test_classes_of_points_may_be_named(create: Callable[..., Path]) -> None:
    config = load_project(create(truth="truth.csv", point_classes=["psd:shaft"])).config
    assert config.classes == (ClassSpec("cleft", Role.SYNAPSE), ClassSpec("psd", Role.SHAFT))


def test_a_project_of_before_still_loads(create: Callable[..., Path]) -> None:
    path = create() / "project.yaml"
    content = yaml.safe_load(path.read_text())
    for name in ("annotations", "point_classes"):
        del content[name]
    del content["params"]["targets"]
    path.write_text(yaml.safe_dump(content))
    config = load_project(path).config
    assert [a.box for a in config.annotated] == ["0:6,0:10,0:25"]
    assert [spec.name for spec in config.classes] == ["cleft"]


@pytest.mark.parametrize(
    ("box", "named", "text"),
    [
        ("0:7,10:20,0:25", {}, r"reaches out.*0:7,10:20,0:25.*for example 0:6,10:20,0:25"),
        ("9:12,10:20,0:25", {}, r"reaches out of its raw volume"),
        ("0:0,10:20,0:25", {}, r"box is empty"),
        ("0:6,10:20,0:25", {"masks": {"cleft": "volumes.h5:floats"}}, r"type float32.*whole"),
        ("0:6,10:20,0:25", {"masks": {"cleft": "volumes.h5:signed"}}, r"negative.*\(4, 3, 21\)"),
        (
            "0:6,10:20,0:25",
            {"masks": {"cleft": "volumes.h5:other_clefts"}},
            r"mask 'cleft'.*another shape.*\(8, 9, 10\).*\(6, 20, 25\).*\(6, 10, 25\)",
        ),
        ("0:6,10:20,0:25", {"masks": {"gap": "volumes.h5:clefts"}}, r"role of class 'gap'"),
        ("0:6,10:20,0:25", {"masks": {"cleft:soma": "volumes.h5:clefts"}}, r"two roles.*soma"),
        ("0:4,0:9,0:10", {"raw": "volumes.h5:other_raw"}, r"voxel size of .* is not known"),
        (
            "0:4,0:9,0:10",
            {"raw": "volumes.h5:other_raw", "voxel_size_nm": (40.0, 8.0, 10.0)},
            r"names no masks.*--mask CLASS",
        ),
    ],
)
def test_a_box_that_does_not_fit_is_refused_and_not_added(
    create: Callable[..., Path], box: str, named: dict[str, Any], text: str
) -> None:
    project = create()
    with pytest.raises(InputError, match=text):
        annotate_box(project, box, **named)
    assert load_project(project).config.annotations == ()


def test_a_box_that_is_refused_leaves_the_file_as_it_was(create: Callable[..., Path]) -> None:
    project = create()
    annotate_box(project, "0:6,10:20,0:25")
    path = project / "project.yaml"
    path.write_text(path.read_text() + "# written by hand\n")
    before = path.read_bytes()
    with pytest.raises(InputError, match="two roles"):
        annotate_again(project, "0:6,10:20,0:25", masks={"cleft:soma": "volumes.h5:clefts"})
    assert path.read_bytes() == before


def test_a_mask_that_the_project_lacks_is_named(create: Callable[..., Path]) -> None:
    project = create()
    with pytest.raises(ProjectError, match=r"no mask 'mito'.*cleft.*--mask mito:synapse="):
        annotate_box(project, "0:6,10:20,0:25", masks={"mito": None})


def test_boxes_that_spoil_the_score_are_refused(create: Callable[..., Path]) -> None:
    project = create(eval_box="0:6,15:20,0:25")
    annotate_box(project, "0:6,10:12,0:25", use="validation")
    for box, use, text in (
        ("0:6,9:10,0:25", "validation", r"training box .* and the validation box .* overlap"),
        ("0:6,11:13,0:25", "train", r"validation box .* and the training box .* overlap"),
        ("5:6,14:16,0:9", "train", r"training box 5:6,14:16,0:9 and the evaluation box overlap"),
    ):
        with pytest.raises(ProjectError, match=text):
            annotate_box(project, box, use=use)
    annotate_box(project, "0:6,9:10,0:25")
    assert len(load_project(project).config.annotations) == 2


def test_boxes_of_another_volume_may_have_the_same_numbers(create: Callable[..., Path]) -> None:
    project = create(eval_box="0:6,15:20,0:25")
    annotate_box(
        project,
        "0:6,0:9,0:10",
        use="validation",
        raw="volumes.h5:other_raw",
        voxel_size_nm=(40.0, 8.0, 10.0),
        masks={"cleft": "volumes.h5:other_clefts"},
    )
    assert len(load_project(project).config.annotations) == 1


def test_a_box_that_cannot_be_read_in_the_file_is_named(create: Callable[..., Path]) -> None:
    project = create()
    annotate_box(project, "0:6,10:20,0:25")
    path = project / "project.yaml"
    path.write_text(path.read_text().replace("0:6,10:20,0:25", "0:6,10-20,0:25"))
    with pytest.raises(ProjectError, match=r"annotations\.0\.box cannot be used.*0:6,10-20,0:25"):
        load_project(project)
