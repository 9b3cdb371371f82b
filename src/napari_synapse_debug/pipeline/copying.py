"""A run begun as a copy of another: the same model and results, until parameters change."""

from __future__ import annotations

import shutil
from pathlib import Path

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.io import load_project, read_run, replace_folder, write_run
from napari_synapse_debug.pipeline.package_file import refuse_package


def copy_run(folder: Path, source: str, name: str, *, trains: bool = False) -> bool:
    """Copy the run ``source`` and its model to ``name``; whether there was anything to do.

    What of the run is up to date in ``source`` is so in the copy. A run ``name`` that is there
    stays as it is.

    Parameters
    ----------
    folder : Path
        The project.
    source, name : str
        Names of runs.
    trains : bool
        The copy is to be trained where the parameters are others by now, even if ``source`` is
        kept as another model was trained on from it.

    Raises
    ------
    InputError
        There is no run ``source``, or a model called ``name``, which would be lost.
    ProjectError
        There is no such project, a name cannot be that of a folder, or it is a work package.
    StorageError
        The disk is full, or the folder may not be written.
    """
    refuse_package(folder, "to run steps")
    project = load_project(folder)
    if source not in project.runs:
        raise InputError(
            f"There is no run {source!r} to begin with",
            found=", ".join(project.runs) or "no run",
            fix="name one of them",
        )
    if project.run_folder(name).exists():
        return False
    if name in project.models:
        raise InputError(
            f"There is a model {name!r} already, without a run",
            found=str(project.model_folder(name)),
            fix="choose another name, or move the model away",
        )
    for before, now in (
        (project.model_folder(source), project.model_folder(name)),
        (project.run_folder(source), project.run_folder(name)),  # last: then it is there
    ):
        if before.is_dir():
            with replace_folder(now) as place:
                shutil.copytree(before, place, dirs_exist_ok=True)
                if trains and before == project.run_folder(source):
                    write_run(place, read_run(place).model_copy(update={"is_base": False}))
    return True
