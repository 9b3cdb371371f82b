"""The commands of docs/real_data.md on the real volume, with a shorter training."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from napari_synapse_debug.domain.stages import STAGE_OF_CAUSE, UNEXPLAINED

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(sys.executable).with_name("synapse-debug")

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture(scope="module")
def commands(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    project = tmp_path_factory.mktemp("real") / "vnc"
    page = (ROOT / "docs" / "real_data.md").read_text(encoding="utf-8")
    text = "\n".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL)).replace("\\\n", " ")
    text = text.replace("$PROJECT", str(project)).replace("$DATA", str(real_data))
    text = re.sub(r"train\.minutes=\S+", "train.minutes=2", text)
    lines = [shlex.split(line)[1:] for line in text.splitlines() if line.startswith("synapse-")]
    return {line[0]: line for line in lines}


@pytest.fixture(scope="module")
def project(commands: dict[str, list[str]]) -> Path:
    for name in ("init", "run"):
        subprocess.run([str(PROGRAM), *commands[name]], check=True)
    return Path(commands["run"][1])


def test_every_error_of_the_real_volume_has_a_stage(project: Path) -> None:
    folder = project / "runs" / "main"
    score = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    findings = pd.read_parquet(folder / "findings.parquet")
    assert score["clefts"]["overlap"]["n_truth"] >= 12
    assert len(findings) >= score["fn"] + score["fp"] > 0
    stages = {str(stage) for stage in STAGE_OF_CAUSE.values()} | {UNEXPLAINED}
    assert set(findings["stage"]) <= stages
    assert (findings["summary"].str.len() > 0).all()


def test_a_second_run_does_nothing(project: Path, commands: dict[str, list[str]]) -> None:
    done = subprocess.run(
        [str(PROGRAM), "run", str(project)], check=True, capture_output=True, text=True
    )
    assert "Nothing to do" in done.stdout


def test_the_window_is_drawn(project: Path, commands: dict[str, list[str]]) -> None:
    subprocess.run([str(PROGRAM), *commands["view"]], check=True)
    assert (project / "window.png").stat().st_size > 50_000
