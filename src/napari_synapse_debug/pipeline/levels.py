"""Coarser levels of a volume that a step has written, made block by block."""

from __future__ import annotations

from pathlib import Path

from napari_synapse_debug.domain.events import Event, StepContext
from napari_synapse_debug.domain.grid import Triple
from napari_synapse_debug.domain.project import Source
from napari_synapse_debug.io import (
    FinishedBlocks,
    Volume,
    begin_level,
    coarsen_block,
    declare_levels,
    level_factors,
    level_volume,
    open_volume,
)

_CHUNKS = (1, 2, 2)
"""Chunks zyx of a level that are made at once: 8 to 16 MB of bytes are read for a channel."""

_NOTES = "{}.level{}.blocks"


def add_levels(path: Path, key: str, step: str, context: StepContext) -> int:
    """Give the image at ``path`` its coarser levels; how many there are.

    Stopped, it goes on where it was: what is finished is noted beside the image until all is.

    Parameters
    ----------
    path : Path
        An image made by ``create_volume``, whose level 0 is finished.
    key : str
        What the image depends on.
    step : str
        Whose progress is told.
    context : StepContext
        Hears of each level, and knows whether to stop.

    Raises
    ------
    StepCancelledError
        A stop was asked for.
    StorageError
        The disk is full or the folder may not be written.
    """
    finer = open_volume(Source(path=str(path)))
    factors = level_factors(finer.grid)
    notes = []
    for number, factor in enumerate(factors, start=1):
        context.report(Event(step, f"coarser level {number} of {len(factors)}"))
        finished = FinishedBlocks(path.with_name(_NOTES.format(path.stem, number)), key)
        notes.append(finished)
        is_begun = len(finished) > 0
        coarser = (level_volume if is_begun else begin_level)(path, number, factor)
        _fill(finer, coarser, finished, context)
        finer = coarser
    declare_levels(path, factors)
    for finished in notes:
        finished.forget()
    return len(factors)


def forget_levels(path: Path) -> None:
    """Forget what was finished of the levels of the image at ``path``, which begins anew."""
    for notes in path.parent.glob(_NOTES.format(path.stem, "*")):
        notes.unlink()


def _fill(finer: Volume, coarser: Volume, finished: FinishedBlocks, context: StepContext) -> None:
    blocks = finished.remaining(coarser.grid.box.blocks(_block_of(coarser)))
    written = context.map_blocks(lambda box: coarsen_block(finer, coarser, box), blocks)
    for box, _ in written:
        finished.add(box)


def _block_of(volume: Volume) -> Triple:
    chunk = volume.chunks or volume.grid.shape
    z, y, x = (max(1, n * k) for n, k in zip(chunk, _CHUNKS, strict=True))
    return z, y, x
