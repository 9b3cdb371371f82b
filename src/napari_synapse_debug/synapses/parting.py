"""Candidates that join two clefts, cut in two throughout a volume."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.records import AXES
from napari_synapse_debug.domain.roles import ClassSpec
from napari_synapse_debug.synapses.channels import synapse_probability
from napari_synapse_debug.synapses.joining import find_candidates
from napari_synapse_debug.synapses.splitting import split_candidate

Labels = NDArray[np.integer[Any]]
Read = Callable[[Box], tuple[Labels, NDArray[np.uint8]]]
Write = Callable[[Box, Labels], Any]


def split_touching(
    candidates: pd.DataFrame,
    read: Read,
    write: Write,
    grid: Grid,
    classes: Sequence[ClassSpec],
    min_size_vx: int,
) -> pd.DataFrame:
    """The candidates with those of several peaks in parts (``split_candidate``).

    Each is looked at in its own box alone, so that the parts are the same for any blocks. The
    first part keeps the id, the others get new ones after the largest; the table stays sorted.
    Candidates that are not kept are not split.

    Parameters
    ----------
    candidates : DataFrame
        ``records.CANDIDATES`` of the volume.
    read : callable
        Labels (z, y, x) and probabilities (C, z, y, x) of a box.
    write : callable
        Takes a box and its new labels; called for the boxes in which something was split.
    grid : Grid
        Of the volume.
    classes : sequence of ClassSpec
        The channels.
    min_size_vx : int
        Smaller parts have ``is_kept`` false.
    """
    parts = [candidates]
    gone, last = [], int(candidates["candidate"].max()) if len(candidates) else 0
    for row in candidates[candidates["is_kept"]].to_dict("records"):
        start, stop = ([int(row[f"{end}_{axis}"]) for axis in AXES] for end in ("start", "stop"))
        box = Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))
        labels, probability = read(box)
        inside = labels == row["candidate"]
        found = split_candidate(
            inside, synapse_probability(probability, classes), grid.voxel_size_nm
        )
        count = int(found.max())
        if count < 2:
            continue
        ids = np.array([0, row["candidate"], *range(last + 1, last + count)])
        last += count - 1
        gone.append(row["candidate"])
        parts += [
            _measured(found == k, int(ids[k]), probability, box, grid, classes, min_size_vx)
            for k in range(1, count + 1)
        ]
        write(box, np.where(inside, ids[found], labels).astype(labels.dtype))
    parts[0] = candidates[~candidates["candidate"].isin(gone)]
    return pd.concat([p for p in parts if len(p)] or parts[:1]).sort_values(
        "candidate", ignore_index=True
    )


def _measured(
    inside: NDArray[np.bool_],
    candidate: int,
    probability: NDArray[np.uint8],
    box: Box,
    grid: Grid,
    classes: Sequence[ClassSpec],
    min_size_vx: int,
) -> pd.DataFrame:
    """The row of one part, in the volume."""
    alone = np.where(inside, probability, 0).astype(np.uint8)
    _, table = find_candidates(alone, grid.crop(box), classes, 0.0, min_size_vx)
    moved = {
        f"{end}_{axis}": table[f"{end}_{axis}"] + box.start[k]
        for end in ("start", "stop")
        for k, axis in enumerate(AXES)
    }
    return table.nlargest(1, "size_vx").assign(candidate=candidate, **moved)
