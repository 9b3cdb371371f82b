"""Memory that is freed and kept, as the pages of new memory cost time."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock

import psutil


class _Keeper:
    """How the C library frees memory, for as long as somebody wants it kept."""

    def __init__(self) -> None:
        self._lock, self._users, self._held = Lock(), 0, 0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """While it lasts, memory that is freed stays with this process, to be used again at once.

        The C library of Linux (glibc) gives tensors of more than 32 MiB back when they are freed,
        and smaller ones once enough of them are, and the system clears and maps new pages for the
        next, which can take as long as the convolutions. Elsewhere nothing is changed. It may be
        nested, in several threads too.
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
                library.mallopt(_M_MMAP_THRESHOLD, _MMAP_THRESHOLD)
                library.mallopt(_M_TRIM_THRESHOLD, 2 * _MMAP_THRESHOLD)
                library.malloc_trim(0)


memory_kept = _Keeper()
"""The one of this process, as there is one C library."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_MMAP_MAX = -1, -3, -4
_MMAP_MAX, _MMAP_THRESHOLD = 65_536, 32 * 2**20
"""Names and values of mallopt(3): those that glibc comes to by itself where tensors are large."""


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
