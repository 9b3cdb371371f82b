"""Boxes and points on the command line, and packages that are none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from napari_synapse_debug.io import load_project

Call = Callable[..., Any]


@pytest.fixture
def boxed(volumes: Path, call: Call) -> Path:
    """A project of rows alone with two training boxes and one for validation."""
    told = call(
        *("init", "project", "--raw", "raw.zarr", "--truth", "truth.csv"),
        *("--train-box", "0:3,0:40,0:50", "--train-box", "3:4,0:40,0:50"),
        *("--validation-box", "4:5,0:40,0:50"),
    )
    assert (told.code, told.err) == (0, "")
    return volumes / "project"


def test_boxes_and_points_are_named_when_a_project_is_made(boxed: Path) -> None:
    config = load_project(boxed).config
    assert [spec.name for spec in config.classes] == ["synapse"]
    assert [(a.use, a.box[:3], a.truth) for a in config.annotated] == [
        ("train", "0:3", config.truth),
        ("train", "3:4", config.truth),
        ("validation", "4:5", config.truth),
    ]


def test_a_box_is_added(boxed: Path, call: Call) -> None:
    told = call(
        *("annotate", "project", "--box", "5:8,0:40,0:50", "--use", "validation"),
        *("--mask", "cleft:synapse=sample.h5:labels/clefts", "--truth", "truth.csv"),
    )
    assert (told.code, told.err) == (0, "")
    assert told.out == "Added: validation box 5:8,0:40,0:50\n"
    added = load_project(boxed).config.annotations[-1]
    assert [mask.name for mask in added.masks or ()] == ["cleft"]


@pytest.mark.parametrize(
    ("arguments", "texts"),
    [
        (("--box", "5:8,0:40,0:50", "--use", "test"), ("--use", "train or validation")),
        (("--box", "5:9,0:40,0:50"), ("reaches out", "5:8,0:40,0:50")),
        (("--box", "2:8,0:40,0:50", "--use", "validation"), ("overlap",)),
        (("--box", "5:8,0:40,0:50", "--mask", "mito"), ("no mask 'mito'",)),
        (("--box", "5:8,0:40,0:50", "--mask", "a:soma=sample.h5:float_ids"), ("float32",)),
        (("--box", "5:8,0:40,0:50", "--mask", "a:soma=sample.h5:short"), ("another shape",)),
    ],
)
def test_a_box_that_does_not_fit_is_one_error(
    boxed: Path, call: Call, arguments: tuple[str, ...], texts: tuple[str, ...]
) -> None:
    before = load_project(boxed).config
    call("annotate", "project", *arguments).assert_one_error(*texts)
    assert load_project(boxed).config == before


def test_a_package_that_is_none_is_one_error(boxed: Path, call: Call) -> None:
    call("import", "project", "truth.csv").assert_one_error("cannot be read as a package")
    call("export", "project", "net.zip").assert_one_error("no model")
