"""The step `predict`: the volume, or a part of it, into an OME-Zarr of probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.params import Device
from napari_synapse_debug.domain.project import Source
from napari_synapse_debug.io import (
    FinishedBlocks,
    StoredArray,
    Volume,
    annotate,
    create_volume,
    level_factors,
    move_into_place,
    open_volume,
    parse_source,
    read_annotations,
)
from napari_synapse_debug.io.checkpoint import load_model
from napari_synapse_debug.networks import (
    NumberFormat,
    TrainedNetwork,
    choose_device,
    choose_dtype,
    computes_in,
    format_named,
    name_format,
)
from napari_synapse_debug.pipeline.fit import Fit, choose_fit
from napari_synapse_debug.pipeline.levels import add_levels, forget_levels
from napari_synapse_debug.pipeline.plan import StepDone
from napari_synapse_debug.pipeline.predicted import PARTIAL, PREDICTION
from napari_synapse_debug.pipeline.tile_plan import (
    TilePlan,
    counting_start,
    read_tile_plan,
    write_tile_plan,
)
from napari_synapse_debug.pipeline.work import Work
from napari_synapse_debug.predict import (
    Predictor,
    ResamplingPredictor,
    is_out_of_memory,
    predict_blocks,
    release,
)

CHUNK_VX = (32, 128, 128)

PLAN = "prediction.plan.json"
"""Beside the half-finished prediction; gone when that is done and recorded."""

_BLOCKS = "prediction.blocks"
"""Beside it: the finished blocks."""

_KEY = "blocks"
"""Among the notes that are kept with a prediction: what its blocks depended on."""


@dataclass(frozen=True)
class _Task:
    """What is to be predicted: read once, the same for every plan."""

    work: Work
    trained: TrainedNetwork
    fit: Fit
    box: Box
    within: Volume | None


def predict(work: Work) -> StepDone:
    """Predict the raw volume with the run's model; finished blocks are kept and not redone.

    Where memory does not suffice it begins again with smaller blocks, and in the end on the
    CPU; each of these is told.

    Raises
    ------
    ProjectError
        There is no model.
    InputError
        The volume's voxels are too far from those that the model learnt, the box or the mask
        does not fit the volume, or memory does not suffice for the smallest block.
    StepCancelledError
        Stopped; the finished blocks are kept.
    """
    task = _task_of(work)
    for note in task.fit.notes:
        work.tell("predict", note)
    plan = _first_plan(task)
    while True:
        try:
            return _predict_with(task, plan)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            problem = str(error).strip().splitlines()[0] if str(error).strip() else "no memory"
        plan = _next_plan(task, plan, problem)


def _task_of(work: Work) -> _Task:
    raw, params = work.project.raw(), work.params.predict
    trained = load_model(work.model_folder)
    box = raw.grid.box if params.box is None else Box.parse(params.box)
    if not raw.grid.box.holds(box):
        raise InputError(
            "The box to predict reaches out of the volume",
            found=str(box),
            expected=f"a box within {raw.grid.box}",
            fix="correct predict.box, or leave it empty for the whole volume",
        )
    within = None
    if params.within is not None:
        within = work.project.open(parse_source(params.within, work.project.folder))
    if within is not None and within.grid.shape != raw.grid.shape:
        raise InputError(
            "The mask to predict in does not fit the volume",
            found=f"shape {within.grid.shape} of {within.name}",
            expected=f"{raw.grid.shape}, as {raw.name}",
            fix="give a mask on the grid of the raw volume as predict.within",
        )
    return _Task(work, trained, choose_fit(raw, trained.plan), box, within)


def _predict_with(task: _Task, plan: TilePlan) -> StepDone:
    """The step, by the blocks of ``plan``."""
    path = task.work.folder / PLAN
    with counting_start(path, plan, task.work.context.should_stop):
        counts = _write(task, plan)
    made = f"{len(task.trained.plan.classes)} probabilities of {task.box.size / 1e6:.1f} Mvoxels"
    return StepDone("; ".join((made, *task.fit.notes)), counts, partial(_forget, task.work.folder))


def _forget(folder: Path) -> None:
    """Forget the finished blocks and their plan: the prediction is done, and recorded."""
    for name in (_BLOCKS, PLAN):
        (folder / name).unlink(missing_ok=True)


def _write(task: _Task, plan: TilePlan) -> dict[str, int | float]:
    """Write the prediction; what is counted of it."""
    work = task.work
    half, place = work.folder / PARTIAL, work.folder / PREDICTION
    notes = work.folder / _BLOCKS
    blocks = list(task.box.blocks(plan.block_vx))
    if not half.exists():
        finished = FinishedBlocks(notes, plan.blocks_key)
        if not finished.remaining(blocks) and _is_of(place, plan):
            # it was killed after the prediction was put into place
            return {"voxels": task.box.size, "blocks": len(blocks), "levels": _level_count(task)}
        finished.forget()
    finished = FinishedBlocks(notes, plan.blocks_key)
    out = _start(half, task, plan, finished)
    written = predict_blocks(
        task.fit.source.array,
        finished.remaining(blocks),
        _predictor(task, plan.device, plan.dtype),
        cast(StoredArray, out.array),
        work.context,
        within=None if task.within is None else task.within.array,
    )
    bears = plan.model_copy(update={"starts": 0, "is_proven": True})
    for number, block in enumerate(written):
        finished.add(block)
        if number == 0:
            write_tile_plan(work.folder / PLAN, bears)
    write_tile_plan(work.folder / PLAN, bears)  # where no block was left
    levels = add_levels(half, plan.blocks_key, "predict", work.context)
    move_into_place(half, place)
    return {"voxels": task.box.size, "blocks": len(blocks), "levels": levels}


def _predictor(
    task: _Task, device: Device, dtype: NumberFormat | None = None
) -> Predictor | ResamplingPredictor:
    views = task.work.params.predict.views
    predictor = Predictor(task.trained, device, views=views, dtype=format_named(dtype))
    fit = task.fit
    if not fit.is_resampled:
        return predictor
    return ResamplingPredictor(predictor, fit.source.grid, fit.target)


def _start(half: Path, task: _Task, plan: TilePlan, done: FinishedBlocks) -> Volume:
    """The half-finished prediction if its blocks are those of this very plan, else a new one."""
    if len(done) and half.exists():
        return open_volume(Source(path=str(half)), is_writable=True)
    forget_levels(half)
    channels = tuple(spec.name for spec in task.trained.plan.classes)
    out = create_volume(half, task.fit.target, "uint8", channels=channels, chunks=CHUNK_VX)
    notes = {"box": str(task.box), "tiles": str(plan), "notes": list(task.fit.notes)}
    annotate(half, {**notes, _KEY: plan.blocks_key})
    return out


def _is_of(path: Path, plan: TilePlan) -> bool:
    """Whether the prediction at ``path`` is that of ``plan``."""
    return path.exists() and read_annotations(path).get(_KEY) == plan.blocks_key


def _level_count(task: _Task) -> int:
    return len(level_factors(task.fit.target))


def _first_plan(task: _Task) -> TilePlan:
    """The plan that this prediction was begun with, or else one for the memory that is free."""
    work, params = task.work, task.work.params.predict
    asked = f"{params.block_vx} {params.device}"
    known = read_tile_plan(work.folder / PLAN, work.key, asked)
    if known is not None and _can_go_on(known):
        if known.is_fruitless:
            return _next_plan(task, known, f"its process died {known.starts} times without a block")
        return known
    predictor = _predictor(task, params.device)
    block = params.block_vx or predictor.choose_block(task.fit.target.shape, CHUNK_VX)
    device = cast(Device, choose_device(params.device).type)
    dtype = _format_on(device)
    return TilePlan(key=work.key, asked=asked, block_vx=block, device=device, dtype=dtype)


def _can_go_on(plan: TilePlan) -> bool:
    """Whether its device can be used here, in its number format; a project may have moved."""
    try:
        device = choose_device(plan.device)
    except InputError:
        return False
    return plan.dtype is None or computes_in(device, plan.dtype)


def _format_on(device: Device) -> NumberFormat:
    return name_format(choose_dtype(choose_device(device)))


def _next_plan(task: _Task, plan: TilePlan, problem: str) -> TilePlan:
    """A plan that needs less memory than ``plan``; it is told.

    Raises
    ------
    InputError
        There is none.
    """
    release(choose_device(plan.device))
    predictor = _predictor(task, "cpu", plan.dtype)
    smaller = predictor.smaller_block(plan.block_vx, CHUNK_VX)
    if smaller is None and plan.device == "cpu":
        smaller = predictor.smaller_block(plan.block_vx, CHUNK_VX, below_halo=True)
    if smaller is not None:
        following = plan.on(smaller, plan.device)
    elif plan.device != "cpu":
        block = predictor.choose_block(task.fit.target.shape, CHUNK_VX)
        following = plan.on(task.work.params.predict.block_vx or block, "cpu", _format_on("cpu"))
    else:
        raise InputError(
            "Memory does not suffice to predict with this model",
            found=f"{problem}, with {plan}",
            fix="close other programs, or train a smaller network",
        )
    message = f"memory did not suffice for {plan} ({problem}); begins again with {following}"
    task.work.tell("predict", message)
    return following
