"""A volume predicted block by block, while the next is read and the last is written."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import StepCancelledError
from napari_synapse_debug.domain.events import Event, StepContext, box_values
from napari_synapse_debug.domain.grid import Box, Triple
from napari_synapse_debug.networks import memory_kept
from napari_synapse_debug.predict.predictor import ArrayLike

TileT = TypeVar("TileT")


class WritableArray(Protocol):
    """An array that is written by slices: NumPy, Zarr."""

    def __setitem__(self, key: Any, value: Any, /) -> None:
        """Write the values into the slices."""


class BlockPredictor(Protocol[TileT]):
    """What predicts a block in two parts, so that they can overlap with those of others."""

    def read(self, raw: ArrayLike, box: Box) -> TileT:
        """The input for ``box``."""

    def compute(self, tile: TileT) -> NDArray[np.uint8]:
        """The probabilities of that box, (class, z, y, x)."""


def predict_blocks(
    raw: ArrayLike,
    blocks: Sequence[Box],
    predictor: BlockPredictor[Any],
    out: WritableArray,
    context: StepContext,
    *,
    origin: Triple = (0, 0, 0),
    within: ArrayLike | None = None,
) -> Iterator[Box]:
    """Predict ``blocks`` of a volume into ``out``; yields each one when it is written.

    One thread reads ahead and one writes behind, one block each, so that memory does not grow::

        read      1 2 3 4
        compute     1 2 3 4
        write         1 2 3 4

    Nothing is done before the iterator is consumed. To go on after an interruption leave out
    the blocks that were yielded before; the result does not depend on how a box is cut.

    Parameters
    ----------
    raw : array-like
        The whole volume (z, y, x), from which blocks take their context.
    blocks : sequence of Box
        Voxels of ``raw``; for example ``box.blocks(predictor.choose_block(box.shape))``.
    predictor : Predictor or ResamplingPredictor
        The network.
    out : array-like
        (class, z, y, x) uint8; voxel 0 of it is ``origin``.
    context : StepContext
        Runs the blocks, hears of each (``box_of`` its event), and stops between two.
    origin : tuple of int
        Voxel of ``raw`` (zyx) at which ``out`` starts.
    within : array-like, optional
        A mask of the shape of ``raw``: where it is 0 the result is 0, and blocks that it does
        not touch are neither read nor written.

    Raises
    ------
    StepCancelledError
        A stop was asked for.
    InputError
        A voxel that is read is NaN or infinite.
    """

    def read(block: Box) -> tuple[Any, NDArray[np.bool_] | None] | None:
        mask = None if within is None else np.asarray(within[block.slices]) > 0
        if mask is not None and not mask.any():
            return None
        return predictor.read(raw, block), mask

    def write(block: Box, values: NDArray[np.uint8]) -> None:
        out[(slice(None), *block.relative_to(Box(origin, origin)).slices)] = values

    with (
        memory_kept(),
        ThreadPoolExecutor(1, "read") as reader,
        ThreadPoolExecutor(1, "write") as writer,
    ):
        ahead = _ReadAhead(read, blocks, reader)

        def predict_block(block: Box) -> Future[None] | None:
            found = ahead.take(block)
            if found is None:
                return None
            tile, mask = found
            values = predictor.compute(tile)
            return writer.submit(write, block, values if mask is None else values * mask)

        written = _one_behind(context.map_blocks(predict_block, blocks))
        for number, block in enumerate(written, start=1):
            message = f"block {number} of {len(blocks)}"
            context.report(Event("predict", message, number, len(blocks), box_values(block)))
            yield block


Read = TypeVar("Read")


class _ReadAhead(Generic[Read]):
    """Reads the block after the one that is taken, whatever the order of taking."""

    def __init__(
        self, read: Callable[[Box], Read], blocks: Sequence[Box], pool: ThreadPoolExecutor
    ) -> None:
        self._read, self._pool = read, pool
        self._next = dict(pairwise(blocks))
        self._pending: dict[Box, Future[Read]] = {}

    def take(self, block: Box) -> Read:
        """What was read for ``block``; the next one is begun."""
        pending = self._pending.pop(block, None) or self._pool.submit(self._read, block)
        found = pending.result()
        following = self._next.get(block)
        if following is not None:
            self._pending[following] = self._pool.submit(self._read, following)
        return found


def _one_behind(done: Iterator[tuple[Box, Future[None] | None]]) -> Iterator[Box]:
    """The blocks in their order, each once it is written, while the next is computed."""
    waiting: deque[tuple[Box, Future[None] | None]] = deque()

    def settle() -> Box:
        block, written = waiting.popleft()
        if written is not None:
            written.result()
        return block

    try:
        for pair in done:
            waiting.append(pair)
            if len(waiting) > 1:
                yield settle()
    except StepCancelledError:
        while waiting:
            yield settle()
        raise
    while waiting:
        yield settle()
