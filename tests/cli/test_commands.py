"""What the commands print when all is well."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import napari_synapse_debug
from napari_synapse_debug.cli.steps import _model_named, parse_settings
from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.io import load_project

COMMANDS = (
    *("init", "simulate", "info", "train", "predict", "contacts", "synapses"),
    *("evaluate", "diagnose", "report", "run", "view", "demo"),
)


def test_the_installed_program_tells_its_version(
    start: Callable[..., subprocess.Popen[str]], finish: Callable[..., Any]
) -> None:
    told = finish(start("--version"))
    assert (told.code, told.err) == (0, "")
    assert told.out == f"synapse-debug {napari_synapse_debug.__version__}\n"


def test_help_names_every_command(call: Callable[..., Any]) -> None:
    told = call("--help")
    assert told.code == 0
    for command in COMMANDS:
        assert re.search(rf"\b{command}\b", told.out), command
    assert "Usage" in call().out + call().err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(call: Callable[..., Any], command: str) -> None:
    told = call(command, "--help")
    assert told.code == 0
    assert "Usage" in told.out


def test_a_project_is_made_and_told(volumes: Path, call: Callable[..., Any]) -> None:
    told = call(
        *("init", "project", "--raw", "sample.h5:raw", "--voxel-size", "40,8,10"),
        *("--segmentation", "sample.h5:labels/ids", "--truth", "truth.csv"),
        *("--mask", "cleft:synapse=sample.h5:labels/clefts"),
        *("--extra-layer", "same=sample.h5:raw"),
        *("--train-box", "0:3,0:40,0:50", "--eval-box", "3:8,0:40,0:50"),
    )
    assert (told.code, told.err) == (0, "")
    assert f"Project: {volumes / 'project'}" in told.out
    assert "Next: synapse-debug run" in told.out

    told = call("info", "project")
    assert told.code == 0
    for text in ("8 × 40 × 50 voxels", "40 × 8 × 10 nm", "4 synapses", "cleft (synapse)"):
        assert text in told.out
    assert "0:3,0:40,0:50" in told.out


def test_without_a_project_the_machine_is_told(call: Callable[..., Any]) -> None:
    told = call("info")
    assert told.code == 0
    assert "napari-synapse-debug" in told.out
    assert "cores" in told.out


def test_a_step_runs_in_a_worker_and_parameters_are_remembered(
    project: Path, call: Callable[..., Any]
) -> None:
    told = call("contacts", "project", "--set", "contacts.block_vx=[4, 20, 50]")
    assert (told.code, told.err) == (0, "")
    assert "1 contacts between 1 pairs of segments" in told.out
    assert "block 4 of 4" in told.out
    assert (project / "runs/main/contacts.parquet").exists()
    assert load_project(project).config.params.contacts.block_vx == (4, 20, 50)

    told = call("run", "project", "--steps", "contacts")
    assert (told.code, told.err) == (0, "")
    assert "Nothing to do: contacts are up to date." in told.out


def test_a_training_is_told_the_model_to_start_from(
    project: Path, call: Callable[..., Any]
) -> None:
    """There is nothing to learn from here; the project remembers the model all the same."""
    (project / "models" / "first").mkdir(parents=True)
    assert _model_named(project, "first") == "first"
    told = call("train", "project", "--init-from", "others/m 1")
    told.assert_one_error("nothing to learn from")
    wanted = str(project.parent / "others/m 1")
    assert load_project(project).config.params.train.init_from == wanted


def test_tables_are_evaluated(volumes: Path, call: Callable[..., Any]) -> None:
    lines = (volumes / "truth.csv").read_text().splitlines()
    (volumes / "prediction.csv").write_text("\n".join(lines[:4]) + "\n")
    told = call(
        *("evaluate", "--prediction", "prediction.csv", "--truth", "truth.csv", "--out", "judged")
    )
    assert (told.code, told.err) == (0, "")
    assert "P 1.00 R .75 F1 .86" in told.out
    assert "three_point" in told.out
    assert (volumes / "judged/evaluation.json").exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("synapses.threshold=0.4", {"synapses": {"threshold": 0.4}}),
        ("contacts.block_vx=[4,8,16]", {"contacts": {"block_vx": [4, 8, 16]}}),
        ("synapses.polyadic=true", {"synapses": {"polyadic": True}}),
        ("synapses.threshold=null", {"synapses": {"threshold": None}}),
        (" evaluate.rule =cleft", {"evaluate": {"rule": "cleft"}}),
        ("evaluate.note=a=b", {"evaluate": {"note": "a=b"}}),
    ],
)
def test_parameters_are_read_as_yaml(text: str, expected: dict[str, Any]) -> None:
    assert parse_settings([text]) == expected


def test_several_parameters_add_up_and_the_last_of_a_name_wins() -> None:
    given = ["train.steps=4", "predict.views=mirrored", "train.minutes=2", "train.steps=5"]
    assert parse_settings(given) == {
        "train": {"steps": 5, "minutes": 2},
        "predict": {"views": "mirrored"},
    }
    assert parse_settings([]) == {}


@pytest.mark.parametrize("text", ["threshold=0.4", "synapses.threshold", "=1", ".x=1", "a.=1"])
def test_parameters_of_another_form_are_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"parameter cannot be read.*STEP\.NAME=VALUE"):
        parse_settings([text])


def test_values_that_are_no_yaml_are_refused() -> None:
    with pytest.raises(InputError, match=r"'contacts\.block_vx' cannot be read.*'\[4, 8'"):
        parse_settings(["contacts.block_vx=[4, 8"])
