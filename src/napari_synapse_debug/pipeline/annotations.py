"""Annotated boxes of a project, annotated again or taken away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.project import Annotation, ProjectConfig
from napari_synapse_debug.io import Project, load_project, save_config
from napari_synapse_debug.pipeline.creation import annotate_box


def annotate_again(
    folder: Path, box: str, *, judged: Box | None = None, **annotated: Any
) -> Annotation:
    """The annotated ``box``, in place of what was annotated in the very same box before.

    Takes what ``annotate_box`` takes. ``project.yaml`` is written once: where the box is refused,
    or the process killed, what was there stays.

    Parameters
    ----------
    folder : Path
        The project.
    box : str
        ``z0:z1,y0:y1,x0:x1``, voxels.
    judged : Box, optional
        The evaluation box from now on.
    annotated
        See ``annotate_box``.

    Raises
    ------
    InputError, ProjectError
        See ``annotate_box``.
    """
    config = _without(load_project(folder).config, box)
    if judged is not None:
        config = config.model_copy(update={"eval_box": str(judged)})
    return annotate_box(folder, box, config=config, **annotated)


def forget_box(folder: Path, box: str) -> int:
    """How many annotations of ``box`` in the project's raw volume were taken away.

    The masks that were stored for them stay where they are. The train box that was given when the
    project was made is no annotation of its own and stays, too.

    Raises
    ------
    InputError
        The box cannot be read.
    ProjectError
        There is no such project.
    """
    project = load_project(folder)
    config = _without(project.config, box)
    count = len(project.config.annotations) - len(config.annotations)
    if count:
        save_config(Project(project.folder, config))
    return count


def _without(config: ProjectConfig, box: str) -> ProjectConfig:
    wanted = str(Box.parse(box))
    kept = tuple(
        a for a in config.annotations if a.raw is not None or str(Box.parse(a.box)) != wanted
    )
    return config.model_copy(update={"annotations": kept})
