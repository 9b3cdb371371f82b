"""Training on 3-point rows alone: VNC cleft F1 (overlap) >= 0.8 after ten minutes."""

from __future__ import annotations

import json
from pathlib import Path

from commands import DATA, run

LEAST_F1 = 0.8
MINUTES = 10
TRAINED, JUDGED = "0:20,0:672,0:512", "0:20,672:1024,0:512"


def measure(work: Path) -> bool:
    """Learn from the rows of the upper two thirds; the masks serve the evaluation alone."""
    project, volumes = work / "vnc-points", DATA / "vnc_left.h5"
    truth = DATA / "vnc_left_synapses.csv"
    if not (project / "project.yaml").exists():
        run(
            *("init", project, "--raw", f"{volumes}:volumes/raw"),
            *("--segmentation", f"{volumes}:volumes/labels/neuron_ids"),
            *("--mask", f"cleft:synapse={volumes}:volumes/labels/clefts"),
            *("--truth", truth, "--eval-box", JUDGED),
        )
        run("annotate", project, "--box", TRAINED, "--truth", truth)
    seconds = run(
        *("run", project, "--steps", "train,predict,contacts,synapses,evaluate"),
        *("--set", f"train.minutes={MINUTES}", "--set", "synapses.polyadic=true"),
    )
    score = json.loads((project / "runs/main/evaluation.json").read_text(encoding="utf-8"))
    clefts = score["clefts"]["overlap"]
    for name, part in score["clefts"].items():
        print(f"{name:24} F1 {part['f1']:.3f}  tp {part['tp']} fp {part['fp']} fn {part['fn']}")
    print(f"cleft F1 {clefts['f1']:.3f} (bar: at least {LEAST_F1}); {seconds:.0f} s in all")
    return clefts["f1"] >= LEAST_F1
