"""The file ``package.json`` that makes a project a work package, and where verdicts lie in it."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import Field, ValidationError

from napari_synapse_debug.domain.errors import DataError, InputError
from napari_synapse_debug.domain.params import Params
from napari_synapse_debug.io import read_json

PACKAGE = "package.json"
REVIEW = "review.sqlite"

_SIDES = ("", "-wal", "-journal")


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
    try:
        return Package.model_validate(read_json(path))
    except ValidationError as error:
        raise DataError(
            f"The work package {folder} cannot be read",
            found=str(error),
            fix="have it made again, or update napari-synapse-debug",
        ) from error


@contextmanager
def review_of_package(path: Path) -> Iterator[Path]:
    """A copy of the ``review.sqlite`` in the folder or zip at ``path``, for as long as the block.

    The package is left as it is, also where a killed program left a log beside its verdicts.

    Raises
    ------
    InputError
        There is no such package, or no verdicts in it.
    DataError
        The zip is damaged.
    """
    with TemporaryDirectory(prefix="synapse-debug-merge-") as place:
        copy = Path(place) / REVIEW
        if path.is_dir():
            for side in _SIDES:
                part = path / (REVIEW + side)
                if part.exists():
                    shutil.copy(part, copy.with_name(part.name))
        elif path.is_file():
            _unzip(path, copy.parent)
        if not copy.exists():
            raise InputError(
                f"There are no verdicts in {path}",
                found="no such file or folder" if not path.exists() else f"no {REVIEW} in it",
                expected="a work package, as a folder or as a zip",
                fix="name the folder that `synapse-debug package` made and the reviewer sent back",
            )
        yield copy


def _unzip(path: Path, place: Path) -> None:
    """The verdicts of a zip, whichever folder of it they lie in."""
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                base = name.rsplit("/", 1)[-1]
                if base in {REVIEW + side for side in _SIDES}:
                    (place / base).write_bytes(archive.read(name))
    except zipfile.BadZipFile as error:
        raise DataError(
            f"{path} cannot be read as a zip",
            found=str(error),
            fix="ask for the package again; the file was damaged on its way",
        ) from error
