"""Neuropil with a trained net: 300 planted faults of all causes; stage >= 97 %, cause >= 95 %."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from napari_synapse_debug.domain.params import SimulateParams
from napari_synapse_debug.domain.stages import Cause
from napari_synapse_debug.pipeline import change_params, run_steps, simulate_project
from planted import STEPS, holds, plant_and_score, tell, wrong_before

SHAPE = (64, 800, 640)
MINUTES = 8.0
LEAST_EVENTS = 300
EACH = 4


@dataclass(frozen=True)
class Setting:
    """Parameters that let causes happen, and how often these are planted.

    Parameters
    ----------
    name : str
    params : mapping
        Parameters by step.
    causes : tuple of Cause
    is_cut : bool
        Whether rows of a low score and small contacts are left out.
    most_rounds : int
        Fewer if there are enough events.
    """

    name: str
    params: Mapping[str, Mapping[str, Any]]
    causes: tuple[Cause, ...]
    is_cut: bool = True
    most_rounds: int = 3


_ONLY_POLYADIC = (Cause.CONTACT_LEAKS, Cause.EXTRA_PARTNER, Cause.PARTNER_SPLIT)
_ONLY_OPEN = (Cause.FALSE_SIGNAL, Cause.DROPPED)
_ONE_PAIR: Mapping[str, Any] = {"judge": "gt"}

SETTINGS = (
    Setting(
        "pairs",
        {"evaluate": _ONE_PAIR, "synapses": {"polyadic": False, "duplicate_nm": 110.0}},
        tuple(c for c in Cause if c not in (*_ONLY_POLYADIC, *_ONLY_OPEN)),
        most_rounds=8,
    ),
    Setting(
        "open",
        {"evaluate": _ONE_PAIR, "synapses": {"polyadic": False, "duplicate_nm": 250.0}},
        _ONLY_OPEN,
        is_cut=False,
    ),
    Setting(
        "polyadic",
        {
            "evaluate": {"judge": "in_use"},
            "synapses": {"polyadic": True, "duplicate_nm": 110.0},
        },
        _ONLY_POLYADIC,
    ),
)
"""One pair a cleft, judged by the true segmentation; with weak and repeated rows; polyadic."""


def measure(work: Path) -> bool:
    """Simulate, train, run; then plant round after round until there are enough events."""
    project = work / "neuropil"
    if not (project / "project.yaml").exists():
        simulate_project(project, SimulateParams(shape_vx=SHAPE, seed=2))
    # no tables for live filters: nobody moves a slider here
    synapses = {"partners": "rule", "live_levels": 0}
    change_params(project, {"train": {"minutes": MINUTES}, "synapses": synapses})
    run_steps(project, ("train", "predict", *STEPS[:2]))
    scores: list[pd.DataFrame] = []
    for setting in SETTINGS:
        scores += _plant(project, work, setting)
    together = pd.concat(scores, ignore_index=True)
    shares = tell(together)
    return int(together["had_effect"].sum()) >= LEAST_EVENTS and holds(shares)


def _plant(project: Path, work: Path, setting: Setting) -> list[pd.DataFrame]:
    """The scores of the rounds of one setting."""
    change_params(project, setting.params)
    _set_thresholds(project, is_cut=setting.is_cut)
    run_steps(project, STEPS)
    name, made = setting.name, 0
    print(f"{name}: {wrong_before(project)} synapses were wrong before planting", flush=True)
    scores = []
    for seed in range(setting.most_rounds):
        wanted = [cause.value for cause in setting.causes]
        score = plant_and_score(project, work / f"{name}_{seed}", wanted, each=EACH, seed=seed)
        scores.append(score)
        made += int(score["had_effect"].sum())
        print(f"{name}, round {seed}: {made} events", flush=True)
        if made >= LEAST_EVENTS:
            break
    return scores


def _set_thresholds(project: Path, *, is_cut: bool) -> None:
    """Cuts that a fault can fall below, low enough to cost nothing as it is; or none."""
    evaluate = {"margin_nm": 0.0}
    change_params(project, {"synapses": {"min_score": 0.0}, "evaluate": evaluate})
    change_params(project, {"contacts": {"min_area_nm2": 4000.0 if is_cut else 0.0}})
    if is_cut:
        run_steps(project, STEPS[:2])
        scores = pd.read_parquet(project / "runs" / "main" / "synapses.parquet")["score"]
        least = 0.85 * float(scores.quantile(0.05))
        change_params(project, {"synapses": {"min_score": least}})
