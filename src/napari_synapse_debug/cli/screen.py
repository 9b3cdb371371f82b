"""A display to draw windows on: the one there is, or a virtual one."""

from __future__ import annotations

import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys

from napari_synapse_debug.domain.errors import InputError

_START_SECONDS = 20.0
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def has_display() -> bool:
    """Whether a window can be opened where a person would see it."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def open_virtual_screen(size: str = "1600x1000x24") -> str:
    """Start a virtual screen (Xvfb) and make it the display; its name, for example ``:99``.

    It ends with this process: ending it earlier makes Qt complain, which lets go of its display
    only when the process ends.

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
    options = ["-displayfd", str(write_end), "-screen", "0", size, "-nolisten", "tcp"]
    server = subprocess.Popen(  # noqa: S603  a fixed command
        [program, *options],
        pass_fds=(write_end,),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=_end_with_parent,
    )
    os.close(write_end)
    try:
        display = _announced_display(read_end)
    except InputError:
        server.kill()
        raise
    finally:
        os.close(read_end)
    os.environ["DISPLAY"] = display
    return display


def _end_with_parent() -> None:
    """Ask Linux to end this new process when the one that started it is gone."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _announced_display(read_end: int) -> str:
    """The display that Xvfb writes, up to its newline: it may come in several parts."""
    text = b""
    while not text.endswith(b"\n"):
        ready, _, _ = select.select([read_end], [], [], _START_SECONDS)
        part = os.read(read_end, 16) if ready else b""
        if not part:
            raise InputError(
                "The virtual screen did not start",
                fix="run Xvfb :99 by hand to see why, or use a machine with a display",
            )
        text += part
    return f":{text.decode('ascii').strip()}"
