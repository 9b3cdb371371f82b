"""A prediction that was painted instead of computed, taken for the work of a trained model."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from napari_synapse_debug.io import (
    StepRecord,
    load_project,
    read_run,
    write_run,
    write_volume,
)
from napari_synapse_debug.pipeline.plan import WITHOUT_EFFECT
from napari_synapse_debug.pipeline.running import inputs_of


def paint_masks(folder: Path, run: str = "main") -> None:
    """Take the masks of the project for its prediction: probability 1 in them, 0 elsewhere."""
    project = load_project(folder)
    grid = project.raw().grid
    place, model = project.run_folder(run), project.model_folder(run)
    masks = project.config.masks
    painted = np.stack(
        [255 * (project.mask(m.name).read(grid.box) > 0).astype(np.uint8) for m in masks]
    )
    write_volume(place / "prediction.zarr", painted, grid, channels=[m.name for m in masks])
    model.mkdir(parents=True, exist_ok=True)
    (model / "weights.pt").touch()
    for step in ("train", "predict"):
        params = getattr(project.config.params, step)
        record = StepRecord(
            step=step,
            params=params.model_dump(mode="json", exclude=set(WITHOUT_EFFECT)),
            inputs=inputs_of(project, run, step),
        )
        write_run(place, read_run(place).with_step(record))
