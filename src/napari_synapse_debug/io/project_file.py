"""The file ``project.yaml``: made, written and read, with errors in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from napari_synapse_debug.domain.errors import InputError, ProjectError
from napari_synapse_debug.domain.project import ProjectConfig, Source
from napari_synapse_debug.io.atomic import write_text
from napari_synapse_debug.io.project import CONFIG, Project
from napari_synapse_debug.io.sources import locate

FORMAT = 1
"""Of the files that this version writes; it reads no later ones."""


def create_project(folder: Path, config: ProjectConfig, base: Path | None = None) -> Project:
    """A new project in ``folder``, which is made if absent.

    Parameters
    ----------
    folder : Path
        The project folder.
    config : ProjectConfig
        Its content.
    base : Path, optional
        Folder that relative paths in ``config`` start from; default ``folder``. In the file
        they start from ``folder``, and are absolute where they lie outside of it.

    Raises
    ------
    ProjectError
        There is a project already.
    StorageError
        The folder may not be written.
    """
    folder = folder.absolute()
    if (folder / CONFIG).exists():
        raise ProjectError(
            f"{folder} holds a project already",
            found=str(folder / CONFIG),
            fix="choose another folder, or edit this file",
        )
    moved = _moved(config, folder if base is None else base.absolute(), folder)
    project = Project(folder, moved)
    save_config(project)
    return project


def save_config(project: Project) -> None:
    """Write ``project.yaml``, whole or not at all.

    Raises
    ------
    StorageError
        The folder may not be written.
    """
    content = project.config.model_dump(mode="json")
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, default_flow_style=None)
    write_text(project.folder / CONFIG, text)


def load_project(folder: Path) -> Project:
    """The project in ``folder``; its ``project.yaml`` may be named as well.

    Raises
    ------
    ProjectError
        There is none, it cannot be read, holds unknown names, or is of a newer version.
    """
    path = folder if folder.name == CONFIG else folder / CONFIG
    if not path.is_file():
        raise ProjectError(
            f"{folder} is no project",
            found=f"no {CONFIG} in it" if folder.is_dir() else "no such folder",
            fix="make one with `synapse-debug init`, or correct the path",
        )
    content = _read_yaml(path)
    if isinstance(content.get("format"), int) and content["format"] > FORMAT:
        raise ProjectError(
            f"{path} was written by a newer version",
            found=f"format {content['format']}",
            expected=f"format {FORMAT}",
            fix="update napari-synapse-debug",
        )
    try:
        config = ProjectConfig.model_validate(content)
    except ValidationError as error:
        raise _invalid(path, error) from error
    for name in ("train", "eval"):
        _check_box(path, config, name)
    return Project(path.parent.absolute(), config)


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ProjectError(
            f"{path} cannot be read", found=str(error), expected="YAML", fix="correct the file"
        ) from error
    if not isinstance(content, dict):
        raise ProjectError(f"{path} cannot be read", found="no names", expected="name: value")
    return content


def _invalid(path: Path, error: ValidationError) -> ProjectError:
    first = error.errors()[0]
    name = ".".join(map(str, first["loc"]))
    known = ", ".join(ProjectConfig.model_fields) if len(first["loc"]) == 1 else None
    if first["type"] == "extra_forbidden":
        return ProjectError(
            f"{path} holds a name that is not known",
            found=name,
            expected=known,
            fix="correct or remove it",
        )
    return ProjectError(
        f"{path}: {name} cannot be used",
        found="nothing" if first["type"] == "missing" else repr(first["input"]),
        expected=first["msg"],
        fix="correct the file",
    )


def _check_box(path: Path, config: ProjectConfig, name: str) -> None:
    try:
        config.box(name)
    except InputError as error:
        raise ProjectError(
            f"{path}: {name}_box cannot be used", error.found, error.expected, error.fix
        ) from error


def _moved(config: ProjectConfig, base: Path, folder: Path) -> ProjectConfig:
    """The config with all paths seen from ``folder`` instead of from ``base``."""

    def path(text: str) -> str:
        absolute = Path(locate(text, base).absolute().as_posix()).resolve()
        home = folder.resolve()
        if absolute.is_relative_to(home):
            return absolute.relative_to(home).as_posix()
        return str(absolute)

    def source(old: Source | None) -> Source | None:
        return None if old is None else Source(path=path(old.path), dataset=old.dataset)

    masks = tuple(mask.model_copy(update={"source": source(mask.source)}) for mask in config.masks)
    return config.model_copy(
        update={
            "raw": source(config.raw),
            "segmentation": source(config.segmentation),
            "true_segmentation": source(config.true_segmentation),
            "masks": masks,
            "extra_layers": {name: source(old) for name, old in config.extra_layers.items()},
            "truth": None if config.truth is None else path(config.truth),
        }
    )
