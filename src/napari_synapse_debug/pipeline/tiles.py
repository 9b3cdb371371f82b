"""Volumes that are read again and again in small crops: tiles that were read stay in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.domain.grid import Box, Triple
from napari_synapse_debug.io import LazyArray

TILE_VX = (32, 128, 128)
MOST_BYTES = 300_000_000
"""Of one volume; the tiles that were not asked for the longest are forgotten first."""


class TiledArray:
    """An array that reads whole tiles and keeps them; the last three axes are zyx.

    It is sliced like the array that it stands for, with steps of 1 along zyx.
    """

    def __init__(self, array: LazyArray, most_bytes: int = MOST_BYTES) -> None:
        self._array, self._most_bytes = array, most_bytes
        self._tiles: OrderedDict[Triple, NDArray[Any]] = OrderedDict()
        self._bytes = 0
        self._volume = Box.of_shape(self.shape[-3:])

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the whole array."""
        return tuple(self._array.shape)

    @property
    def ndim(self) -> int:
        """Axes."""
        return len(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the values."""
        return np.dtype(self._array.dtype)

    def __getitem__(self, index: Any) -> NDArray[Any]:
        given = index if isinstance(index, tuple) else (index,)
        if not all(isinstance(part, slice) and part.step in (None, 1) for part in given[-3:]):
            return np.asarray(self._array[index])
        if len(given) != self.ndim:
            return np.asarray(self._array[index])
        wanted = self._box(given[-3:])
        lead = self.shape[:-3]
        out = np.empty((*lead, *wanted.shape), self.dtype)
        for corner in _corners(wanted):
            tile = self._read(corner)
            inner: list[Any] = [Ellipsis]
            outer: list[Any] = [Ellipsis]
            for first, n, low, high in zip(
                corner, tile.shape[-3:], wanted.start, wanted.stop, strict=True
            ):
                start, stop = max(low, first), min(high, first + n)
                inner.append(slice(start - first, stop - first))
                outer.append(slice(start - low, stop - low))
            out[tuple(outer)] = tile[tuple(inner)]
        return np.asarray(out[given[:-3]]) if lead else out

    def _box(self, slices: tuple[slice, ...]) -> Box:
        ends = [part.indices(n)[:2] for part, n in zip(slices, self._volume.shape, strict=True)]
        (a, b), (c, d), (e, f) = ((low, max(low, high)) for low, high in ends)
        return Box((a, c, e), (b, d, f))

    def _read(self, corner: Triple) -> NDArray[Any]:
        """The tile that begins at a voxel, cut to the volume."""
        if corner in self._tiles:
            self._tiles.move_to_end(corner)
            return self._tiles[corner]
        ends = zip(corner, TILE_VX, self._volume.shape, strict=True)
        part = [slice(first, min(first + n, size)) for first, n, size in ends]
        read = np.asarray(self._array[(*[slice(None)] * (self.ndim - 3), *part)])
        self._tiles[corner] = read
        self._bytes += read.nbytes
        while self._bytes > self._most_bytes and len(self._tiles) > 1:
            self._bytes -= self._tiles.popitem(last=False)[1].nbytes
        return read


def _corners(wanted: Box) -> Iterable[Triple]:
    """Where the tiles begin that hold a part of a box; none for an empty one."""
    if wanted.is_empty:
        return ()
    z, y, x = (
        range(low // n * n, high, n)
        for low, high, n in zip(wanted.start, wanted.stop, TILE_VX, strict=True)
    )
    return product(z, y, x)
