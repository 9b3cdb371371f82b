"""Write docs/commands.md from the command line itself, so that it cannot go stale."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import typer

from napari_synapse_debug.cli.main import app

PAGE = Path(__file__).resolve().parent.parent / "docs" / "commands.md"

HEAD = """# Commands

Made by `python scripts/make_command_docs.py` from the command line itself;
`synapse-debug COMMAND --help` says the same. `PROJECT` is a project's folder. Boxes are voxels
`z0:z1,y0:y1,x0:x1`, the stop not included; volumes are `FILE[:DATASET]` ([formats](formats.md));
parameters are in [parameters](parameters.md).

A failure is one message: what was wrong, what was found, and what to do; `--verbose` (or the
variable `SYNAPSE_DEBUG_VERBOSE`) adds the log and the traceback. Exit codes: 0 done, 1 failed, 2
wrong usage, 130 interrupted; what was finished before is kept, and the same command goes on.
"""

HIDDEN = {"help"}


def page() -> str:
    """The whole page."""
    commands: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    return "\n".join([HEAD, *(_section(name, command) for name, command in commands.items())])


def _section(name: str, command: Any) -> str:
    shown = [p for p in command.params if p.name not in HIDDEN and not getattr(p, "hidden", False)]
    values = [p for p in shown if p.param_type_name == "argument"]
    options = [p for p in shown if p.param_type_name == "option"]
    usage = " ".join([name, *map(_usage, values), *(["[OPTIONS]"] if options else [])])
    lines = [f"## {name}", "", f"`synapse-debug {usage}`", "", _one_line(command.help)]
    rows = [(f"`{_name(p)}`", "", getattr(p, "help", "")) for p in values]
    rows += [(_option(p), _default(p), p.help) for p in options]
    if rows:
        lines += ["", "| argument or option | default | what it does |", "|---|---|---|"]
        lines += [f"| {what} | {default} | {_one_line(text)} |" for what, default, text in rows]
    return "\n".join([*lines, ""])


def _usage(argument: Any) -> str:
    name = _name(argument)
    text = f"{name} …" if argument.nargs == -1 else name
    return text if argument.required else f"[{text}]"


def _name(argument: Any) -> str:
    return str(argument.metavar or argument.name).upper().strip("[].")


def _option(option: Any) -> str:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    return f"{names}{', repeatable' if option.multiple else ''}"


def _default(option: Any) -> str:
    if option.required:
        return "needed"
    default = option.default
    if callable(default) or default is False or default in (None, "", (), []):
        return ""
    return f"`{getattr(default, 'value', default)}`"


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
