"""Projects made from volumes, truth and boxes, as a user names them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from napari_synapse_debug.domain.errors import ProjectError
from napari_synapse_debug.domain.grid import Box, TripleNm
from napari_synapse_debug.domain.project import Mask, ProjectConfig, Source
from napari_synapse_debug.domain.roles import parse_class
from napari_synapse_debug.io import (
    Project,
    check_project,
    open_volume,
    parse_source,
)
from napari_synapse_debug.io import create_project as write_project


def create_project(  # noqa: PLR0913  one for each thing that a project names
    folder: Path,
    *,
    raw: str,
    segmentation: str | None = None,
    true_segmentation: str | None = None,
    masks: Mapping[str, str] | None = None,
    extra_layers: Mapping[str, str] | None = None,
    truth: str | None = None,
    train_box: str | None = None,
    eval_box: str | None = None,
    voxel_size_nm: TripleNm | None = None,
) -> Path:
    """A new project in ``folder``, after all that it names was opened and checked; its path.

    Parameters
    ----------
    folder : Path
        Is made; must not hold a project.
    raw, segmentation, true_segmentation : str
        ``FILE[:DATASET]``, from the working directory.
    masks : mapping
        ``CLASS[:ROLE]`` to ``FILE[:DATASET]``.
    extra_layers : mapping
        Name to ``FILE[:DATASET]``.
    truth : str
        CSV or Parquet.
    train_box, eval_box : str
        ``z0:z1,y0:y1,x0:x1``.
    voxel_size_nm : tuple of float
        z, y, x; needed where the raw file does not tell it.

    Raises
    ------
    InputError
        Something that is named is not there, cannot be used, or does not fit the rest.
    ProjectError
        There is a project already.
    """
    base = Path.cwd()
    raw_source = parse_source(raw)
    grid = open_volume(raw_source, base, voxel_size_nm).grid
    config = ProjectConfig(
        name=folder.absolute().name,
        voxel_size_nm=grid.voxel_size_nm,
        offset_nm=grid.offset_nm,
        raw=raw_source,
        segmentation=_source(segmentation),
        true_segmentation=_source(true_segmentation),
        masks=tuple(_mask(name, text) for name, text in (masks or {}).items()),
        extra_layers={name: parse_source(text) for name, text in (extra_layers or {}).items()},
        truth=truth,
        train_box=None if train_box is None else str(Box.parse(train_box)),
        eval_box=None if eval_box is None else str(Box.parse(eval_box)),
    )
    _check_boxes(config)
    check_project(Project(base, config))
    return write_project(folder, config, base).folder


def _source(text: str | None) -> Source | None:
    return None if text is None else parse_source(text)


def _mask(name: str, text: str) -> Mask:
    spec = parse_class(name)
    return Mask(name=spec.name, role=spec.role, source=parse_source(text))


def _check_boxes(config: ProjectConfig) -> None:
    train, judged = config.box("train"), config.box("eval")
    if train is not None and judged is not None and train.overlaps(judged):
        raise ProjectError(
            "The train box and the evaluation box overlap",
            found=f"{train} and {judged}",
            expected="boxes without a common voxel, or the score is too good",
            fix="move one of them",
        )
