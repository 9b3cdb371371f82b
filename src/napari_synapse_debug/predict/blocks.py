"""A volume predicted block by block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from napari_synapse_debug.domain.events import Event, StepContext
from napari_synapse_debug.domain.grid import Box, Triple
from napari_synapse_debug.predict.predictor import ArrayLike, Predictor


class WritableArray(Protocol):
    """An array that is written by slices: NumPy, Zarr."""

    def __setitem__(self, key: Any, value: Any, /) -> None:
        """Write the values into the slices."""


def predict_blocks(
    raw: ArrayLike,
    blocks: Sequence[Box],
    predictor: Predictor,
    out: WritableArray,
    context: StepContext,
    *,
    origin: Triple = (0, 0, 0),
) -> Iterator[Box]:
    """Predict ``blocks`` of a volume into ``out``; yields each one when it is written.

    Nothing is done before the iterator is consumed. To go on after an interruption leave out
    the blocks that were yielded before; the result does not depend on how a box is cut.

    Parameters
    ----------
    raw : array-like
        The whole volume (z, y, x), from which blocks take their context.
    blocks : sequence of Box
        Voxels of ``raw``; for example ``box.blocks(predictor.choose_block(box.shape))``.
    predictor : Predictor
        The network.
    out : array-like
        (class, z, y, x) uint8; voxel 0 of it is ``origin``.
    context : StepContext
        Runs the blocks, hears of each, and stops between two.
    origin : tuple of int
        Voxel of ``raw`` (zyx) at which ``out`` starts.

    Raises
    ------
    StepCancelledError
        A stop was asked for.
    InputError
        A voxel that is read is NaN or infinite.
    """

    def predict_block(block: Box) -> None:
        place = block.relative_to(Box(origin, origin))
        out[(slice(None), *place.slices)] = predictor.predict_box(raw, block)

    finished = context.map_blocks(predict_block, blocks)
    for number, (block, _) in enumerate(finished, start=1):
        message = f"block {number} of {len(blocks)}"
        context.report(Event("predict", message, number, len(blocks)))
        yield block
