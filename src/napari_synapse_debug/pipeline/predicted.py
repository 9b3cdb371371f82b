"""What of a volume a finished prediction covers; known without loading a network."""

from __future__ import annotations

from pathlib import Path

from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.io import read_annotations

PREDICTION = "prediction.zarr"
PARTIAL = "prediction.partial.zarr"
"""The prediction while it is being made; blocks can be looked at as they are finished."""


def predicted_box(folder: Path) -> Box | None:
    """The voxels that the prediction of the run in ``folder`` covers; outside of it all is 0.

    None where that is not known, as for a prediction of another program: then it is the whole
    volume. A mask (``predict.within``) may leave out more.

    Raises
    ------
    DataError
        The metadata are damaged.
    """
    path = folder / PREDICTION
    text = read_annotations(path).get("box") if path.exists() else None
    return None if text is None else Box.parse(str(text))
