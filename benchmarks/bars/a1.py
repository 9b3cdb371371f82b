"""The demo runs within 8 minutes on two cores, F1 >= 0.8 on >= 30 truths, planted errors found."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from commands import run

LONGEST_S = 8 * 60
LEAST_F1 = 0.8
LEAST_TRUTHS = 30
LEAST_STAGES = 5


def measure(work: Path) -> bool:
    """Run the demo and read its score and findings."""
    seconds = run("demo", work / "demo", "--no-window")
    run_folder = work / "demo" / "project" / "runs" / "main"
    score = json.loads((run_folder / "evaluation.json").read_text(encoding="utf-8"))
    findings = pd.read_parquet(run_folder / "findings.parquet")
    planted = pd.read_csv(work / "demo" / "project" / "planted.csv")
    stages = set(planted["stage"]) & set(findings["stage"])
    print(f"time          {seconds:7.1f} s   (bar: at most {LONGEST_S})")
    print(f"F1            {score['f1']:7.3f}     (bar: at least {LEAST_F1})")
    print(f"truths        {score['n_truth']:7d}     (bar: at least {LEAST_TRUTHS})")
    print(f"stages        {len(stages):7d}     (bar: at least {LEAST_STAGES} planted and named)")
    return (
        seconds <= LONGEST_S
        and score["f1"] >= LEAST_F1
        and score["n_truth"] >= LEAST_TRUTHS
        and len(stages) >= LEAST_STAGES
    )
