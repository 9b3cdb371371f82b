"""The step `predict`: the whole volume, block by block, into an OME-Zarr of probabilities."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from napari_synapse_debug.domain.project import Source
from napari_synapse_debug.io import (
    FinishedBlocks,
    StoredArray,
    Volume,
    create_volume,
    move_into_place,
    open_volume,
)
from napari_synapse_debug.io.checkpoint import load_model
from napari_synapse_debug.pipeline.plan import StepDone
from napari_synapse_debug.pipeline.work import Work
from napari_synapse_debug.predict import Predictor, predict_blocks

CHUNK_VX = (32, 128, 128)


def predict(work: Work) -> StepDone:
    """Predict the raw volume with the run's model; finished blocks are kept and not redone.

    Raises
    ------
    ProjectError
        There is no model.
    InputError
        The volume's voxels are not those that the model learnt.
    StepCancelledError
        Stopped; the finished blocks are kept.
    """
    raw = work.project.raw()
    trained = load_model(work.model_folder)
    trained.plan.check_voxel_size(raw.grid.voxel_size_nm)
    params = work.params.predict
    predictor = Predictor(trained, params.device, mirror=params.mirror)
    block = params.block_vx or predictor.choose_block(raw.grid.shape, CHUNK_VX)

    partial = work.folder / "prediction.partial.zarr"
    finished = FinishedBlocks(work.folder / "prediction.blocks", work.key)
    out = _start(partial, raw, tuple(spec.name for spec in trained.plan.classes), finished)
    blocks = finished.remaining(raw.grid.box.blocks(block))
    for box in predict_blocks(
        raw.array, blocks, predictor, cast(StoredArray, out.array), work.context
    ):
        finished.add(box)
    move_into_place(partial, work.folder / "prediction.zarr")
    finished.forget()
    made = f"{len(trained.plan.classes)} probabilities of {raw.grid.box.size / 1e6:.1f} Mvoxels"
    return StepDone(made, {"voxels": raw.grid.box.size, "blocks": len(blocks)})


def _start(partial: Path, raw: Volume, channels: tuple[str, ...], done: FinishedBlocks) -> Volume:
    """The half-finished prediction if its blocks are those of this very step, else a new one."""
    if len(done) and partial.exists():
        return open_volume(Source(path=str(partial)), is_writable=True)
    return create_volume(partial, raw.grid, "uint8", channels=channels, chunks=CHUNK_VX)
