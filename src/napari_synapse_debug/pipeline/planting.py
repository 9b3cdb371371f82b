"""Known faults put into a copy of a finished run, so that its diagnosis can be checked."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from napari_synapse_debug.domain.errors import InputError, ProjectError
from napari_synapse_debug.domain.events import QuietContext
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.manual import manual_page
from napari_synapse_debug.domain.project import ProjectConfig, Source
from napari_synapse_debug.domain.stages import Cause
from napari_synapse_debug.io import (
    Project,
    StepRecord,
    annotate,
    create_project,
    load_project,
    move_annotation,
    parse_source,
    read_run,
    write_labels,
    write_run,
    write_table,
    write_volume,
)
from napari_synapse_debug.pipeline.case import Case, case_of_run
from napari_synapse_debug.pipeline.diagnosis import matches_of_run
from napari_synapse_debug.pipeline.inputs import inputs_of
from napari_synapse_debug.pipeline.plan import WITHOUT_EFFECT
from napari_synapse_debug.pipeline.predicted import PREDICTION
from napari_synapse_debug.pipeline.simulation import PLANTED
from napari_synapse_debug.pipeline.work import Work, as_made
from napari_synapse_debug.simulate import RunToSpoil, Spoiled, spoil_run
from napari_synapse_debug.simulate.found import MASK

CHUNK_VX = (32, 128, 128)


@dataclass(frozen=True)
class Plantings:
    """What was planted (rows ``event, stage, cause, …``), and what could not be."""

    events: tuple[Mapping[str, Any], ...]
    not_planted: Mapping[str, str]


def plant_faults(
    source: Path,
    folder: Path,
    causes: Iterable[str] = (),
    *,
    each: int = 1,
    seed: int = 0,
    run: str = "main",
) -> Plantings:
    """Write a project like ``source`` with faults planted in prediction, segmentation and truth.

    The new project has the old prediction with the faults of the signal, so that its steps can
    be run from ``contacts`` on; ``planted.csv`` tells what was planted where. The volumes of the
    run are held in memory.

    Parameters
    ----------
    source : Path
        A project with a run that was evaluated.
    folder : Path
        The project to make.
    causes : iterable of str
        Some of ``domain.stages.Cause``; empty: all.
    each : int
        Faults of each cause.
    seed : int
        Same seed, same faults.
    run : str
        The run.

    Raises
    ------
    InputError
        There is no such cause.
    ProjectError
        There is a project in ``folder`` already, or the run was not evaluated.
    """
    wanted = _parse(causes)
    if (folder / "project.yaml").exists():
        raise ProjectError(
            "There is a project already",
            found=str(folder),
            expected="a new folder",
            fix="choose another name, or delete the folder",
        )
    project = load_project(source)
    work = Work(project, run, "", QuietContext())
    work = as_made(work, "contacts", "synapses", "evaluate")
    case = case_of_run(work)
    spoiled = spoil_run(_read_run(work, case), wanted, each, np.random.default_rng(seed))
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        _write(work, case, spoiled, folder)
    except BaseException:
        if is_new:  # half of a project is none
            shutil.rmtree(folder, ignore_errors=True)
        raise
    shown = spoiled.events[["event", "stage", "cause", "error", "changed", "description"]]
    rows = tuple({str(k): str(v) for k, v in row.items()} for row in shown.to_dict("records"))
    return Plantings(rows, spoiled.not_planted)


def _parse(causes: Iterable[str]) -> list[Cause]:
    names = list(causes)
    unknown = sorted(set(names) - {cause.value for cause in Cause})
    if unknown:
        raise InputError(
            "There is no such cause",
            found=", ".join(unknown),
            expected="some of " + ", ".join(Cause),
            fix=f"see {manual_page('errors')}",
        )
    return [cause for cause in Cause if not names or cause.value in names]


def _read_run(work: Work, case: Case) -> RunToSpoil:
    """The run in memory."""
    matches, judge = matches_of_run(work)
    missing = [
        name
        for name in ("segmentation", "probability", "candidates", "candidate_labels", "pairs")
        if getattr(case, name) is None
    ]
    if missing:
        raise ProjectError(
            "Faults can only be planted in a whole run",
            found="a run without " + ", ".join(missing),
            expected="prediction, contacts and synapses",
            fix="run the steps first: synapse-debug run PROJECT",
        )
    in_use = case.segmentation.array[:]  # type: ignore[union-attr]
    true = in_use if case.true_segmentation is None else case.true_segmentation.array[:]
    masks = {
        MASK + mask.name: np.asarray(work.project.mask(mask.name).array[:])
        for mask in work.project.config.masks
        if mask.role.is_synapse
    }
    return RunToSpoil(
        grid=case.grid,
        box=case.box,
        params=work.params.model_copy(update={"synapses": case.synapses}),
        judge=judge,
        classes=case.classes,
        truth=case.truth,
        prediction=case.prediction,
        matches=matches,
        candidates=case.candidates,  # type: ignore[arg-type]
        contacts=case.contacts,  # type: ignore[arg-type]
        pairs=case.pairs,  # type: ignore[arg-type]
        volumes={
            "segmentation": np.asarray(in_use).astype(np.uint64),
            "true_segmentation": np.asarray(true).astype(np.uint64),
            "candidates": np.asarray(case.candidate_labels.array[:]),  # type: ignore[union-attr]
            "prediction": np.asarray(case.probability.array[:]),  # type: ignore[union-attr]
            **{name: ids.astype(np.uint64) for name, ids in masks.items()},
        },
    )


def _write(work: Work, case: Case, spoiled: Spoiled, folder: Path) -> None:
    """The new project: changed volumes and tables in it, the others where they are."""
    old, grid = work.project, case.grid
    changed = {name: ids for name, ids in spoiled.volumes.items() if name != "prediction"}
    for name, ids in changed.items():
        _write_ids(folder / f"{name.removeprefix(MASK)}.zarr", ids, grid)
    write_table(spoiled.truth, folder / "truth.csv")
    write_table(spoiled.events, folder / PLANTED)
    create_project(folder, _config(old, changed, folder.absolute()))
    new = load_project(folder)
    shutil.copytree(work.model_folder, new.model_folder(work.run))
    _write_prediction(work, new, spoiled, grid)


def _write_ids(path: Path, ids: np.ndarray[Any, Any], grid: Grid) -> None:
    small = ids.astype(np.min_scalar_type(int(ids.max(initial=0))))
    write_labels(path, small, grid, chunks=_chunks(grid))


def _chunks(grid: Grid) -> tuple[int, int, int]:
    z, y, x = (min(n, c) for n, c in zip(grid.shape, CHUNK_VX, strict=True))
    return z, y, x


def _config(old: Project, changed: Mapping[str, Any], folder: Path) -> ProjectConfig:
    """The old settings with the changed volumes; without a true segmentation the old one in use."""
    config = old.config

    def place(which: str, source: Source | None) -> Source | None:
        if which in changed:
            return Source(path=f"{which.removeprefix(MASK)}.zarr")
        return None if source is None else _absolute(old, source)

    masks = tuple(
        mask.model_copy(update={"source": place(MASK + mask.name, mask.source)})
        for mask in config.masks
    )
    true = config.true_segmentation or config.segmentation
    within = config.params.predict.within
    if within is not None:
        within = str(_absolute(old, parse_source(within, old.folder)))
    predict = config.params.predict.model_copy(update={"within": within})
    return config.model_copy(
        update={
            "name": folder.name,
            "raw": _absolute(old, config.raw),
            "segmentation": place("segmentation", config.segmentation),
            "true_segmentation": place("true_segmentation", true),
            "masks": masks,
            "extra_layers": {k: _absolute(old, s) for k, s in config.extra_layers.items()},
            "params": config.params.model_copy(update={"predict": predict}),
            "annotations": tuple(
                move_annotation(found, old.folder.absolute(), folder)
                for found in config.annotations
            ),
            "truth": "truth.csv",
        }
    )


def _absolute(project: Project, source: Source) -> Source:
    return source.model_copy(update={"path": str(project.path_of(source).absolute())})


def _write_prediction(work: Work, new: Project, spoiled: Spoiled, grid: Grid) -> None:
    """The prediction with the faults, recorded as done, so that the later steps can be run."""
    place = new.run_folder(work.run)
    values = spoiled.volumes.get("prediction")
    if values is None:
        shutil.copytree(work.folder / PREDICTION, place / PREDICTION)
    else:
        names = tuple(spec.name for spec in new.config.classes)
        chunks = _chunks(grid)
        write_volume(place / PREDICTION, values, grid, channels=names, chunks=chunks)
    if spoiled.predicted_box is not None:
        annotate(place / PREDICTION, {"box": str(spoiled.predicted_box)})
    for step in ("train", "predict"):
        params = getattr(new.config.params, step).model_dump(
            mode="json", exclude=set(WITHOUT_EFFECT)
        )
        record = StepRecord(step=step, params=params, inputs=inputs_of(new, work.run, step))
        write_run(place, read_run(place).with_step(record))
