"""Verdicts and Train again beat the same minutes without them: five paired simulated seeds."""

from __future__ import annotations

import itertools
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from scipy import stats

from commands import DATA, run
from napari_synapse_debug.domain.records import points
from napari_synapse_debug.domain.stages import Stage
from napari_synapse_debug.domain.verdicts import Verdict
from napari_synapse_debug.io import load_project
from napari_synapse_debug.pipeline import change_params, open_review

N_PAIRS = 5
LEAST_TRUTHS = 200
SHAPE, TRAIN_X, SHARE = (48, 384, 960), 96, 0.25
STEPS = 200
"""Of each training, the same minutes on one machine and the same networks on every one: enough to
find most synapses, too few to leave no errors to learn from."""

VNC_MINUTES = (4.0, 2.0)
MOST_MINUTES = 60.0
JUDGING = "predict,contacts,synapses,evaluate"


@dataclass(frozen=True)
class Pair:
    """F1 (three_point) in the held-out box, with and without the lessons."""

    again: float
    control: float
    n_truth: int
    verdicts: int

    def __str__(self) -> str:
        return (
            f"F1 {self.again:.3f} with {self.verdicts} verdicts, {self.control:.3f} without "
            f"({self.again - self.control:+.3f}), n {self.n_truth} held-out truths"
        )


def measure(work: Path) -> bool:
    """Every seed: train, review, train again; and beside it the same minutes without.

    A seed with no synapse of one of the kinds in its training box is passed over: that verdicts
    teach a kind that was never seen is another question, with a far larger gain.
    """
    pairs: list[Pair] = []
    for seed in itertools.count():
        if len(pairs) == N_PAIRS:
            break
        project = work / f"seed{seed}"
        shape = ",".join(map(str, SHAPE))
        run("simulate", project, "--shape", shape, "--seed", seed)
        z, y, x = SHAPE
        _set_boxes(project, f"0:{z},0:{y},0:{TRAIN_X}", f"0:{z},0:{y},{TRAIN_X}:{x}")
        if unseen := _unseen_kinds(project):
            said = f"no {' or '.join(unseen)} in the training box: passed over"
            print(f"simulated, seed {seed}: {said}", flush=True)
            continue
        pairs.append(_pair(project, seed, MOST_MINUTES, MOST_MINUTES, steps=STEPS))
        print(f"simulated, seed {seed}: {pairs[-1]}", flush=True)
    differences = np.array([pair.again - pair.control for pair in pairs])
    error = float(stats.sem(differences))
    low, high = stats.t.interval(0.95, len(differences) - 1, differences.mean(), error)
    print(f"difference {differences.mean():+.3f} [{low:+.3f}, {high:+.3f}] (bar: above 0)")
    print(f"VNC: {_pair(_vnc(work / 'vnc'), 0, *VNC_MINUTES)} (reported)")
    return low > 0 and min(pair.n_truth for pair in pairs) >= LEAST_TRUTHS


def _pair(
    project: Path, seed: int, before: float, after: float, *, steps: int | None = None
) -> Pair:
    """Train ``before`` minutes and then ``after``, or ``steps`` each time on simulated data."""
    bound = {} if steps is None else {"steps": steps}
    polyadic = steps is None  # simulated synapses have one partner
    change_params(
        project,
        {
            "train": {"minutes": before, "seed": seed, **bound},
            "diagnose": {"counterfactuals": False},
            "synapses": {"polyadic": polyadic, "live_levels": 0},  # nobody tries other ones
        },
    )
    run("run", project)
    verdicts = _review(project)
    control = shutil.copytree(project, project.with_name(f"{project.name}-control"))
    again = ("--minutes", after, "--learn-share", SHARE if not polyadic else 0.5)
    run("again", project, *again)
    # the same start, rate and minutes, and no lessons; judged in the same box
    config = load_project(project).config
    _set_boxes(control, config.train_box, config.eval_box)
    rate = config.params.train.learning_rate
    settings = (f"train.minutes={after}", f"train.learning_rate={rate}", "train.init_from=main")
    options = [part for text in settings for part in ("--set", text)]
    run("run", control, "--run", "control", "--steps", f"train,{JUDGING}", *options)
    scores = [_score(project / "runs" / "main-2"), _score(control / "runs" / "control")]
    return Pair(scores[0]["f1"], scores[1]["f1"], scores[0]["n_truth"], verdicts)


def _unseen_kinds(project: Path) -> list[str]:
    """Kinds of synapses of which no cleft point lies in the training box."""
    loaded = load_project(project)
    truth, box = loaded.truth(), loaded.config.box("train")
    assert box is not None
    inside = box.contains(loaded.raw().grid.to_index(points(truth, "cleft")))
    return sorted(set(truth["kind"]) - set(truth.loc[inside, "kind"]))


def _review(project: Path) -> int:
    """Hold the errors of the classifier in the part to be learnt for its errors; how many."""
    loaded = load_project(project)
    judged = loaded.config.box("eval") or loaded.raw().grid.box
    with open_review(project, author="simulated") as review:
        findings = review.findings
        inside = judged.contains(loaded.raw().grid.to_index(points(findings, "cleft")))
        chosen = findings[inside & (findings["stage"] == Stage.CLASSIFIER)]
        for finding in chosen["finding"]:
            review.set_verdict(int(finding), Verdict.MODEL_ERROR)
    return len(chosen)


def _set_boxes(project: Path, train: str | None, judged: str | None) -> None:
    path = project / "project.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content |= {"train_box": train, "eval_box": judged}
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def _score(folder: Path) -> dict[str, float]:
    return dict(json.loads((folder / "evaluation.json").read_text(encoding="utf-8")))


def _vnc(project: Path) -> Path:
    volumes = f"{DATA}/vnc_left.h5:volumes"
    run(
        "init",
        project,
        *("--raw", f"{volumes}/raw", "--segmentation", f"{volumes}/labels/neuron_ids"),
        *("--mask", f"cleft:synapse={volumes}/labels/clefts"),
        *("--mask", f"mitochondrion={volumes}/labels/mitochondria"),
        *("--truth", DATA / "vnc_left_synapses.csv"),
        *("--train-box", "0:20,0:512,0:512", "--eval-box", "0:20,512:1024,0:512"),
    )
    return project
