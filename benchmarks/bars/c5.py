"""Partners, true masks given: ordered pairs and direction on the real volume and simulated."""

from __future__ import annotations

import json
import shutil
import statistics
import time
from pathlib import Path

import numpy as np
import pandas as pd

from commands import DATA
from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.params import EvaluateParams, SimulateParams, SynapseParams
from napari_synapse_debug.domain.records import CANDIDATES, PAIRS
from napari_synapse_debug.evaluate import judge_ids, match_synapses, score
from napari_synapse_debug.io import Project, load_project, read_synapses, read_table, save_config
from napari_synapse_debug.pipeline import (
    change_params,
    create_project,
    run_steps,
    simulate_project,
)
from napari_synapse_debug.pipeline.whatif import load_whatif
from napari_synapse_debug.synapses import (
    place_synapses,
    predict_partners,
    probability_a_is_pre,
    train_partners,
    true_links,
)
from painted import paint_masks

REAL_F1, REAL_DIRECTION = 0.8, 0.95
SIMULATED_F1, SIMULATED_DIRECTION = 0.97, 0.98
TRAIN, JUDGED = "0:20,0:672,0:512", "0:20,672:1024,0:512"
SAFE_PX, SAFE_PRE = 200, 0.7
FILTERS = {"threshold": 0.5, "min_size_vx": 1}
LIVE_CANDIDATES, LIVE_MS = 10_000, 100.0

CUES = {
    "all cues": (),
    "without inside mass": ("inside",),
    "without the mask on either side": ("inside", "near", "far"),
}


def measure(work: Path) -> bool:
    """Both volumes by the product's own steps, what cues matter, and how live the tables are."""
    real = _real(work / "vnc")
    simulated = _simulated(work)
    return _is_live(work / "seed2") and real and simulated


def _real(folder: Path) -> bool:
    truth = pd.read_csv(DATA / "vnc_left_synapses.csv")
    is_safe = (truth["contact_px"] >= SAFE_PX) & (truth["pre_confidence"] >= SAFE_PRE)
    table = folder.with_suffix(".csv")
    table.parent.mkdir(parents=True, exist_ok=True)
    truth.assign(ignore=~is_safe).to_csv(table, index=False)
    volume = str(DATA / "vnc_left.h5")
    labels = f"{volume}:volumes/labels"
    create_project(
        folder,
        raw=f"{volume}:volumes/raw",
        segmentation=f"{labels}/neuron_ids",
        masks={
            "clefts:synapse": f"{labels}/clefts",
            "mitochondria:mitochondrion": f"{labels}/mitochondria",
        },
        truth=str(table),
        train_box=TRAIN,
        eval_box=JUDGED,
    )
    _set_params(folder, polyadic=True)
    paint_masks(folder)
    run_steps(folder, ["contacts", "synapses", "evaluate"])
    found = _evaluation(folder)
    _tell("VNC, the step itself", found)
    _compare_cues(folder)
    return found["f1"] >= REAL_F1 and found["direction_accuracy"] >= REAL_DIRECTION


def _compare_cues(folder: Path) -> None:
    """Score the rule, and models of some of the cues, from the tables of the run."""
    place = folder / "runs" / "main"
    candidates = read_table(place / "candidates.parquet", CANDIDATES)
    pairs = read_table(place / "pairs.parquet", PAIRS).drop(columns="fate")
    project = load_project(folder)
    grid, truth = project.raw().grid, read_synapses(project.truth_path)
    edge = Box.parse(TRAIN).stop[1]
    own = pairs[pairs["candidate"].isin(candidates.loc[candidates["stop_y"] < edge, "candidate"])]
    own = own.reset_index(drop=True)
    rows = truth[truth["cleft_y_nm"] < edge * grid.voxel_size_nm[1]].reset_index(drop=True)
    links = true_links(own, rows, 400.0)
    params = project.config.params.synapses
    by_rule = place_synapses(pairs.assign(p_ab=_rule(pairs), p_synapse=np.nan), candidates, params)
    _tell("VNC, the rule", _judge(by_rule.synapses, truth, grid))
    for name, without in CUES.items():
        model = train_partners(own, links, polyadic=True, without=without)
        least = params.model_copy(update={"min_score": model.calibration.min_score})
        placed = place_synapses(predict_partners(pairs, model), candidates, least)
        _tell(f"VNC, {name}", _judge(placed.synapses, truth, grid))


