"""Rows of voxels: copied with what lies before them, compared whole, searched for flags."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from napari_synapse_debug.domain.compiled import compiled, kernel
from napari_synapse_debug.domain.grid import Triple


@kernel
def flagged_places(words: NDArray[Any], flags: NDArray[Any], places: NDArray[Any]) -> int:
    """How many flags are not 0; their places are written.

    Parameters
    ----------
    words, flags : (N / 8,) uint64, (N,) uint8
        The same memory; eight flags that are all 0 are skipped at once.
    places : (N + 8,) int32
        Written to; what lies behind the count returned is undefined.
    """
    count = 0
    for word in range(len(words)):
        if words[word] != 0:
            for x in range(8 * word, 8 * word + 8):
                places[count] = x
                count += flags[x] != 0
    return count


@compiled
def copy_section(into: NDArray[Any], labels: NDArray[Any], z: int, start: Triple) -> None:
    """One section of the block with the row and column before it, zero outside the array."""
    _, y0, x0 = start
    for y in range(into.shape[0]):
        if y0 + y - 1 >= 0:
            source = labels[z, y0 + y - 1]
            if x0 > 0:
                into[y, :] = source[x0 - 1 : x0 - 1 + into.shape[1]]
            else:
                into[y, 1:] = source[: into.shape[1] - 1]


@kernel
def flag_row(
    flags: NDArray[Any],
    here: NDArray[Any],
    above: NDArray[Any],
    behind: NDArray[Any],
    across: NDArray[Any],
) -> None:
    """Write what each voxel of a row has to do.

    ``above`` is the row of the section before, ``behind`` the one of y - 1, ``across`` both.
    """
    count = len(here) - 1
    ss, qs, rs, ps = here[1:], above[1:], behind[1:], across[1:]
    ws, vs, ts = here[:-1], above[:-1], behind[:-1]
    # nothing but this is done in the loop: numba adds bytes in 64 bits, and the compiler can take
    # that back, and many voxels at once, only where the sum is used nowhere else
    for x in range(count):
        s, q, r, p, w, v, t = ss[x], qs[x], rs[x], ps[x], ws[x], vs[x], ts[x]
        flags[x] = (
            ((s != q) & (s != 0) & (q != 0)) * 1
            | ((s != r) & (s != 0) & (r != 0)) * 2
            | ((s != w) & (s != 0) & (w != 0)) * 4
            | ((q == r) & (p != q) & (p != 0) & (q != 0)) * 8
            | ((w == q) & (v != q) & (v != 0) & (q != 0)) * 16
            | ((w == r) & (t != r) & (t != 0) & (r != 0)) * 32
        )
