"""The size of the blocks in which a volume is predicted with the least work."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.domain.grid import Triple

_LONGEST_VX = 1024
_MOST_PARTS = 8

_LEAST_OF_HALO = 4
"""So small a part of its halo an edge may be where the prediction were given up otherwise."""


def fit_block(
    shape: Triple, halo_vx: Triple, align_vx: Triple, chunk_vx: Triple, most_voxels: int
) -> Triple:
    """As ``choose_block`` in whole chunks; smaller where the tile of the smallest is too large.

    Edges are multiples of ``align_vx`` then, down to about the halo.
    """
    z, y, x = (int(np.lcm(a, c)) for a, c in zip(align_vx, chunk_vx, strict=True))
    block = choose_block(shape, halo_vx, (z, y, x), most_voxels)
    while _tile_voxels(block, shape, halo_vx) > most_voxels:
        smaller = smaller_block(block, halo_vx, align_vx, chunk_vx)
        if smaller is None:
            break
        block = smaller
    return block


def choose_block(shape: Triple, halo_vx: Triple, step_vx: Triple, most_voxels: int) -> Triple:
    """The block zyx for which the fewest voxels are read, halos counted.

    A tile is a block with its halo, cut to the volume: along an axis that is taken whole there
    is no halo, and blocks at a face have it on one side only::

        | block | halo |             volume of three blocks: the halos
                | halo | block | halo |     are read twice
                               | halo | block |

    Parameters
    ----------
    shape : tuple of int
        Voxels of the volume, zyx.
    halo_vx : tuple of int
        Context on either side.
    step_vx : tuple of int
        What a block's edges are multiples of.
    most_voxels : int
        Largest tile; it is exceeded only where the smallest block has a larger one.
    """
    sizes = [max(1, size) for size in shape]
    lengths = [_candidates(*axis) for axis in zip(sizes, step_vx, strict=True)]
    axes = list(zip(lengths, sizes, halo_vx, strict=True))
    cuts = [-(-size // length) - 1 for length, size, _ in axes]
    tile = _volume(
        [
            np.minimum(length + halo * np.minimum(2, cut), size)
            for (length, size, halo), cut in zip(axes, cuts, strict=True)
        ]
    )
    work = _volume([size + 2 * halo * cut for (_, size, halo), cut in zip(axes, cuts, strict=True)])
    if (tile <= most_voxels).any():
        best = np.where(tile <= most_voxels, work, np.inf).argmin()
    else:
        best = tile.argmin()
    place = np.unravel_index(best, tile.shape)
    z, y, x = (int(length[index]) for length, index in zip(lengths, place, strict=True))
    return z, y, x


def _tile_voxels(block_vx: Triple, shape: Triple, halo_vx: Triple) -> int:
    """Voxels of the largest tile of such blocks."""
    tile = 1
    for edge, size, halo in zip(block_vx, shape, halo_vx, strict=True):
        cuts = -(-size // edge) - 1
        tile *= min(edge + halo * min(2, cuts), size)
    return tile


def _candidates(size: int, step: int) -> NDArray[np.int64]:
    """Block lengths worth a try: equal parts of the axis, and all multiples up to a bound."""
    whole = -(-size // step) * step
    parts = {-(-whole // (step * part)) * step for part in range(1, _MOST_PARTS + 1)}
    return np.array(sorted(parts | set(range(step, min(whole, _LONGEST_VX) + 1, step))))


def _volume(sides: list[NDArray[np.int64]]) -> NDArray[np.float64]:
    """The product for every combination of sides, (Z, Y, X)."""
    z, y, x = (side.astype(np.float64) for side in sides)
    return z[:, None, None] * y[None, :, None] * x[None, None, :]


def smaller_block(
    block_vx: Triple,
    halo_vx: Triple,
    align_vx: Triple,
    chunk_vx: Triple,
    *,
    below_halo: bool = False,
) -> Triple | None:
    """``block_vx`` with its longest edge about halved; None where no edge can be.

    An edge stays a multiple of ``chunk_vx`` while it is longer than a chunk, then of
    ``align_vx``. One that is no longer than its halo stays, as most of what is read is halo then;
    with ``below_halo`` one that is no longer than a quarter of it.
    """
    share = _LEAST_OF_HALO if below_halo else 1
    longer = [k for k in range(3) if block_vx[k] > max(halo_vx[k] // share, align_vx[k])]
    if not longer:
        return None
    axis = max(longer, key=lambda k: block_vx[k])
    both = int(np.lcm(align_vx[axis], chunk_vx[axis]))
    step = both if block_vx[axis] > both else align_vx[axis]
    edges = list(block_vx)
    edges[axis] = -(-edges[axis] // (2 * step)) * step
    return edges[0], edges[1], edges[2]
