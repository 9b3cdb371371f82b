"""A work package that came as a zip, unpacked beside it."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.io import guard_storage
from napari_synapse_debug.pipeline.package_file import (
    PACKAGE,
    Package,
    describing,
    read_package,
    reading_zip,
)


def unpack_package(path: Path) -> Path:
    """The folder of the work package at ``path``: a folder as it is, a zip unpacked beside it.

    The folder has the name that it has in the zip. Where it is there already and holds the same
    package it is opened, with the verdicts that were given in it; nothing is ever overwritten.

    Raises
    ------
    InputError
        The zip is no work package, or there is another folder of this name.
    DataError
        The zip or the package is damaged.
    StorageError
        The disk is full, or the folder may not be written.
    """
    if not path.is_file() or path.suffix.lower() != ".zip":
        return path
    with reading_zip(path) as archive:
        root = _root(archive, path)
        folder = path.absolute().parent / (root.name or path.stem)
        if not folder.exists():
            _unpack(archive, root, folder)
            return folder
        with describing(path):
            package = Package.model_validate_json(archive.read(str(root / PACKAGE)))
        if read_package(folder) == package:
            return folder
    raise InputError(
        f"{path.name} cannot be unpacked",
        found=f"{folder}, which is there already and is not the same work package",
        fix="move or rename that folder, or unpack the zip elsewhere and open its folder",
    )


def _root(archive: zipfile.ZipFile, path: Path) -> PurePosixPath:
    """The folder of the package in the zip."""
    names = (PurePosixPath(name) for name in archive.namelist())
    roots = [name.parent for name in names if name.name == PACKAGE]
    if len(roots) != 1 or ".." in roots[0].parts:
        raise InputError(
            f"{path} is no work package",
            found=f"{len(roots)} of {PACKAGE} in it",
            expected="a zip that `synapse-debug package` or the page Team made",
            fix="unpack it, and open a folder in it that has a project.yaml",
        )
    return roots[0]


def _unpack(archive: zipfile.ZipFile, root: PurePosixPath, folder: Path) -> None:
    """Write what lies under ``root`` to ``folder``, whole or not at all."""
    inside = [n for n in archive.namelist() if PurePosixPath(n).is_relative_to(root)]
    with (
        guard_storage(folder.parent),
        TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as place,
    ):
        archive.extractall(Path(place) / "all", inside)  # leaves no path that leads out of it
        (Path(place) / "all" / root).rename(folder)
