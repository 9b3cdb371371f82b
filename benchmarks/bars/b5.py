"""VNC cleft F1 (overlap) >= 0.9, mean of three seeds, <= 10 min each; simulated F1 >= 0.95 in 5."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import h5py
import numpy as np
import pandas as pd
import zarr

from commands import DATA, run
from napari_synapse_debug.pipeline import sample_folder

SEEDS = (0, 1, 2)
MINUTES, SAMPLE_MINUTES = 10, 5
LEAST_F1, LEAST_DICE, LEAST_SAMPLE_F1 = 0.9, 0.8, 0.95
EVAL_BOX = np.s_[0:20, 672:1024, 0:512]


@dataclass(frozen=True)
class Outcome:
    """Cleft detection of one run in the evaluation box, and minutes of its training."""

    f1: float
    tp: int
    fp: int
    fn: int
    minutes: float

    def __str__(self) -> str:
        n = self.tp + self.fn
        return f"F1 {self.f1:.3f}  tp {self.tp} fp {self.fp} fn {self.fn} (n {n} true clefts)"


def measure(work: Path) -> bool:
    """Train, predict and evaluate through the command line; the evaluation box is never learnt."""
    project = work / "vnc"
    run("init", project, *_volumes())
    outcomes, dices = [], []
    for seed in SEEDS:
        name = f"seed{seed}"
        outcomes.append(_run(project, name, MINUTES, seed))
        dices.append(_mitochondria_dice(project / "runs" / name / "prediction.zarr"))
        print(f"VNC, seed {seed}: {outcomes[-1]}; mitochondria Dice {dices[-1]:.3f}")
        _print_curve(project / "models" / name)
    f1, dice = mean(o.f1 for o in outcomes), mean(dices)
    longest = max(o.minutes for o in outcomes)
    print(
        f"VNC, mean of {len(SEEDS)}: F1 {f1:.3f} (bar {LEAST_F1}), Dice {dice:.3f} ({LEAST_DICE})"
    )
    print(f"longest training {longest:.1f} min (bar {MINUTES})")

    sample = _run_sample(work / "sample")
    print(f"simulated: {sample}, {sample.minutes:.1f} min (bar F1 {LEAST_SAMPLE_F1})")
    _print_curve(work / "sample" / "models" / "main")
    return (
        f1 >= LEAST_F1
        and dice >= LEAST_DICE
        and longest <= MINUTES * 1.05
        and sample.f1 >= LEAST_SAMPLE_F1
    )


def _volumes() -> list[str | Path]:
    volumes = f"{DATA}/vnc_left.h5:volumes"
    return [
        *("--raw", f"{volumes}/raw"),
        *("--segmentation", f"{volumes}/labels/neuron_ids"),
        *("--mask", f"cleft:synapse={volumes}/labels/clefts"),
        *("--mask", f"mitochondrion={volumes}/labels/mitochondria"),
        *("--truth", DATA / "vnc_left_synapses.csv"),
        *("--train-box", "0:20,0:672,0:512"),
        *("--eval-box", "0:20,672:1024,0:512"),
    ]


def _run(project: Path, name: str, minutes: float, seed: int) -> Outcome:
    settings = (
        f"train.minutes={minutes}",
        f"train.seed={seed}",
        "predict.views=turned",
        "synapses.split_touching=true",
    )
    options = [part for text in settings for part in ("--set", text)]
    steps = "train,predict,contacts,synapses,evaluate"
    run("run", project, "--run", name, "--steps", steps, *options)
    score = json.loads((project / "runs" / name / "evaluation.json").read_text(encoding="utf-8"))
    clefts = score["clefts"]["overlap"]
    record = pd.read_csv(project / "models" / name / "training.csv")
    counts = (clefts[key] for key in ("tp", "fp", "fn"))
    return Outcome(clefts["f1"], *counts, minutes=float(record["minutes"].max()))


def _run_sample(project: Path) -> Outcome:
    source = sample_folder()
    project.mkdir(parents=True, exist_ok=True)
    for path in source.rglob("*"):
        target = project / path.relative_to(source)
        if path.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.write_bytes(path.read_bytes())
    return _run(project, "main", SAMPLE_MINUTES, 0)


def _mitochondria_dice(prediction: Path) -> float:
    """Dice at 1/2 of the mitochondria in the evaluation box."""
    group = zarr.open_group(prediction, mode="r")
    values = np.asarray(group["0"][(1, *EVAL_BOX)]) > 127
    with h5py.File(DATA / "vnc_left.h5") as file:
        truth = file["volumes/labels/mitochondria"][EVAL_BOX] > 0
    return float(2 * (values & truth).sum() / max(values.sum() + truth.sum(), 1))


def _print_curve(model: Path) -> None:
    """F1 of the held-out part of the training box against minutes."""
    record = pd.read_csv(model / "training.csv").dropna(subset=["validation_f1"])
    points = zip(record["minutes"], record["validation_f1"], strict=True)
    print("  validation F1: " + "  ".join(f"{m:.1f} min {f1:.2f}" for m, f1 in points))
