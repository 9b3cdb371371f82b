"""Commands that open the window: view and demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_synapse_debug.cli.console import out, run_job, say_where, show_table
from napari_synapse_debug.cli.screen import has_display, open_virtual_screen
from napari_synapse_debug.cli.steps import show_summary
from napari_synapse_debug.domain.errors import InputError


def register(app: typer.Typer) -> None:
    """Add the commands of this module to ``app``."""
    app.command()(view)
    app.command()(demo)


def view(
    project: Annotated[Path, typer.Argument(help="Project folder, or the zip of a work package")],
    run: Annotated[
        str | None, typer.Option("--run", help="Name of the run; the one that was open last")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Draw the window to this PNG instead of opening it")
    ] = None,
    finding: Annotated[int | None, typer.Option(help="Go to this finding")] = None,
) -> None:
    """Open a project in napari, with the error table."""
    if picture is None and not has_display():
        raise InputError(
            "There is no display to open a window on",
            found="neither DISPLAY nor WAYLAND_DISPLAY is set",
            fix="add --picture window.png to draw the window to a file, or use a desktop",
        )
    _show(project, run, picture=picture, finding=finding, keep_open=picture is None)


def demo(
    folder: Annotated[Path, typer.Argument(help="Folder to make")] = Path("demo"),
    minutes: Annotated[float | None, typer.Option(help="Minutes of training")] = None,
    window: Annotated[
        bool, typer.Option(help="Open the window at the end, if there is a display")
    ] = True,
) -> None:
    """Run the whole job on the embedded sample, from training to the window."""
    from napari_synapse_debug import pipeline

    project = pipeline.prepare_demo(folder, minutes=minutes)
    summary = run_job(pipeline.run_steps, project, pipeline.STEPS)
    show_summary(summary)
    show_table("Planted errors, and how they were found", pipeline.planted_rows(project))
    say_where("Project", project)
    say_where("Report", pipeline.publish_report(project, folder))
    picture = folder / "window.png"
    finding = pipeline.telling_finding(project)
    _show(project, "main", picture=picture, finding=finding, keep_open=window and has_display())


def _show(
    project: Path, run: str | None, *, picture: Path | None, finding: int | None, keep_open: bool
) -> None:
    if not has_display():
        open_virtual_screen()
    from napari_synapse_debug.ui import show_project  # Qt looks for the display on import

    show_project(project, run=run, finding=finding, picture=picture, keep_open=keep_open)
    if picture is not None:
        say_where("Picture of the window", picture)
    if not keep_open:
        out.print(f"To open it: synapse-debug view {project}", soft_wrap=True)
