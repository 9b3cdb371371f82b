"""Whether what a project names fits together, checked before any step begins."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.project import Source
from napari_synapse_debug.domain.records import ENDS, points
from napari_synapse_debug.io.annotation_checks import check_annotations
from napari_synapse_debug.io.checks import check_mask, check_raw, check_segmentation
from napari_synapse_debug.io.project import Project
from napari_synapse_debug.io.regridding import Regridded
from napari_synapse_debug.io.sound import Check, SoundVolumes
from napari_synapse_debug.io.volumes import Volume

_log = logging.getLogger(__name__)


def check_project(project: Project) -> None:
    """Refuse a project whose volumes, boxes or points do not fit together.

    What has to be read through for it is read once, and again when the file changed.

    Raises
    ------
    InputError
        Volumes of different shapes or unusable types, a box or a point outside of the volume.
    ProjectError
        Boxes to learn from, to validate and to evaluate that overlap.
    DataError
        A file is damaged.
    """
    raw, sound = project.raw(), SoundVolumes(project)
    sound.check(check_raw, raw, project.config.raw)
    for name, volume, source, check in _others(project):
        if volume.grid.shape != raw.grid.shape:
            raise InputError(
                f"The {name} has another shape than the raw volume",
                found=f"{volume.name}: {volume.grid.shape}; {raw.name}: {raw.grid.shape} (z, y, x)",
                expected="the same shape, or a whole multiple that agrees with the voxel sizes "
                "in the files",
                fix="cut both to the same piece, or give labels of which a voxel is a whole number "
                "of those of the raw volume, or the other way round",
            )
        if isinstance(volume.array, Regridded):
            _log.warning(
                "The %s has other voxels than the raw volume (%s against %s); the nearest counts",
                name,
                volume.array.source.shape,
                raw.grid.shape,
            )
        sound.check(check, volume, source)
    for which in ("train", "eval"):
        _check_box(project, which, raw.grid)
    check_annotations(project, sound)
    if project.config.truth is not None:
        check_points(project.truth(), raw.grid, str(project.truth_path))


def check_points(truth: pd.DataFrame, grid: Grid, name: str) -> None:
    """Refuse a table of synapses with points outside of the volume.

    Parameters
    ----------
    truth : DataFrame
        Of ``records.TRUTH``.
    grid : Grid
        Of the raw volume.
    name : str
        Of the table, for the message.

    Raises
    ------
    InputError
        A point lies outside; the message names the rows, or what is probably mistaken.
    """
    is_out = ~_are_inside(truth, grid, np.asarray)
    if not is_out.any():
        return
    first = truth[is_out].head(5)
    spots = [np.round(points(first, end), 1).tolist() for end in ENDS]
    shown = "; ".join(
        f"row {row}: "
        + ", ".join(f"{end} {tuple(s[i])}" for end, s in zip(ENDS, spots, strict=True))
        for i, row in enumerate(first["row"])
    )
    low, high = grid.to_nm(np.stack([np.zeros(3), np.subtract(grid.shape, 1)])).round(1).tolist()
    raise InputError(
        f"{int(is_out.sum())} of {len(truth)} synapses in {name} have points outside of the volume",
        found=shown,
        expected=f"z, y, x from {tuple(low)} to {tuple(high)} nm",
        fix=_advice(truth, grid, bool(is_out.mean() > 0.5)),
    )


def _others(project: Project) -> Iterator[tuple[str, Volume, Source, Check]]:
    config = project.config
    if (used := config.segmentation) is not None:
        yield "segmentation", project.segmentation(), used, check_segmentation
    if (true := config.true_segmentation) is not None:
        yield "true segmentation", project.true_segmentation(), true, check_segmentation
    for mask in config.masks:
        yield f"mask {mask.name!r}", project.mask(mask.name), mask.source, check_mask


def _check_box(project: Project, which: str, grid: Grid) -> None:
    box = project.config.box(which)
    if box is not None and not grid.box.holds(box):
        raise InputError(
            f"The {which} box reaches out of the raw volume",
            found=str(box),
            expected=f"a box within {grid.box}",
            fix=f"correct {which}_box; for example {box.intersect(grid.box)}"
            if box.overlaps(grid.box)
            else f"correct {which}_box; it is in voxels z, y, x",
        )


def _are_inside(
    truth: pd.DataFrame, grid: Grid, change: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> NDArray[np.bool_]:
    inside = [grid.contains(change(points(truth, end))) for end in ENDS]
    return np.asarray(np.logical_and.reduce(inside))


def _advice(truth: pd.DataFrame, grid: Grid, is_most: bool) -> str:
    """What is probably mistaken if most points lie outside, else to correct the rows."""
    if is_most:
        guesses: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
            "the columns z and x seem to be exchanged": lambda p: p[:, ::-1],
            "the columns y and x seem to be exchanged": lambda p: p[:, [0, 2, 1]],
            "the columns z and y seem to be exchanged": lambda p: p[:, [1, 0, 2]],
            "the columns z, y, x seem to hold y, x, z": lambda p: p[:, [2, 0, 1]],
            "the columns z, y, x seem to hold x, z, y": lambda p: p[:, [1, 2, 0]],
            "the points seem to be in µm; multiply them by 1000": lambda p: p * 1000,
            "the points seem to be in voxels; multiply them by the voxel size": grid.to_nm,
            "the points seem to start from the first voxel; add the offset of the volume": (
                lambda p: p + np.asarray(grid.offset_nm)
            ),
        }
        for advice, change in guesses.items():
            if _are_inside(truth, grid, change).mean() > 0.95:
                return advice
        return "check the order of the axes (z, y, x), the unit (nm) and the offset of the volume"
    return "correct or remove these rows"
