"""A display to draw windows on: the one there is, or a virtual one."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from napari_synapse_debug.domain.errors import InputError

_START_SECONDS = 20.0


def has_display() -> bool:
    """Whether a window can be opened where a person would see it."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


@contextmanager
def virtual_screen(size: str = "1600x1000x24") -> Iterator[str]:
    """A virtual screen (Xvfb) for the time of the block; yields its display, for example ``:99``.

    Raises
    ------
    InputError
        Xvfb is not installed or does not start.
    """
    program = shutil.which("Xvfb")
    if program is None:
        raise InputError(
            "No virtual screen can be made",
            found="no program Xvfb",
            expected="Xvfb, since there is no display",
            fix="sudo apt-get install xvfb",
        )
    read_end, write_end = os.pipe()
    command = [program, "-displayfd", str(write_end), "-screen", "0", size, "-nolisten", "tcp"]
    with subprocess.Popen(  # noqa: S603  a fixed command
        command, pass_fds=(write_end,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        os.close(write_end)
        previous = os.environ.get("DISPLAY")
        try:
            display = _announced_display(read_end)
            os.environ["DISPLAY"] = display
            yield display
        finally:
            os.close(read_end)
            if previous is None:
                os.environ.pop("DISPLAY", None)
            else:
                os.environ["DISPLAY"] = previous
            server.terminate()


def _announced_display(read_end: int) -> str:
    ready, _, _ = select.select([read_end], [], [], _START_SECONDS)
    number = os.read(read_end, 16).decode("ascii").strip() if ready else ""
    if not number:
        raise InputError(
            "The virtual screen did not start",
            fix="run Xvfb :99 by hand to see why, or use a machine with a display",
        )
    return f":{number}"
