"""What the command line prints: progress, tables and errors."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from napari_synapse_debug.domain.errors import SynapseDebugError
from napari_synapse_debug.domain.events import Event

RETRIES = 2
"""How often a step whose process died goes on with what it had finished."""

_BY_CLASS = {"f1": "F1", "dice": "Dice"}
"""How scores of single classes begin, and how they are told."""

out = Console(highlight=False, markup=False)
err = Console(stderr=True, highlight=False)


def show_error(error: SynapseDebugError, verbose: bool) -> None:
    """Print what was wrong, found, expected and what to do; the traceback only if asked for."""
    err.print(f"[bold red]Error:[/] {_plain(error.problem)}", soft_wrap=True)
    for label, text in (
        ("found", error.found),
        ("expected", error.expected),
        ("to fix it", error.fix),
    ):
        if text is not None:
            err.print(f"  [dim]{label}:[/] {_plain(text)}", soft_wrap=True)
    if verbose:
        _print_traceback(error)


def show_unexpected(error: Exception, verbose: bool) -> None:
    """Print a failure that no rule foresaw, and how to report it."""
    err.print(f"[bold red]Unexpected error:[/] {_plain(f'{type(error).__name__}: {error}')}")
    if verbose:
        _print_traceback(error)
    else:
        err.print("  [dim]to fix it:[/] run it again with --verbose and report what it prints")


def _print_traceback(error: BaseException) -> None:
    err.print("".join(traceback.format_exception(error)), markup=False, highlight=False)


def _plain(text: str) -> str:
    return text.replace("[", "\\[")


class ProgressLine:
    """One line of progress a step, driven by events; a context manager.

    On a terminal a moving bar; elsewhere one printed line at each tenth of a step.
    """

    def __init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("[bold]{task.fields[step]:<10}"),
            BarColumn(bar_width=30),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.description}", markup=False),
            console=out,
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}
        self._tenths: dict[str, int] = {}

    def __enter__(self) -> ProgressLine:
        if out.is_terminal:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if out.is_terminal:
            self._progress.stop()

    def show(self, event: Event) -> None:
        """Draw one event."""
        if scores := _scores(event):
            out.print(f"{event.step:<10} {_share(event)}  {scores}", soft_wrap=True)
        if not out.is_terminal or (event.message and not event.total):
            self._print(event)  # what is said once stays above the bars
        if not out.is_terminal:
            return
        task = self._tasks.get(event.step)
        if task is None:
            task = self._progress.add_task(event.message, total=None, step=event.step)
            self._tasks[event.step] = task
        self._progress.update(
            task,
            description=event.message[:80],
            completed=event.done,
            total=event.total or None,
        )

    def _print(self, event: Event) -> None:
        tenth = 10 * event.done // event.total if event.total else -1
        is_new = tenth != self._tenths.get(event.step) if event.total else bool(event.message)
        if is_new:
            self._tenths[event.step] = tenth
            share = f"{10 * tenth:3d} %" if tenth >= 0 else "     "
            out.print(f"{event.step:<10} {share}  {event.message}", soft_wrap=True)


def _scores(event: Event) -> str:
    """What a validation gave, in one line; empty for other events."""
    values = event.values
    if "validation_score" not in values:
        return ""
    said = [f"step {values['step']:.0f}"] if "step" in values else []
    if "validation_f1" in values:
        said.append(f"F1 {values['validation_f1']:.2f}")
    said.append(f"score {values['validation_score']:.2f}")
    for name, value in values.items():
        kind, _, of = name.partition(" ")
        if of and kind in _BY_CLASS:
            said.append(f"{of} {_BY_CLASS[kind]} {value:.2f}")
    return "validation: " + ", ".join(said)


def _share(event: Event) -> str:
    return f"{100 * event.done // event.total:3d} %" if event.total else "     "


def show_table(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows that share their keys as a table; numbers to the right."""
    if not rows:
        return
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for name, value in rows[0].items():
        table.add_column(name, justify="right" if isinstance(value, int | float) else "left")
    for row in rows:
        table.add_row(*[_cell(value) for value in row.values()])
    out.print()
    out.print(table)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.2f}"
    return "" if value is None else str(value)


def run_job(
    function: Callable[..., Any], *arguments: Any, scheduler: str | None = None, **named: Any
) -> Any:
    """Run ``function`` in a worker process with progress on the console; its result.

    Ctrl+C stops the job, keeps what is finished, and raises KeyboardInterrupt.
    """
    from napari_synapse_debug.jobs import JobRunner  # dask takes a second to import

    with JobRunner(scheduler=scheduler) as runner, ProgressLine() as line:
        step = partial(function, **named)
        if scheduler is not None:  # its workers have another working directory
            arguments = tuple(a.absolute() if isinstance(a, Path) else a for a in arguments)
        job = runner.submit(step, *arguments, on_event=line.show, retries=RETRIES)
        try:
            return job.result()
        except KeyboardInterrupt:
            job.cancel()
            raise


def say_where(label: str, path: Path) -> None:
    """Print where a result lies."""
    out.print(f"{label}: {path}", soft_wrap=True)
