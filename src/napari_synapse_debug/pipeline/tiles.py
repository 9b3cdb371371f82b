"""Volumes that are read again and again in small crops: tiles that were read stay in memory."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.domain.grid import Box
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
        self._tiles: OrderedDict[Box, NDArray[Any]] = OrderedDict()
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
        for tile in self._tiles_of(wanted):
            part = tile.intersect(wanted)
            held = self._read(tile)[(..., *part.relative_to(tile).slices)]
            out[(..., *part.relative_to(wanted).slices)] = held
        return np.asarray(out[given[:-3]]) if lead else out

    def _box(self, slices: tuple[slice, ...]) -> Box:
        ends = [part.indices(n)[:2] for part, n in zip(slices, self._volume.shape, strict=True)]
        (a, b), (c, d), (e, f) = ((low, max(low, high)) for low, high in ends)
        return Box((a, c, e), (b, d, f))

    def _tiles_of(self, wanted: Box) -> list[Box]:
        if wanted.is_empty:
            return []
        first = [a // n * n for a, n in zip(wanted.start, TILE_VX, strict=True)]
        around = Box((first[0], first[1], first[2]), wanted.stop)
        grown = (
            Box(tile.start, _end(tile.start)).intersect(self._volume)
            for tile in around.blocks(TILE_VX)
        )
        return list(grown)

    def _read(self, tile: Box) -> NDArray[Any]:
        if tile in self._tiles:
            self._tiles.move_to_end(tile)
            return self._tiles[tile]
        read = np.asarray(self._array[(*[slice(None)] * (self.ndim - 3), *tile.slices)])
        self._tiles[tile] = read
        self._bytes += read.nbytes
        while self._bytes > self._most_bytes and len(self._tiles) > 1:
            self._bytes -= self._tiles.popitem(last=False)[1].nbytes
        return read


def _end(start: tuple[int, int, int]) -> tuple[int, int, int]:
    z, y, x = (a + n for a, n in zip(start, TILE_VX, strict=True))
    return z, y, x
