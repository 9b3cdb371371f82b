"""The file ``package.json`` that makes a project a work package, and where verdicts lie in it."""

from __future__ import annotations

import getpass
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import Field, ValidationError

from napari_synapse_debug.domain.errors import DataError, InputError, ProjectError
from napari_synapse_debug.domain.params import Params
from napari_synapse_debug.io import read_json

PACKAGE = "package.json"
REVIEW = "review.sqlite"

_SIDES = ("", "-wal", "-journal")
_SQLITE = b"SQLite format 3\0"


class Package(Params):
    """What a work package is: whose findings, of which run, for whom.

    ``review_id`` is that of the project's ``review.sqlite``; ``findings`` their numbers.
    """

    format: int = Field(1, ge=1, le=1)
    review_id: str
    project: str
    run: str
    reviewer: str
    findings: tuple[int, ...]


def read_package(folder: Path) -> Package | None:
    """The description of the work package in ``folder``; None for a project that is none.

    Raises
    ------
    DataError
        It is damaged or of a newer version.
    """
    path = folder / PACKAGE
    if not path.is_file():
        return None
    with describing(folder):
        return Package.model_validate(read_json(path))


@contextmanager
def describing(place: Path) -> Iterator[None]:
    """A block that reads the description of the work package at ``place``.

    Raises
    ------
    DataError
        It is damaged or of a newer version.
    """
    try:
        yield
    except ValidationError as error:
        raise DataError(
            f"The work package {place} cannot be read",
            found=str(error),
            fix="have it made again, or update napari-synapse-debug",
        ) from error


def refuse_package(folder: Path, what: str) -> None:
    """Refuse ``what`` in a work package.

    Raises
    ------
    ProjectError
        ``folder`` is a work package.
    """
    if read_package(folder) is not None:
        raise ProjectError(
            f"A work package cannot be used {what}",
            found=f"{folder}, which holds what is seen around its errors alone",
            expected="the project that it was made from",
            fix="send the package back; its verdicts and edits count once they are merged",
        )


@contextmanager
def reviews_of_package(path: Path) -> Iterator[tuple[Path, ...]]:
    """Copies of each ``review.sqlite`` at ``path``, for as long as the block.

    The package is left as it is, also where a killed program left a log beside its verdicts.

    Parameters
    ----------
    path : Path
        A folder, a zip of one or several, or a ``review.sqlite`` alone.

    Raises
    ------
    InputError
        There is no such package, or no verdicts in it.
    DataError
        The zip is damaged.
    """
    with TemporaryDirectory(prefix="synapse-debug-merge-") as place:
        if path.is_dir():
            _copy(path / REVIEW, Path(place))
        elif path.is_file() and _is_review(path):
            _copy(path, Path(place))
        elif path.is_file():
            _unzip(path, Path(place))
        copies = tuple(sorted(Path(place).rglob(REVIEW)))
        if not copies:
            raise InputError(
                f"There are no verdicts in {path}",
                found="no such file or folder" if not path.exists() else f"no {REVIEW} in it",
                expected="a work package, as a folder or as a zip, or its review.sqlite",
                fix="name the folder that `synapse-debug package` made and the reviewer sent back",
            )
        yield copies


def _is_review(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def _copy(review: Path, place: Path) -> None:
    for side in _SIDES:
        part = review.with_name(review.name + side)
        if part.exists():
            shutil.copy(part, place / (REVIEW + side))


def _unzip(path: Path, place: Path) -> None:
    """The verdicts of a zip, whichever folders of it they lie in; each keeps its own log."""
    folders: dict[str, Path] = {}
    with reading_zip(path) as archive:
        for name in archive.namelist():
            inside, _, base = name.rpartition("/")
            if base in {REVIEW + side for side in _SIDES}:
                folder = folders.setdefault(inside, place / str(len(folders)))
                folder.mkdir(exist_ok=True)
                (folder / base).write_bytes(archive.read(name))


@contextmanager
def reading_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """The zip at ``path``, to be read in the block.

    Raises
    ------
    DataError
        It is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise DataError(
            f"{path} cannot be read as a zip",
            found=str(error),
            fix="ask for the package again; the file was damaged on its way",
        ) from error


def reviewer_name(package: Package | None) -> str:
    """Who reviews: whom the ``package`` was sent to, or without one the user of this computer."""
    if package is not None:
        return package.reviewer
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # in a container there may be none
        return "reviewer"
