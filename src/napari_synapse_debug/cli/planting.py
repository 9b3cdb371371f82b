"""The command that plants known faults into a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_synapse_debug.cli.console import out, say_where, show_table


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command()(plant)


def plant(
    project: Annotated[Path, typer.Argument(help="Project with an evaluated run")],
    folder: Annotated[Path, typer.Argument(help="Folder to make")],
    causes: Annotated[str, typer.Option(help="Causes with commas between; empty: all")] = "",
    each: Annotated[int, typer.Option(min=1, help="Faults of each cause")] = 1,
    seed: Annotated[int, typer.Option(help="Same seed, same faults")] = 0,
    run: Annotated[str, typer.Option(help="Name of the run")] = "main",
) -> None:
    """Plant known faults into a copy of a run, to see whether the diagnosis names them."""
    from napari_synapse_debug import pipeline

    names = [name.strip() for name in causes.split(",") if name.strip()]
    made = pipeline.plant_faults(project, folder, names, each=each, seed=seed, run=run)
    show_table("Planted", made.events)
    for cause, needs in made.not_planted.items():
        told = f"needs {needs}" if needs else "no synapse allows it"
        out.print(f"Not planted as often as asked for: {cause} ({told})", soft_wrap=True)
    say_where("Project", folder)
    out.print(
        f"Next: synapse-debug run {folder} --steps contacts,synapses,evaluate,diagnose",
        soft_wrap=True,
    )
