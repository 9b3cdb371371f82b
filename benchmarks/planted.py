"""Faults planted into a run, the steps done again, and how many of them were named."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from napari_synapse_debug.pipeline import plant_faults, run_steps
from napari_synapse_debug.simulate import score_events

STEPS = ("contacts", "synapses", "evaluate", "diagnose")
LEAST_STAGE, LEAST_CAUSE, MOST_WRONGLY_CONFIRMED = 0.97, 0.95, 0.01


def plant_and_score(
    project: Path, folder: Path, causes: Iterable[str] = (), *, each: int, seed: int
) -> pd.DataFrame:
    """Plant into ``project`` (a finished run), run again in ``folder``; ``score_events``.

    Events at synapses that were wrong before are left out by the planting itself, which takes
    only right ones.
    """
    made = plant_faults(project, folder, causes, each=each, seed=seed)
    for cause, needs in made.not_planted.items():
        print(f"  not planted as often as asked for: {cause} ({needs or 'no room'})")
    run_steps(folder, STEPS)
    events = pd.read_csv(folder / "planted.csv", dtype={"also_rows": "str"})
    before, after = (
        pd.read_parquet(run / "runs" / "main" / "findings.parquet") for run in (project, folder)
    )
    return score_events(events.fillna({"also_rows": ""}), after, before)


def wrong_before(project: Path) -> int:
    """How many truth rows the run missed before anything was planted."""
    matches = pd.read_parquet(project / "runs" / "main" / "matches.parquet")
    return int((matches["outcome"] == "fn").sum())


def tell(scores: pd.DataFrame) -> tuple[float, float, float]:
    """Print the figures by cause and in all; shares of right stages, right causes, wrong proofs.

    A fault that made no error (the next stage made up for it) says nothing of the diagnosis; how
    many there were is told.
    """
    told = scores[scores["had_effect"]]
    for cause, group in scores.groupby("cause"):
        own = group[group["had_effect"]]
        wrong = own.loc[~own["cause_is_right"], "named_cause"].value_counts().to_dict()
        print(
            f"  {cause:36} planted {len(group):3}  made an error {len(own):3}"
            f"  stage right {int(own['stage_is_right'].sum()):3}"
            f"  cause right {int(own['cause_is_right'].sum()):3}  {wrong or ''}"
        )
    shares = tuple(
        float(told[name].mean())
        for name in ("stage_is_right", "cause_is_right", "wrongly_confirmed")
    )
    print(
        f"  {len(scores)} planted, {len(told)} made an error: stage right {shares[0]:.3f}, cause"
        f" right {shares[1]:.3f}, confirmed with a wrong stage {shares[2]:.3f}"
    )
    return shares[0], shares[1], shares[2]


def holds(shares: tuple[float, float, float]) -> bool:
    """Whether the figures reach the bar."""
    stage, cause, wrong = shares
    return stage >= LEAST_STAGE and cause >= LEAST_CAUSE and wrong <= MOST_WRONGLY_CONFIRMED
