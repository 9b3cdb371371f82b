"""All that is known of one piece of a volume when candidates meet interfaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.roles import ClassSpec
from napari_synapse_debug.synapses.channels import check_probability


@dataclass(frozen=True)
class Crop:
    """Candidates, segmentation and probabilities of the same voxels.

    Parameters
    ----------
    grid : Grid
        Where the voxels of this crop lie.
    candidate_labels : (z, y, x) integers
        Candidate ids, 0 where there is none.
    segmentation : (z, y, x) integers
        Segment ids as they are (not grown), 0 is background.
    probability : (C, z, y, x) uint8
        A channel a class, 255 for 1.
    classes : tuple of ClassSpec
        The class of each channel.
    raw : (z, y, x) numbers, optional
        The EM data; without them what is told by brightness is not known.

    Raises
    ------
    InputError
        An array has another shape than the grid, or another type.
    """

    grid: Grid
    candidate_labels: NDArray[np.integer[Any]]
    segmentation: NDArray[np.integer[Any]]
    probability: NDArray[np.uint8]
    classes: tuple[ClassSpec, ...]
    raw: NDArray[Any] | None = None

    def __post_init__(self) -> None:
        check_probability(self.probability, self.grid.shape, self.classes)
        for name, array in (
            ("segmentation", self.segmentation),
            ("candidate labels", self.candidate_labels),
        ):
            if array.shape != self.grid.shape or array.dtype.kind not in "iu":
                raise InputError(
                    f"The {name} and the probabilities do not fit",
                    found=f"shape {array.shape} of {array.dtype}",
                    expected=f"shape {self.grid.shape} of whole numbers",
                    fix="cut all arrays with the same box, from volumes of the same grid",
                )
        if self.raw is not None and self.raw.shape != self.grid.shape:
            raise InputError(
                "The raw data and the probabilities do not fit",
                found=f"shape {self.raw.shape}",
                expected=f"shape {self.grid.shape}",
                fix="cut all arrays with the same box, from volumes of the same grid",
            )
