"""The file ``project.yaml``: made, written and read, with errors in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from napari_synapse_debug.domain.errors import InputError, ProjectError
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.project import Annotation, Mask, ProjectConfig, Source
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
    check_no_project(folder)
    moved = _moved(config, folder if base is None else base.absolute(), folder)
    project = Project(folder, moved)
    save_config(project)
    return project


def check_no_project(folder: Path) -> None:
    """Refuse a ``folder`` that holds a project.

    Raises
    ------
    ProjectError
        There is one.
    """
    path = folder.absolute() / CONFIG
    if path.exists():
        raise ProjectError(
            f"{path.parent} holds a project already",
            found=str(path),
            fix="choose another folder, or edit this file",
        )


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


def move_annotation(annotation: Annotation, base: Path, folder: Path) -> Annotation:
    """The annotation with all paths seen from the project ``folder`` instead of from ``base``.

    Both folders are absolute. Paths outside of ``folder`` become absolute.
    """
    masks, truth = annotation.masks, annotation.truth
    return annotation.model_copy(
        update={
            "raw": _moved_source(annotation.raw, base, folder),
            "masks": None if masks is None else _moved_masks(masks, base, folder),
            "truth": None if truth is None else _moved_path(truth, base, folder),
        }
    )


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
    boxes = {"train_box": config.train_box, "eval_box": config.eval_box}
    boxes |= {f"annotations.{i}.box": a.box for i, a in enumerate(config.annotations)}
    for name, text in boxes.items():
        _check_box(path, name, text)
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


def _check_box(path: Path, name: str, text: str | None) -> None:
    if text is None:
        return
    try:
        Box.parse(text)
    except InputError as error:
        raise ProjectError(
            f"{path}: {name} cannot be used", error.found, error.expected, error.fix
        ) from error


def _moved(config: ProjectConfig, base: Path, folder: Path) -> ProjectConfig:
    """The config with all paths seen from ``folder`` instead of from ``base``."""

    def source(old: Source | None) -> Source | None:
        return _moved_source(old, base, folder)

    return config.model_copy(
        update={
            "raw": source(config.raw),
            "segmentation": source(config.segmentation),
            "true_segmentation": source(config.true_segmentation),
            "masks": _moved_masks(config.masks, base, folder),
            "annotations": tuple(move_annotation(a, base, folder) for a in config.annotations),
            "extra_layers": {name: source(old) for name, old in config.extra_layers.items()},
            "truth": None if config.truth is None else _moved_path(config.truth, base, folder),
        }
    )


def _moved_masks(masks: tuple[Mask, ...], base: Path, folder: Path) -> tuple[Mask, ...]:
    return tuple(
        m.model_copy(update={"source": _moved_source(m.source, base, folder)}) for m in masks
    )


def _moved_source(old: Source | None, base: Path, folder: Path) -> Source | None:
    if old is None:
        return None
    return Source(path=_moved_path(old.path, base, folder), dataset=old.dataset)


def _moved_path(text: str, base: Path, folder: Path) -> str:
    """A path inside ``folder`` relative to it, another one absolute."""
    absolute = Path(locate(text, base).absolute().as_posix()).resolve()
    home = folder.resolve()
    if absolute.is_relative_to(home):
        return absolute.relative_to(home).as_posix()
    return str(absolute)
