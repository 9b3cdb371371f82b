"""Commands that run steps of a project: train, predict, contacts, synapses, …, run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from napari_synapse_debug.cli.console import out, run_job, show_table
from napari_synapse_debug.domain.errors import InputError

ProjectArg = Annotated[Path, typer.Argument(help="Project folder, made by `init`")]
RunOption = Annotated[str, typer.Option("--run", help="Name of the run")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="Parameter, STEP.NAME=VALUE; the project remembers it"),
]
DeviceOption = Annotated[str | None, typer.Option(help="auto, cpu, cuda or mps")]
SchedulerOption = Annotated[
    str | None, typer.Option(help="Address of a dask scheduler; empty: processes of this machine")
]
AgainOption = Annotated[bool, typer.Option("--again", help="Do it again, done or not")]

_HELP = {
    "predict": "Predict the volume with the trained classifier.",
    "contacts": "Find where neurons touch.",
    "synapses": "Place a 3-point synapse where a contact meets a predicted synapse.",
    "report": "Write report.html of a run.",
}


def register(app: typer.Typer) -> None:
    """Add the commands of this module to ``app``."""
    app.command("train")(train)
    for name, text in _HELP.items():
        app.command(name, help=text)(_single_step(name))
    app.command("run")(run)


def _single_step(name: str) -> Any:
    def command(
        project: ProjectArg,
        run: RunOption = "main",
        set_: SetOption = None,
        device: DeviceOption = None,
        scheduler: SchedulerOption = None,
        again: AgainOption = False,
    ) -> None:
        run_steps(project, (name,), run, set_ or [], device, scheduler, again)

    return command


def train(
    project: ProjectArg,
    run: RunOption = "main",
    init_from: Annotated[
        str | None,
        typer.Option(help="Model to start from: its folder, or a run; the project remembers it"),
    ] = None,
    set_: SetOption = None,
    device: DeviceOption = None,
    scheduler: SchedulerOption = None,
    again: AgainOption = False,
    as_it_is: Annotated[
        bool, typer.Option("--as-it-is", help="Take the model of a stopped training as it is")
    ] = False,
) -> None:
    """Train the classifier on the annotated boxes."""
    if as_it_is:
        from napari_synapse_debug import pipeline

        show_summary(run_job(pipeline.finish_training, project, scheduler=scheduler, run=run))
        return
    settings = list(set_ or [])
    if init_from is not None:
        settings.append(f"train.init_from={json.dumps(_model_named(project, init_from))}")
    run_steps(project, ("train",), run, settings, device, scheduler, again)


def _model_named(project: Path, name: str) -> str:
    """``name`` where the project has a model of it, else the folder, from here, made absolute."""
    from napari_synapse_debug.io import load_project

    folder = Path(name).expanduser()
    if not name or name in load_project(project).models:
        return name
    return str(folder.absolute())


def run(
    project: ProjectArg,
    steps: Annotated[
        str | None, typer.Option(help="Only these, separated by commas; empty: all")
    ] = None,
    run: RunOption = "main",
    source: Annotated[
        str | None,
        typer.Option("--from", help="Begin a new run as a copy of this one, with its model"),
    ] = None,
    set_: SetOption = None,
    device: DeviceOption = None,
    scheduler: SchedulerOption = None,
    again: AgainOption = False,
) -> None:
    """Run all that is not done yet; changed parameters redo what depends on them."""
    from napari_synapse_debug.pipeline import STEPS, copy_run

    trains = any(text.strip().startswith("train.") for text in set_ or [])
    if source is not None and copy_run(project, source, run, trains=trains):
        out.print(f"The run {run} begins as a copy of {source}.")
    wanted = STEPS if steps is None else tuple(part.strip() for part in steps.split(","))
    run_steps(project, wanted, run, set_ or [], device, scheduler, again)


def run_steps(
    project: Path,
    steps: tuple[str, ...],
    run_name: str,
    settings: list[str],
    device: str | None,
    scheduler: str | None,
    again: bool,
) -> None:
    """Run steps in a worker and print what each made, and where."""
    from napari_synapse_debug import pipeline
    from napari_synapse_debug.io import load_project

    values = parse_settings(settings)
    if device is not None:
        for step in ("train", "predict"):
            values.setdefault(step, {})["device"] = device
    pipeline.check_params(project, values)  # before a worker is started
    summary = run_job(
        pipeline.run_steps,
        project,
        steps,
        scheduler=scheduler,
        run=run_name,
        again=again,
        params=values,
    )
    show_summary(summary)
    out.print(f"The run is in {load_project(project).run_folder(run_name)}", soft_wrap=True)


def show_summary(summary: Any) -> None:
    """Print what the steps made, and what was done already."""
    show_table(
        "Steps",
        [
            {"step": step.name, "made": step.made, "seconds": round(step.seconds, 1)}
            for step in summary.steps
        ],
    )
    if summary.skipped and not summary.steps:
        out.print(f"Nothing to do: {', '.join(summary.skipped)} are up to date.")
    elif summary.skipped:
        out.print(f"Up to date already: {', '.join(summary.skipped)}.")
    if summary.score:
        out.print(summary.score, soft_wrap=True)
    show_table("Errors by stage", list(summary.errors))


def parse_settings(settings: list[str]) -> dict[str, dict[str, Any]]:
    """Parameters by step from texts ``STEP.NAME=VALUE``; values are read as YAML.

    Raises
    ------
    InputError
        A text has another form, or its value cannot be read.
    """
    import yaml

    values: dict[str, dict[str, Any]] = {}
    for text in settings:
        name, has_value, value = text.partition("=")
        step, has_step, field = name.strip().partition(".")
        if not (has_value and has_step and step and field):
            raise InputError(
                "A parameter cannot be read",
                found=text,
                expected="STEP.NAME=VALUE",
                fix="write for example --set synapses.threshold=0.4",
            )
        try:
            values.setdefault(step, {})[field] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise InputError(
                f"The value of parameter {name.strip()!r} cannot be read",
                found=repr(value),
                expected="a number, a word, true, false, null, or a list as [14,56,96]",
                fix="correct the value; lists need both brackets",
            ) from error
    return values
