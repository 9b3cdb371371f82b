"""The real VNC volume: whole run within 15 minutes on two cores, cleft F1 (overlap) >= 0.85."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from commands import DATA, ROOT, documented_commands, run

LONGEST_S = 15 * 60
LEAST_F1 = 0.85


def measure(work: Path) -> bool:
    """Run the commands of docs/real_data.md and read the score of the evaluation box."""
    project = work / "vnc"
    page = ROOT / "docs" / "real_data.md"
    commands = documented_commands(page, DATA=DATA, PROJECT=project)
    seconds = sum(run(*command) for command in commands if command[0] in ("init", "run"))
    run_folder = project / "runs" / "main"
    score = json.loads((run_folder / "evaluation.json").read_text(encoding="utf-8"))
    findings = pd.read_parquet(run_folder / "findings.parquet")
    for name, part in {"3-point": score, **score["clefts"]}.items():
        print(f"{name:24} F1 {part['f1']:.3f}  tp {part['tp']} fp {part['fp']} fn {part['fn']}")
    clefts = score["clefts"]["overlap"]
    staged = findings["stage"].ne("").all()
    print(f"time {seconds:.0f} s (bar: at most {LONGEST_S}); every error has a stage: {staged}")
    return seconds <= LONGEST_S and clefts["f1"] >= LEAST_F1 and bool(staged)
