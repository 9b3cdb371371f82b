"""Commands that share models: export and import of bioimage.io packages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_synapse_debug.cli.console import out, run_job, say_where
from napari_synapse_debug.cli.steps import ProjectArg, RunOption


def register(app: typer.Typer) -> None:
    """Add the commands of this module to ``app``."""
    app.command("export")(export_model)
    app.command("import")(import_model)


def export_model(
    project: ProjectArg,
    package: Annotated[Path, typer.Argument(help="File to write, NAME.zip")],
    run: RunOption = "main",
    license_: Annotated[
        str | None, typer.Option("--license", help="SPDX identifier, for example CC-BY-4.0")
    ] = None,
    author: Annotated[list[str] | None, typer.Option(help="Name of an author; repeat")] = None,
) -> None:
    """Write the model of a run as a bioimage.io package, with its model card, and test it."""
    from napari_synapse_debug.pipeline.sharing import export_model  # torch loads slowly

    authors = tuple(author or ())
    run_job(export_model, project, package, run=run, license=license_, authors=authors)
    out.print("It passed the test run of bioimageio.core.")
    say_where("Package", package)


def import_model(
    project: ProjectArg,
    package: Annotated[Path, typer.Argument(help="File that `export` wrote")],
    run: RunOption = "main",
) -> None:
    """Take a model from a package that `export` wrote; `predict` goes on with it."""
    from napari_synapse_debug.pipeline.sharing import import_model  # torch loads slowly

    made = run_job(import_model, project, package, run=run)
    out.print(f"Imported {made}", soft_wrap=True)
    out.print(f"Next: synapse-debug predict {project} --run {run}", soft_wrap=True)
