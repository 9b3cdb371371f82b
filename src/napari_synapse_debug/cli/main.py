"""The entry point: collects the commands and turns failures into one message and an exit code."""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Protocol, runtime_checkable

import typer

import napari_synapse_debug
from napari_synapse_debug.cli import (
    again,
    compare,
    connectome,
    files,
    gaps,
    models,
    planting,
    projects,
    review,
    steps,
    windows,
)
from napari_synapse_debug.cli.console import show_error, show_unexpected
from napari_synapse_debug.domain.errors import SynapseDebugError

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130

app = typer.Typer(
    name="synapse-debug",
    help="Find out why a synapse was missed: train, predict, evaluate, diagnose, look.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for group in (
    projects,
    steps,
    files,
    gaps,
    compare,
    planting,
    connectome,
    review,
    again,
    models,
    windows,
):
    group.register(app)


@runtime_checkable
class _UsageFailure(Protocol):
    """Wrong usage, which tells itself; its class is click's or typer's own, by typer's version."""

    exit_code: int

    def show(self) -> None:
        """Print the usage and what is wrong with the call."""


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"synapse-debug {napari_synapse_debug.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Version")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log messages, and tracebacks of errors")
    ] = False,
) -> None:
    """Find out why a synapse was missed."""
    logging.basicConfig(
        level=logging.INFO if verbose else logging.ERROR, format="%(levelname)s: %(message)s"
    )
    if not verbose:
        logging.getLogger("napari_synapse_debug").setLevel(logging.WARNING)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `synapse-debug`; exit with 0, 1 (failed), 2 (wrong usage) or 130 (interrupted)."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # not every encoding has an arrow
            stream.reconfigure(errors="replace")
    is_verbose = bool({"--verbose", "-v"} & set(given)) or bool(
        os.environ.get("SYNAPSE_DEBUG_VERBOSE")
    )
    try:
        code = app(args=_verbose_first(given), standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        code = EXIT_INTERRUPTED
    except SynapseDebugError as error:
        show_error(error, is_verbose)
        code = EXIT_FAILED
    except Exception as error:  # noqa: BLE001  the border to the user: nothing passes it unread
        if isinstance(error, _UsageFailure):
            error.show()
            code = error.exit_code
        else:
            show_unexpected(error, is_verbose)
            code = EXIT_FAILED
    if code == EXIT_INTERRUPTED:  # typer may have turned the interrupt into this code itself
        typer.echo("Stopped. What was finished is kept; the same command goes on from there.")
    sys.exit(code if isinstance(code, int) else 0)


def _verbose_first(arguments: list[str]) -> list[str]:
    """The arguments with ``--verbose`` moved to the front, so that it may stand anywhere."""
    rest = [word for word in arguments if word not in ("--verbose", "-v")]
    return rest if rest == arguments else ["--verbose", *rest]
