"""Run `synapse-debug` as a user would, and time it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("SYNAPSE_DEBUG_DATA", ROOT.parent / "shared" / "data"))
PROGRAM = Path(sys.executable).with_name("synapse-debug")


def run(*arguments: str | Path) -> float:
    """Run the command line with ``arguments``; seconds it took. Raises where it fails."""
    started = time.monotonic()
    subprocess.run([str(PROGRAM), *map(str, arguments)], check=True)
    return time.monotonic() - started


def documented_commands(page: Path, **places: Path) -> list[list[str]]:
    """The `synapse-debug` lines of the shell blocks of ``page``, as argument lists.

    ``$NAME`` in them is replaced by ``places``.
    """
    blocks = re.findall(r"```(?:sh|bash)\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    text = "\n".join(blocks).replace("\\\n", " ")
    for name, place in places.items():
        text = text.replace(f"${name}", str(place))
    lines = [shlex.split(line) for line in text.splitlines()]
    return [line[1:] for line in lines if line[:1] == ["synapse-debug"]]
