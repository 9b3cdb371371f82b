"""What a work package holds: the surroundings of its findings, as a project of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd

from napari_synapse_debug.domain.errors import StepCancelledError
from napari_synapse_debug.domain.events import Event, StepContext
from napari_synapse_debug.domain.grid import Triple
from napari_synapse_debug.domain.project import ProjectConfig, Source
from napari_synapse_debug.io import (
    Project,
    ReviewStore,
    Volume,
    create_volume,
    guard_storage,
    open_volume,
    read_table,
    save_config,
    write_json,
    write_table,
    write_text,
)
from napari_synapse_debug.pipeline.package_file import PACKAGE, Package
from napari_synapse_debug.pipeline.review import Review
from napari_synapse_debug.review import chunks_around, crop_boxes, rows_meeting

_CHUNK: Triple = (16, 64, 64)
_WHOLE = ("synapses", "matches")
_BY_PLACE = ("contacts", "candidates")
_COPIED = ("run.json", "evaluation.json")

_README = """\
{count} findings of {project} (run {run}) for {reviewer}.

Open them in napari:      synapse-debug view FOLDER
Every verdict is saved at once in review.sqlite. When you are done, close the window and send
the folder back, or only review.sqlite. It is taken up by:  synapse-debug merge PROJECT FOLDER
"""


def fill_package(
    beside: Path,
    review: Review,
    findings: pd.DataFrame,
    reviewer: str,
    margin_nm: float,
    context: StepContext,
) -> None:
    """Write the project that ``reviewer`` is sent into the empty folder ``beside``.

    Parameters
    ----------
    beside : Path
        The folder to fill.
    review : Review
        Of the run whose findings are sent.
    findings : DataFrame
        The chosen rows of ``review.findings``.
    reviewer : str
        Whose name the verdicts will have.
    margin_nm : float
        Least of the volumes to be seen around the points of a finding.
    context : StepContext
        Takes progress and may stop it.

    Raises
    ------
    StepCancelledError
        Stopped.
    StorageError
        The disk is full.
    """
    project = review.project
    place = project.run_folder(review.run)
    target = Project(beside, project.config)
    config = _copy_volumes(project, beside, findings, margin_nm, context)
    for name in ("prediction", "candidates"):
        source = place / f"{name}.zarr"
        if source.exists():
            volume = open_volume(Source(path=str(source)))
            made = target.run_folder(review.run) / source.name
            _copy_near(volume, made, findings, margin_nm, context)
    _copy_tables(project, review.run, target, findings, margin_nm)
    if config.truth is not None:
        write_table(project.truth(), beside / config.truth)
    save_config(Project(beside, config))
    with ReviewStore(beside / "review.sqlite", reviewer, review.store.review_id):
        pass
    package = Package(
        review_id=review.store.review_id,
        project=config.name,
        run=review.run,
        reviewer=reviewer,
        findings=tuple(findings["finding"].tolist()),
    )
    write_json(beside / PACKAGE, package.model_dump(mode="json"))
    words = {"project": config.name, "run": review.run, "reviewer": reviewer}
    write_text(beside / "README.txt", _README.format(count=len(findings), **words))


def _copy_volumes(
    project: Project,
    beside: Path,
    findings: pd.DataFrame,
    margin_nm: float,
    context: StepContext,
) -> ProjectConfig:
    """Copy the volumes near the findings; the configuration that names the copies."""
    config = project.config

    def copy(volume: Volume, name: str) -> Source:
        made = beside / "volumes" / f"{name}.zarr"
        _copy_near(volume, made, findings, margin_nm, context)
        return Source(path=f"volumes/{made.name}")

    masks = tuple(
        mask.model_copy(update={"source": copy(project.mask(mask.name), f"mask_{number}")})
        for number, mask in enumerate(config.masks)
    )
    has_true = config.true_segmentation is not None
    named = {mask.name for mask in masks}
    return config.model_copy(
        update={
            "raw": copy(project.raw(), "raw"),
            "segmentation": (
                copy(project.segmentation(), "segmentation") if config.segmentation else None
            ),
            "true_segmentation": (
                copy(project.true_segmentation(), "true_segmentation") if has_true else None
            ),
            "masks": masks,
            "point_classes": tuple(spec for spec in config.classes if spec.name not in named),
            "annotations": (),
            "extra_layers": {},
            "truth": None if config.truth is None else "truth.parquet",
            "train_box": None,
        }
    )


def _copy_near(
    volume: Volume, path: Path, findings: pd.DataFrame, margin_nm: float, context: StepContext
) -> None:
    """Write the chunks of ``volume`` near ``findings`` to ``path``; other chunks stay absent."""
    made = create_volume(path, volume.grid, volume.dtype, channels=volume.channels, chunks=_CHUNK)
    boxes = crop_boxes(findings, volume.grid, margin_nm)
    chunk = made.chunks or _CHUNK
    chunks = list(chunks_around(boxes, chunk, volume.grid.box))
    for number, box in enumerate(chunks):
        if context.should_stop():
            raise StepCancelledError("The package was stopped; nothing of it is left")
        made.write(box, volume.read(box))
        context.report(Event("package", path.stem, number + 1, len(chunks)))


def _copy_tables(
    project: Project, run: str, target: Project, findings: pd.DataFrame, margin_nm: float
) -> None:
    source, made = project.run_folder(run), target.run_folder(run)
    boxes = crop_boxes(findings, project.raw().grid, margin_nm)
    write_table(findings, made / "findings.parquet")
    for name in (*_WHOLE, *_BY_PLACE, "pairs"):
        path = source / f"{name}.parquet"
        if path.exists():
            table = read_table(path)
            if name in _BY_PLACE:
                table = table[rows_meeting(table, boxes)]
            elif name == "pairs":
                near = read_table(made / "candidates.parquet")["candidate"]
                table = table[table["candidate"].isin(near)]
            write_table(table, made / path.name)
    with guard_storage(made):
        for name in _COPIED:
            if (source / name).exists():
                shutil.copy(source / name, made / name)
