"""Neuropil with a trained net: 300 planted faults of all causes; stage >= 97 %, cause >= 95 %."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from napari_synapse_debug.domain.params import SimulateParams
from napari_synapse_debug.domain.stages import Cause
from napari_synapse_debug.pipeline import change_params, run_steps, simulate_project
from planted import STEPS, holds, plant_and_score, tell, wrong_before

SHAPE = (64, 800, 640)
MINUTES = 8.0
LEAST_EVENTS = 300
EACH, MOST_ROUNDS = 4, 8

PAIRS = {"evaluate": {"judge": "gt"}, "synapses": {"polyadic": False}}
"""One pair a cleft, judged by the true segmentation."""

POLYADIC = {"evaluate": {"judge": "in_use"}, "synapses": {"polyadic": True}}
"""What only polyadic clefts, or a judge in the segmentation in use, can lose."""

ONLY_POLYADIC = (Cause.CONTACT_LEAKS, Cause.EXTRA_PARTNER, Cause.PARTNER_SPLIT)


def measure(work: Path) -> bool:
    """Simulate, train, run; then plant round after round until there are enough events."""
    project = work / "neuropil"
    if not (project / "project.yaml").exists():
        simulate_project(project, SimulateParams(shape_vx=SHAPE, seed=2))
    # no tables for live filters: nobody moves a slider here
    synapses = {"partners": "rule", "live_levels": 0}
    change_params(project, {"train": {"minutes": MINUTES}, "synapses": synapses})
    run_steps(project, ("train", "predict", *STEPS[:2]))
    scores = []
    for name, settings in (("pairs", PAIRS), ("polyadic", POLYADIC)):
        change_params(project, settings)
        _set_thresholds(project)
        run_steps(project, STEPS)
        print(f"{name}: {wrong_before(project)} synapses were wrong before planting", flush=True)
        is_pairs = settings is PAIRS
        causes = set(Cause) - set(ONLY_POLYADIC) if is_pairs else set(ONLY_POLYADIC)
        wanted = [cause.value for cause in Cause if cause in causes]
        for seed in range(MOST_ROUNDS if is_pairs else 3):
            folder = work / f"{name}_{seed}"
            scores.append(plant_and_score(project, folder, wanted, each=EACH, seed=seed))
            made = sum(int(part["had_effect"].sum()) for part in scores)
            print(f"round {seed}: {made} events so far", flush=True)
            if is_pairs and made >= LEAST_EVENTS:
                break
    together = pd.concat(scores, ignore_index=True)
    shares = tell(together)
    return int(together["had_effect"].sum()) >= LEAST_EVENTS and holds(shares)


def _set_thresholds(project: Path) -> None:
    """Cuts that a fault can fall below, low enough to cost nothing as it is."""
    change_params(project, {"synapses": {"min_score": 0.0}})
    run_steps(project, STEPS[:2])
    scores = pd.read_parquet(project / "runs" / "main" / "synapses.parquet")["score"]
    change_params(
        project,
        {
            "contacts": {"min_area_nm2": 4000.0},
            "synapses": {"min_score": 0.85 * float(scores.quantile(0.05)), "duplicate_nm": 110.0},
            "evaluate": {"margin_nm": 0.0},
        },
    )
