"""Functions compiled to machine code once and kept on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import njit
from numba.core.options import DefaultOptions
from numpy.typing import NDArray

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """The function compiled by numba: cached on disk, and free of the interpreter's lock.

    Numba keeps its cache beside the module, in ``NUMBA_CACHE_DIR`` where that is set, and in the
    user's cache folder where the package is installed read-only. Where none of them can be
    written the function is compiled anew in each session.
    """
    try:
        return cast(F, njit(cache=True, nogil=True)(function))
    except RuntimeError as error:
        if "cannot cache" not in str(error):
            raise
        return cast(F, njit(nogil=True)(function))


_UNCOUNTED = {"_nrt": False} if hasattr(DefaultOptions, "_nrt") else {}
"""Numba counts references to arrays by locked instructions, in loops as well; in the sweep for
contacts they took half of the time. The option that switches this off has no public name."""


def kernel(function: F) -> F:
    """The function compiled into the ``compiled`` ones that call it; it must make no array.

    Views are no new arrays. References are not counted in it, as its caller holds the arrays.
    """
    return cast(F, njit(nogil=True, forceinline=True, **_UNCOUNTED)(function))


def is_compiled(function: Callable[..., object]) -> bool:
    """Whether an earlier session left machine code of a ``compiled`` function on disk.

    It may have been for another type of labels; then a call still compiles.
    """
    cache = getattr(getattr(function, "stats", None), "cache_path", None)
    if cache is None or not Path(cache).is_dir():
        return False
    name = function.__name__
    return any(f".{name}-" in entry.name for entry in Path(cache).glob("*.nbi"))


@kernel
def root_of(parent: NDArray[Any], item: int) -> int:
    """The root of ``item`` in a union-find forest ((N,) integers); paths are halved on the way.

    Numba notices a change here only when the file that calls it changes, too.
    """
    while parent[item] != item:
        parent[item] = parent[parent[item]]
        item = parent[item]
    return item
