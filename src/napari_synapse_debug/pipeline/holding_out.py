"""The end of a training box, held out to validate on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.grid import Box, Triple
from napari_synapse_debug.pipeline.annotated_box import AnnotatedBox
from napari_synapse_debug.train import TrainingBox

LEAST_CLEFTS = 3
"""A validation box with fewer true clefts tells next to nothing."""

LARGEST_SHARE = 0.25
"""Of the true clefts that may be held out; the others are needed to learn from."""


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What is left to train on, what was held out, its true clefts, and a line that says so."""

    train: tuple[AnnotatedBox, ...]
    validation: tuple[AnnotatedBox, ...]
    n_clefts: int
    said: str


def hold_out(boxes: Sequence[AnnotatedBox], fraction: float) -> HeldOut:
    """The boxes less a slab of about ``fraction`` of one of them, and that slab.

    The slab lies at the end of the axis that is longest in nm, in the box with most clefts
    where one can be cut off that holds at least three clefts and at most a quarter of those in
    the box. Its thickness is the nearest to ``fraction``, between a half and twice of it, at
    which that holds. A cleft at the cut belongs to where most of its voxels lie, and is
    ignored on the other side.

    Parameters
    ----------
    boxes : sequence of AnnotatedBox
        To train on.
    fraction : float
        Of the box, above 0.

    Returns
    -------
    HeldOut
        Without a validation box where no slab fits.
    """
    counts = [len(_ids(box)) for box in boxes]
    for number in sorted(range(len(boxes)), key=lambda i: -counts[i]):
        axis = _longest_axis(boxes[number])
        cut = _choose_cut(boxes[number], axis, fraction)
        if cut is None:
            continue
        kept, held = _split(boxes[number], axis, cut)
        if _marked(kept) != _marked(boxes[number]):  # a class would be nowhere to be learnt
            continue
        n_clefts = len(_ids(held))
        train = (*boxes[:number], kept, *boxes[number + 1 :])
        what = f"{n_clefts} of its {counts[number]} true clefts"
        return HeldOut(train, (held,), n_clefts, _say(boxes[number], axis, cut, what))
    said = (
        f"nothing is held out for validation: no end of a training box holds {LEAST_CLEFTS} or "
        f"more true clefts and at most {LARGEST_SHARE:.0%} of them (there are "
        f"{' and '.join(map(str, counts))}); annotate a validation box"
    )
    return HeldOut(tuple(boxes), (), 0, said)


def hold_out_voxels(boxes: Sequence[AnnotatedBox], fraction: float) -> HeldOut:
    """The boxes less a slab of ``fraction`` of one of them, to be judged by its voxels.

    For boxes in which no synapses are learnt, as of mitochondria or membranes alone. The slab
    lies at the end of the axis that is longest in nm, in the box with most marked voxels where
    all classes that the box has are marked on both sides of the cut.

    Parameters
    ----------
    boxes : sequence of AnnotatedBox
        To train on.
    fraction : float
        Of the box, above 0.

    Returns
    -------
    HeldOut
        Without a validation box where no slab has all classes.
    """
    marked = [sum(int(np.count_nonzero(m)) for m in _known_masks(box)) for box in boxes]
    for number in sorted(range(len(boxes)), key=lambda i: -marked[i]):
        whole = boxes[number]
        axis = _longest_axis(whole)
        size = whole.grid.shape[axis]
        cut = min(size - 1, max(1, round(size * (1 - fraction))))
        if size < 2 or not _marked(whole):
            continue
        kept, held = _split(whole, axis, cut)
        if not _marked(kept) == _marked(held) == _marked(whole):
            continue
        train = (*boxes[:number], kept, *boxes[number + 1 :])
        what = f"judged by the voxels of {' and '.join(sorted(_marked(whole)))}"
        return HeldOut(train, (held,), 0, _say(whole, axis, cut, what))
    said = (
        "nothing is held out for validation: at no end of a training box are all of its classes "
        "marked; annotate a validation box"
    )
    return HeldOut(tuple(boxes), (), 0, said)


