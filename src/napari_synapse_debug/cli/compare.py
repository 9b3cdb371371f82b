"""`compare`: what one run of a project mends and breaks against another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_synapse_debug.cli.console import out, say_where, show_table
from napari_synapse_debug.cli.steps import ProjectArg


def register(app: typer.Typer) -> None:
    """Add the command of this module to ``app``."""
    app.command()(compare)


def compare(
    project: ProjectArg,
    run_a: Annotated[str, typer.Argument(help="The run before")],
    run_b: Annotated[str, typer.Argument(help="The run after")],
    rekey_nm: Annotated[
        float, typer.Option(help="False predictions of both runs this near are one, nm")
    ] = 100.0,
    out_folder: Annotated[
        Path | None, typer.Option("--out", help="Folder to write to; empty: in the project")
    ] = None,
) -> None:
    """Compare two runs: which synapses were fixed or broken, at which stage, and how surely."""
    from napari_synapse_debug import pipeline
    from napari_synapse_debug.domain.params import CompareParams

    params = CompareParams.build(rekey_nm=rekey_nm)
    found = pipeline.compare_runs(project, run_a, run_b, params, out_folder)
    changes = found.content["changes"]
    show_table(
        f"{run_a} → {run_b}",
        [
            {
                "what": "true synapses",
                "kept right": changes["kept_right"],
                "fixed": changes["fixed"],
                "broken": changes["broken"],
                "kept wrong": changes["kept_wrong"],
            },
        ],
    )
    show_table(
        "",
        [
            {
                "what": "false predictions",
                "kept": changes["kept_false"],
                "vanished": changes["vanished"],
                "new": changes["new"],
            },
        ],
    )
    named = [{k.replace("_", " "): v for k, v in row.items()} for row in found.content["by_stage"]]
    show_table("By stage", named)
    out.print()
    out.print(found.content["summary"], soft_wrap=True)
    say_where("Results", found.folder)
