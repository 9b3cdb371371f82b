"""`gaps`: contacts under other gaps, to be tried in the window."""

from __future__ import annotations

from typing import Annotated

import typer

from napari_synapse_debug.cli.console import run_job
from napari_synapse_debug.cli.steps import ProjectArg, RunOption, SchedulerOption, show_summary
from napari_synapse_debug.domain.errors import InputError


def register(app: typer.Typer) -> None:
    """Add the command of this module to ``app``."""
    app.command("gaps")(gaps)


def gaps(
    project: ProjectArg,
    run: RunOption = "main",
    nm: Annotated[
        str | None, typer.Option(help="Gaps in nm, by comma; default: some around the run's")
    ] = None,
    scheduler: SchedulerOption = None,
) -> None:
    """Find contacts and pairs under other gaps between neurons, so that What if can try these."""
    from napari_synapse_debug import pipeline

    wanted = None if nm is None else _numbers(nm)
    summary = run_job(pipeline.prepare_gaps, project, scheduler=scheduler, run=run, gaps=wanted)
    show_summary(summary)


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(
            "The gaps cannot be read",
            found=text,
            expected="numbers in nm, with commas between",
            fix="write for example --nm 0,8,16",
        ) from error
