"""One annotated box as arrays, with the place that it lies at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.train import TrainingBox


@dataclass(frozen=True, eq=False)
class AnnotatedBox:
    """What was annotated in one box, at the voxel size of the project.

    Parameters
    ----------
    name : str
        For messages.
    box : TrainingBox
        Raw data, masks, and where classes are to be ignored.
    grid : Grid
        Of the box.
    clefts : array, optional
        (z, y, x) uint64 instance ids of all true clefts; None where not all classes of
        synapses were annotated. A cleft that is cut from another box at the face has no id
        here, and its voxels are ignored.
    is_in_raw : bool
        Whether it lies in the project's raw volume, not in another one.
    """

    name: str
    box: TrainingBox
    grid: Grid
    clefts: NDArray[np.uint64] | None
    is_in_raw: bool = True
