"""`connectome`: who synapses onto whom, as a table, a graph or a matrix."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_synapse_debug.cli.console import out, say_where
from napari_synapse_debug.cli.steps import ProjectArg, RunOption


def register(app: typer.Typer) -> None:
    """Add the command of this module to ``app``."""
    app.command("connectome")(connectome)


def connectome(
    project: ProjectArg,
    to: Annotated[Path, typer.Option("--out", help="FILE.csv, .parquet, .graphml or .npz")],
    run: RunOption = "main",
) -> None:
    """Write the connectome of a run: for each ordered pair its synapses, area and kinds."""
    from napari_synapse_debug import pipeline

    table = pipeline.export_connectome(project, to, run)
    out.print(f"{int(table['synapses'].sum())} synapses in {len(table)} ordered pairs of neurons")
    say_where("Connectome", to)
