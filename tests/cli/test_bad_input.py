"""Bad input, each: one message that says what to do, an exit code, and nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HDF5 = ("--raw", "sample.h5:raw", "--voxel-size", "40,8,10")
ZARR = ("--raw", "raw.zarr")

CASES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "wrong path": (
        ("--raw", "sampel.h5:raw", "--voxel-size", "40,8,10"),
        ("sampel.h5", "did you mean sample.h5"),
    ),
    "wrong data set": (
        ("--raw", "sample.h5:grey", "--voxel-size", "40,8,10"),
        ("grey", "labels/clefts", "labels/ids", "raw"),
    ),
    "no data set": (("--raw", "sample.h5", "--voxel-size", "40,8,10"), ("raw", "labels/ids")),
    "another shape": (
        (*HDF5, "--segmentation", "sample.h5:short"),
        ("(8, 40, 44)", "(8, 40, 50)", "the same shape"),
    ),
    "float segmentation": (
        (*HDF5, "--segmentation", "sample.h5:float_ids"),
        ("float32", "whole numbers"),
    ),
    "empty truth": ((*ZARR, "--truth", "empty.csv"), ("empty.csv",)),
    "no truth": ((*ZARR, "--truth", "turth.csv"), ("turth.csv",)),
    "box outside": (
        (*ZARR, "--eval-box", "0:9,0:40,0:50"),
        ("0:9,0:40,0:50", "within 0:8,0:40,0:50", "for example 0:8,0:40,0:50"),
    ),
    "boxes overlap": (
        (*ZARR, "--train-box", "0:4,0:40,0:50", "--eval-box", "3:8,0:40,0:50"),
        ("overlap", "0:4,0:40,0:50 and 3:8,0:40,0:50"),
    ),
    "box of another form": ((*ZARR, "--eval-box", "0:8,0:40"), ("six whole numbers",)),
    "points outside": (
        (*ZARR, "--truth", "far.csv"),
        ("1 of 4 synapses", "far.csv", "row 3", "correct or remove these rows"),
    ),
    "axes exchanged": (
        (*ZARR, "--truth", "xyz.csv"),
        ("4 of 4 synapses", "the columns z and x seem to be exchanged"),
    ),
    "NaN in raw": (
        ("--raw", "sample.h5:broken", "--voxel-size", "40,8,10"),
        ("NaN or infinity at voxel (2, 30, 4)",),
    ),
    "voxel size 0": (
        ("--raw", "sample.h5:raw", "--voxel-size", "40,0,10"),
        ("three positive numbers",),
    ),
    "voxel size of two numbers": (
        ("--raw", "sample.h5:raw", "--voxel-size", "40,8"),
        ("--voxel-size", "three numbers z,y,x"),
    ),
    "no voxel size": (("--raw", "sample.h5:raw"), ("voxel size", "--voxel-size z,y,x")),
    "mask without a name": ((*ZARR, "--mask", "ids.zarr"), ("--mask", "CLASS[:ROLE]=FILE")),
    "mask given twice": (
        (*ZARR, "--mask", "soma=ids.zarr", "--mask", "soma=ids.zarr"),
        ("soma", "twice"),
    ),
    "unknown role": ((*ZARR, "--mask", "gap=ids.zarr"), ("'gap'", "one of spine_head")),
    "no volume": (("--raw", "truth.csv"), ("truth.csv", "'.csv'")),
}


@pytest.fixture
def bad(volumes: Path) -> Path:
    """The volumes, and truths that are empty, too far away, or in another order of axes."""
    header, *rows = (volumes / "truth.csv").read_text().splitlines()
    (volumes / "empty.csv").write_text(header + "\n")
    far = [*rows[:2], rows[2].replace("350", "3500"), rows[3]]
    (volumes / "far.csv").write_text("\n".join([header, *far]) + "\n")
    exchanged = header.replace("_z_", "_w_").replace("_x_", "_z_").replace("_w_", "_x_")
    (volumes / "xyz.csv").write_text("\n".join([exchanged, *rows]) + "\n")
    return volumes


@pytest.mark.parametrize("case", CASES)
def test_a_project_cannot_be_made_of_it(bad: Path, call: Callable[..., Any], case: str) -> None:
    arguments, texts = CASES[case]
    call("init", "project", *arguments).assert_one_error(*texts)
    assert not (bad / "project").exists()


def test_a_traceback_is_printed_only_on_request(volumes: Path, call: Callable[..., Any]) -> None:
    arguments = ("init", "project", "--raw", "sample.h5:grey")
    call(*arguments).assert_one_error()
    for told in (call("--verbose", *arguments), call(*arguments, "-v")):
        assert told.code == 1
        assert told.err.count("Error: ") >= 1
        assert told.err.count("Traceback (most recent call last)") >= 1
        assert "InputError" in told.err


def test_a_second_project_leaves_the_first(project: Path, call: Callable[..., Any]) -> None:
    before = (project / "project.yaml").read_bytes()
    call("init", "project", "--raw", "raw.zarr").assert_one_error("holds a project already")
    assert (project / "project.yaml").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "texts"),
    [
        (("info", "nowhere"), ("nowhere is no project", "synapse-debug init")),
        (("contacts", "nowhere"), ("nowhere is no project",)),
        (("run", "project", "--set", "threshold=1"), ("threshold=1", "STEP.NAME=VALUE")),
        (("run", "project", "--set", "segment.size=1"), ("segment", "train, predict, contacts")),
        (("run", "project", "--set", "synapses.treshold=1"), ("treshold",)),
        (("run", "project", "--set", "synapses.threshold=7"), ("less than or equal to 1",)),
        (("run", "project", "--set", "contacts.block_vx=[1"), ("block_vx", "[1")),
        (("evaluate",), ("a project folder, or --prediction and --truth",)),
        (("evaluate", "project", "--prediction", "truth.csv"), ("a project and files",)),
        (("evaluate", "project", "--truth", "truth.csv"), ("a project and files",)),
        (("evaluate", "project", "--out", "elsewhere"), ("a project and files",)),
        (("diagnose", "project", "--box", "0:1,0:1,0:1"), ("a project and files",)),
        (("diagnose", "--prediction", "truth.csv"), ("no pair of tables",)),
        (
            ("evaluate", "--prediction", "a", "--truth", "b", "--set", "evaluate.rule=cremi"),
            ("are for a project", "--params judge.yaml"),
        ),
        (("run", "project", "--run", "b", "--from", "main"), ("no run 'main' to begin with",)),
        (("gaps", "project", "--nm", "8,wide"), ("8,wide", "--nm 0,8,16")),
    ],
)
def test_a_call_that_makes_no_sense_is_refused_before_a_worker_starts(
    project: Path, call: Callable[..., Any], arguments: tuple[str, ...], texts: tuple[str, ...]
) -> None:
    before = (project / "project.yaml").read_bytes()
    call(*arguments).assert_one_error(*texts)
    assert (project / "project.yaml").read_bytes() == before
    assert not (project / "runs").exists()


@pytest.mark.parametrize("arguments", [("init",), ("contacts", "project", "--sett", "1"), ("nix",)])
def test_wrong_usage_ends_with_2(call: Callable[..., Any], arguments: tuple[str, ...]) -> None:
    told = call(*arguments)
    assert told.code == 2
    assert "Usage" in told.err
    assert "Traceback" not in told.err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("raw: [\n", ("project.yaml cannot be read",)),
        ("name: toy\n", ("project.yaml", "voxel_size_nm", "nothing")),
        ("format: 2\n", ("newer version", "update")),
    ],
)
def test_a_damaged_project_file_is_named(
    project: Path, call: Callable[..., Any], text: str, expected: tuple[str, ...]
) -> None:
    (project / "project.yaml").write_text(text)
    call("info", "project").assert_one_error(*expected)


def test_no_display_is_said(
    project: Path, call: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    call("view", "project").assert_one_error("no display", "--picture window.png")