def _rule(pairs: pd.DataFrame) -> np.ndarray:
    return probability_a_is_pre(
        *(
            (pairs[a].to_numpy(), pairs[b].to_numpy())
            for a, b in (
                ("vesicle_a", "vesicle_b"),
                ("inside_a", "inside_b"),
                ("thickness_a_nm", "thickness_b_nm"),
            )
        )
    )


def _judge(synapses: pd.DataFrame, truth: pd.DataFrame, grid: Grid) -> dict:
    params = EvaluateParams(judge="column")
    identities = judge_ids(truth, synapses, params)
    known = (truth, synapses, identities, params, grid, Box.parse(JUDGED))
    return score(match_synapses(*known), *known).model_dump()


def _simulated(work: Path) -> bool:
    """Learn from one seed, score the whole of another one."""
    teacher, judged = work / "seed1", work / "seed2"
    for seed, folder in ((1, teacher), (2, judged)):
        simulate_project(folder, SimulateParams(seed=seed))
        project = load_project(folder)
        whole = str(project.raw().grid.box) if folder == teacher else None
        config = project.config.model_copy(update={"train_box": whole, "eval_box": None})
        save_config(Project(project.folder, config))
        _set_params(folder, polyadic=False)
        paint_masks(folder)
        model = teacher / "models" / "main" / "partners.json"
        if folder == judged:
            shutil.copy(model, folder / "models" / "main" / "partners.json")
        run_steps(folder, ["contacts", "synapses", "evaluate"])
    found = _evaluation(judged)
    _tell("simulated, seed 1 to seed 2", found)
    return found["f1"] >= SIMULATED_F1 and found["direction_accuracy"] >= SIMULATED_DIRECTION


def _is_live(folder: Path) -> bool:
    """Time a moved filter on the tables of a run, repeated to 10,000 candidates."""
    whatif = load_whatif(folder)
    threshold = whatif.params.threshold
    rung = whatif.rungs[threshold]
    times = -(-LIVE_CANDIDATES // len(rung.candidates))
    step = int(rung.candidates["candidate"].max()) + 1
    apart = 1e6 * np.arange(times)
    many = type(rung)(
        *(
            pd.concat(
                [
                    table.assign(
                        candidate=table["candidate"] + k * step,
                        **{c: table[c] + apart[k] for c in table.columns if c.endswith("_z_nm")},
                    )
                    for k in range(times)
                ],
                ignore_index=True,
            )
            for table in (rung.candidates, rung.pairs)
        )
    )
    large = type(whatif)(whatif.params, {threshold: many}, whatif.smallest_vx)
    spent = []
    for overlap in np.linspace(0, 5000, 9):
        started = time.perf_counter()
        placed = large.derive(SynapseParams(min_overlap_nm2=overlap)).synapses
        spent.append(1000 * (time.perf_counter() - started))
    middle = statistics.median(spent)
    print(
        f"{len(placed)} synapses of {len(many.candidates)} candidates and {len(many.pairs)} pairs "
        f"derived in {middle:.0f} ms (bar: at most {LIVE_MS:.0f})"
    )
    return middle <= LIVE_MS


def _set_params(folder: Path, *, polyadic: bool) -> None:
    change_params(folder, {"synapses": {**FILTERS, "polyadic": polyadic}})


def _evaluation(folder: Path) -> dict:
    place = folder / "runs" / "main"
    counts = json.loads((place / "run.json").read_text())["steps"]["synapses"]["counts"]
    held_out = {k: v for k, v in counts.items() if k.startswith("partner")}
    if held_out:
        print(f"{'held out in training':34} {held_out}")
    return json.loads((place / "evaluation.json").read_text(encoding="utf-8"))


def _tell(name: str, found: dict) -> None:
    direction = found["direction_accuracy"]
    print(
        f"{name:34} F1 {found['f1']:.3f}  direction {direction:.3f}  "
        f"n {found['n_truth']}  tp {found['tp']} fp {found['fp']} fn {found['fn']}"
    )