def _say(whole: AnnotatedBox, axis: int, cut: int, what: str) -> str:
    return (
        f"held out for validation: voxels {cut} to {whole.grid.shape[axis]} along {'zyx'[axis]} "
        f"of the {whole.name}, {what}"
    )


def _known_masks(box: AnnotatedBox) -> list[NDArray[Any]]:
    return [mask for mask in box.box.masks.values() if mask is not None]


def _ids(box: AnnotatedBox) -> NDArray[np.uint64]:
    if box.clefts is None:
        return np.zeros(0, np.uint64)
    present = np.unique(box.clefts)
    return present[present > 0]


def _marked(box: AnnotatedBox) -> set[str]:
    return {name for name, mask in box.box.masks.items() if mask is not None and (mask > 0).any()}


def _longest_axis(box: AnnotatedBox) -> int:
    """The axis that is longest in nm; among equal ones y, then x, then z."""
    lengths = np.multiply(box.grid.shape, box.grid.voxel_size_nm)
    return max((1, 2, 0), key=lambda axis: float(lengths[axis]))


def _choose_cut(box: AnnotatedBox, axis: int, fraction: float) -> int | None:
    """First voxel of the slab along ``axis``; None where none will do."""
    if box.clefts is None:
        return None
    size = box.grid.shape[axis]
    middles = np.array(list(_middles(box.clefts, axis).values()))
    thinnest, thickest = max(1, round(size * fraction / 2)), round(size * fraction * 2)
    cuts = np.arange(max(1, size - thickest), size - thinnest + 1)
    held = (middles[None] >= cuts[:, None]).sum(axis=1) if len(middles) else np.zeros(len(cuts))
    good = cuts[(held >= LEAST_CLEFTS) & (held <= LARGEST_SHARE * len(middles))]
    if len(good) == 0:
        return None
    return int(good[np.argmin(np.abs(good - size * (1 - fraction)))])


def _middles(clefts: NDArray[np.uint64], axis: int) -> dict[int, float]:
    """For each cleft the position along ``axis`` above which at most half of its voxels lie."""
    where = np.nonzero(clefts)
    along = pd.Series(where[axis]).groupby(clefts[where]).median()
    return dict(zip(along.index.astype(int).tolist(), along.astype(float).tolist(), strict=True))


def _split(box: AnnotatedBox, axis: int, cut: int) -> tuple[AnnotatedBox, AnnotatedBox]:
    whole = Box.of_shape(box.grid.shape)
    low, high = list(whole.stop), list(whole.start)
    low[axis] = high[axis] = cut
    clefts = box.clefts if box.clefts is not None else np.zeros(box.grid.shape, np.uint64)
    middles = _middles(clefts, axis)
    of_high = [number for number, middle in middles.items() if middle >= cut]
    is_high = np.isin(clefts, np.array(of_high, np.uint64)) & (clefts > 0)
    kept = _crop(box, Box(whole.start, _triple(low)), is_high)
    held = _crop(box, Box(_triple(high), whole.stop), (clefts > 0) & ~is_high)
    return kept, replace(held, name=f"end of the {box.name}")


def _crop(box: AnnotatedBox, part: Box, is_foreign: NDArray[np.bool_]) -> AnnotatedBox:
    """The voxels of ``part``, without the clefts that belong elsewhere."""
    where, foreign = part.slices, is_foreign[part.slices]
    masks = {name: None if m is None else m[where] for name, m in box.box.masks.items()}
    ignored = {name: unknown[where] for name, unknown in box.box.ignored.items()}
    if foreign.any():
        for name, mask in masks.items():
            if mask is not None:
                before = ignored.get(name, np.zeros(part.shape, np.bool_))
                ignored[name] = before | (foreign & (mask > 0))
    clefts = None if box.clefts is None else np.where(foreign, 0, box.clefts[where])
    return replace(
        box,
        box=TrainingBox(box.box.raw[where], masks, ignored),
        grid=box.grid.crop(part),
        clefts=None if clefts is None else clefts.astype(np.uint64),
    )


def _triple(values: Sequence[int]) -> Triple:
    z, y, x = values
    return z, y, x
