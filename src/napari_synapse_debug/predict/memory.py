"""How much memory is free for a prediction, and how the want of it shows."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock

import psutil
import torch

_SHARE = 0.25
_MOST_BYTES = 2**31
_LEAST_BYTES = 2**26
_CGROUP = Path("/sys/fs/cgroup")

_SIGNS = (
    "not enough memory",
    "out of memory",
    "can't allocate memory",
    "could not create a memory",
)
"""What the messages of torch's CPU, CUDA and MPS allocators and of oneDNN have in common."""


def tile_bytes(free: int) -> int:
    """Bytes that the tensors of one tile may take where ``free`` bytes are free.

    A quarter, as libraries keep copies of their own; at most 2 GiB, beyond which tiles gain
    nothing on a CPU, and at least 64 MiB.
    """
    return int(min(_MOST_BYTES, max(_LEAST_BYTES, free * _SHARE)))


def free_bytes(device: torch.device) -> int:
    """Bytes that are free on ``device``; on a CPU within the limits of the control group."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    free = int(psutil.virtual_memory().available)
    limit, used = _number(_CGROUP / "memory.max"), _number(_CGROUP / "memory.current")
    if limit is None or used is None:
        return free
    return max(0, min(free, limit - used))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether ``error`` says that memory did not suffice, on whatever device."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(sign in text for sign in _SIGNS)


def release(device: torch.device) -> None:
    """Give memory that torch keeps for later back to ``device``."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


class _Keeper:
    """How the C library frees memory, for as long as somebody wants it kept."""

    def __init__(self) -> None:
        self._lock, self._users, self._held = Lock(), 0, 0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """While it lasts, memory that is freed stays with this process, to be used again at once.

        The C library of Linux (glibc) gives tensors of more than 32 MiB back when they are freed,
        and the system clears and maps new pages for the next, which can take as long as the
        convolutions. Elsewhere nothing is changed. It may be nested, in several threads too.
        """
        library = _glibc()
        if library is None:
            yield
            return
        self._count(library, +1)
        try:
            yield
        finally:
            self._count(library, -1)

    def trim(self, most: int) -> None:
        """Give freed memory back if the process grew by more than ``most`` bytes meanwhile.

        Kept memory comes to have holes that fit nothing. Outside of a block nothing is done.
        """
        library = _glibc()
        if library is not None and self._users and _resident() - self._held > most:
            library.malloc_trim(0)

    def _count(self, library: ctypes.CDLL, more: int) -> None:
        with self._lock:
            before, self._users = self._users, self._users + more
            if not before:
                self._held = _resident()
                library.mallopt(_M_MMAP_MAX, 0)
                library.mallopt(_M_TRIM_THRESHOLD, -1)
            elif not self._users:
                library.mallopt(_M_MMAP_MAX, _MMAP_MAX)
                library.mallopt(_M_TRIM_THRESHOLD, _TRIM_THRESHOLD)
                library.malloc_trim(0)


memory_kept = _Keeper()
"""The one of this process, as there is one C library."""

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4
_TRIM_THRESHOLD, _MMAP_MAX = 128 * 1024, 65_536
"""Names and defaults of mallopt(3)."""


@cache
def _glibc() -> ctypes.CDLL | None:
    """The C library of this process where it is glibc."""
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "gnu_get_libc_version") else None


def _resident() -> int:
    """Bytes of memory that this process holds."""
    return int(psutil.Process().memory_info().rss)


def _number(path: Path) -> int | None:
    """The number in a file of the system; None where there is none, or it says ``max``."""
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
