"""What training again can take from a review: hard places, and boxes to annotate next."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import ProjectError
from napari_synapse_debug.domain.grid import Box, Triple
from napari_synapse_debug.domain.project import Source
from napari_synapse_debug.domain.verdicts import HARD_PLACES
from napari_synapse_debug.io import load_project, open_volume, read_table, write_table
from napari_synapse_debug.pipeline.review import Review
from napari_synapse_debug.review import hard_places, uncertain_boxes

HARD = "hard_places.parquet"
"""In the folder of the model that is trained again."""


def write_hard_places(review: Review, model: str) -> Path:
    """Write ``models/MODEL/hard_places.parquet`` from the verdicts that hold; its path.

    All of them are written, also those in the evaluation box: training can learn from a place
    only where a box is annotated, and a box that is learnt from cannot be judged by any more.
    """
    places = hard_places(review.settled(), review.findings)
    path = review.project.model_folder(model) / HARD
    write_table(places, path)
    return path


def read_hard_places(model_folder: Path) -> pd.DataFrame | None:
    """The places to sample more often (``HARD_PLACES``); None where none were written."""
    path = model_folder / HARD
    return read_table(path, HARD_PLACES) if path.exists() else None


def propose_boxes(
    folder: Path, shape_vx: Triple, count: int, run: str = "main"
) -> list[tuple[Box, float]]:
    """Boxes to annotate next: where the synapse classes of ``run`` are least sure.

    They meet neither an annotated box nor the evaluation box, nor one another; with each its
    mean p(1 - p), in [0, 0.25], the least sure first.

    Raises
    ------
    ProjectError
        The run has no prediction.
    InputError
        A box smaller than two voxels along an axis.
    """
    project = load_project(folder)
    path = project.run_folder(run) / "prediction.zarr"
    if not path.exists():
        raise ProjectError(
            f"The run {run} has no prediction", fix="run `synapse-debug predict` first"
        )
    prediction = open_volume(Source(path=str(path)))
    names = [spec.name for spec in project.config.classes if spec.role.is_synapse]
    channels = [k for k, name in enumerate(prediction.channels or ()) if name in names] or list(
        range(len(prediction.channels or ()))
    )

    def read(box: Box) -> NDArray[np.float64]:
        return prediction.read(box)[channels].astype(np.float64) / 255.0

    config = project.config
    known = [Box.parse(a.box) for a in config.annotated if a.raw is None]
    judged = config.box("eval")
    taken = known if judged is None else [*known, judged]
    return uncertain_boxes(read, prediction.grid.box, shape_vx, count, taken)
