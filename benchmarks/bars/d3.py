"""Real VNC: faults planted into prediction, segmentation and truth; the same figures as D2."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from commands import DATA, ROOT, documented_commands, run
from napari_synapse_debug.domain.stages import Cause
from napari_synapse_debug.pipeline import change_params, run_steps
from planted import STEPS, holds, plant_and_score, tell, wrong_before

EACH, ROUNDS = 1, 6
GROUPS = 3
"""Parts in which the causes of a round are planted, as the volume is too small for all at once."""

CAUSES = [cause.value for cause in Cause]


def measure(work: Path) -> bool:
    """Run the commands of docs/real_data.md, then plant one fault of each cause a round, in parts.

    The evaluation box is the whole volume, as the third that is kept from training holds only
    twelve clefts: what is measured is the diagnosis, not the net.
    """
    project = work / "vnc"
    page = ROOT / "docs" / "real_data.md"
    commands = documented_commands(page, DATA=DATA, PROJECT=project)
    is_there = (project / "project.yaml").exists()  # what was trained before is not trained again
    for command in commands:
        if command[0] == "run" or (command[0] == "init" and not is_there):
            run(*command)
    _judge_all(project)
    change_params(
        project,
        {
            "synapses": {"partners": "rule", "min_score": 0.2, "live_levels": 0},
            "contacts": {"min_area_nm2": 1500.0},
            "evaluate": {"margin_nm": 0.0},
        },
    )
    run_steps(project, STEPS)
    print(f"{wrong_before(project)} rows were wrong before planting")
    scores = [
        plant_and_score(
            project, work / f"planted_{seed}_{group}", CAUSES[group::GROUPS], each=EACH, seed=seed
        )
        for seed in range(ROUNDS)
        for group in range(GROUPS)
    ]
    return holds(tell(pd.concat(scores, ignore_index=True)))


def _judge_all(project: Path) -> None:
    """Take the evaluation box out of the project, so that the whole volume is judged."""
    path = project / "project.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith("eval_box:")]
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")
