"""Instances of masks that may hold them, or only say where a class is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label


def label_instances(mask: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Instance ids: those of ``mask`` (z, y, x) if there are several, else connected pieces.

    A single piece keeps its id.
    """
    present = np.unique(mask)
    if np.count_nonzero(present) > 1:
        return mask
    # not by cc3d, which refuses some volumes of a few voxels (4.1.1, "maximum length exception")
    pieces, count = label(mask > 0, np.ones((3, 3, 3)))
    return mask if count <= 1 else np.asarray(pieces, dtype=np.uint64)


def join_instances(masks: Sequence[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    """Instance ids of several masks as one, a later mask over an earlier one.

    Each mask may hold instances or not (``label_instances``), and number them as it likes: an
    instance of a later mask is one with an earlier one of its id only where they overlap. If the
    id is another one's, or the mask holds no instances, it is part of the earlier one that it
    overlaps most, or else of none, with a number of its own.

    Parameters
    ----------
    masks : sequence of (Z, Y, X) uint64
        At least one, all of one shape.
    """
    joined = label_instances(masks[0])
    for mask in masks[1:]:
        above = _renumbered(mask, joined)
        joined = np.where(above > 0, above, joined)
    return joined


def _renumbered(mask: NDArray[np.uint64], below: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The instances of ``mask`` with ids that go with those ``below``."""
    above = label_instances(mask)
    present, inverse = np.unique(above, return_inverse=True)
    taken = set(np.unique(below).tolist())
    overlaps = _overlaps(above, below)
    unused = max(int(above.max()), int(below.max())) + 1
    numbers = present.copy()
    for at, number in enumerate(present.tolist()):
        under = overlaps.get(number, [])
        is_settled = above is mask and (number not in taken or number in under)
        if number == 0 or is_settled:
            continue
        numbers[at] = under[-1] if under else unused
        unused += not under
    return numbers[inverse].reshape(above.shape)


def _overlaps(above: NDArray[np.uint64], below: NDArray[np.uint64]) -> dict[int, list[int]]:
    """For each id above those below it, the one with most common voxels last."""
    both = (above > 0) & (below > 0)
    pairs, counts = np.unique(
        np.stack([above[both], below[both]], axis=1), axis=0, return_counts=True
    )
    found: dict[int, list[int]] = {}
    for over, under in pairs[np.argsort(counts, kind="stable")].tolist():
        found.setdefault(over, []).append(under)
    return found
