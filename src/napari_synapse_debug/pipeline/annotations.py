"""Annotated boxes of a project, annotated again or taken away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.project import Annotation
from napari_synapse_debug.io import Project, load_project, replace_file, save_config
from napari_synapse_debug.io.project import CONFIG
from napari_synapse_debug.pipeline.creation import annotate_box


def annotate_again(folder: Path, box: str, **annotated: Any) -> Annotation:
    """The annotated ``box``, in place of what was annotated in the very same box before.

    Takes what ``annotate_box`` takes. Where it is refused, what was there stays.

    Raises
    ------
    InputError, ProjectError
        See ``annotate_box``.
    """
    with keep_config(folder):
        forget_box(folder, box)
        return annotate_box(folder, box, **annotated)


@contextmanager
def keep_config(folder: Path) -> Iterator[None]:
    """A block that leaves ``project.yaml`` as it was, byte for byte, if it raises.

    Parameters
    ----------
    folder : Path
        The project.

    Raises
    ------
    ProjectError
        There is no such project.
    StorageError
        The file cannot be put back.
    """
    path = load_project(folder).folder / CONFIG
    before = path.read_bytes()
    try:
        yield
    except BaseException:
        if path.read_bytes() != before:
            with replace_file(path) as beside:
                beside.write_bytes(before)
        raise


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
    wanted = str(Box.parse(box))
    before = project.config.annotations
    kept = tuple(a for a in before if a.raw is not None or str(Box.parse(a.box)) != wanted)
    if len(kept) < len(before):
        config = project.config.model_copy(update={"annotations": kept})
        save_config(Project(project.folder, config))
    return len(before) - len(kept)
