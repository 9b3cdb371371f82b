"""Writes that reach the disk whole or not at all, and storage failures told in words."""

from __future__ import annotations

import errno
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from napari_synapse_debug.domain.errors import DataError, StorageError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}
_NO_FOLDER = {errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG}

PATIENCE_S = 10.0 if os.name == "nt" else 0.0
"""How long a rename that is refused is asked for again."""

_PAUSE_S = 0.1


@contextmanager
def guard_storage(folder: Path) -> Iterator[None]:
    """A block in which a full disk or a missing permission becomes a StorageError.

    Parameters
    ----------
    folder : Path
        Where the block writes; it need not exist yet.

    Raises
    ------
    StorageError
        The disk, quota or file-size limit is reached, or the folder may not be written.
        Any other OSError passes unchanged.
    """
    try:
        yield
    except OSError as error:
        raise _storage_error(error, folder) from error


@contextmanager
def replace_file(path: Path) -> Iterator[Path]:
    """A path beside ``path`` to write to; it takes the place of ``path`` when the block ends.

    Missing parent folders are made. If the block raises, ``path`` stays as it was.

    Raises
    ------
    StorageError
        The disk is full or the folder may not be written.
    """
    beside = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
    with guard_storage(path.parent):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            yield beside
            _flush(beside)
            _rename(beside, path)
            _flush(path.parent)
        finally:
            beside.unlink(missing_ok=True)


@contextmanager
def replace_folder(path: Path) -> Iterator[Path]:
    """An empty folder beside ``path`` to fill; it takes the place of ``path`` at the end.

    If the block raises, ``path`` stays as it was and the new folder is removed.

    Raises
    ------
    StorageError
        The disk is full or the folder may not be written.
    """
    beside = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
    with guard_storage(path.parent):
        try:
            beside.mkdir(parents=True)
            yield beside
            move_into_place(beside, path)
        finally:
            shutil.rmtree(beside, ignore_errors=True)


def move_into_place(folder: Path, path: Path) -> None:
    """Rename the finished ``folder`` to ``path``, in place of what was there.

    If it cannot be renamed, what was at ``path`` stays.

    Raises
    ------
    StorageError
        The folder may not be written.
    """
    old = path.with_name(f".{path.name}.{uuid4().hex[:8]}.old")
    with guard_storage(path.parent):
        try:
            if path.exists():
                _rename(path, old)
            _rename(folder, path)
            _flush(path.parent)
        finally:
            if old.exists() and not path.exists():
                _rename(old, path)
            shutil.rmtree(old, ignore_errors=True)


def _rename(source: Path, target: Path) -> None:
    """Rename ``source``, in place of ``target``.

    Windows refuses as long as anybody reads in it, as a window that shows it or a virus scanner:
    mostly for a moment only, so it is asked again for a while.
    """
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            source.replace(target)
        except PermissionError:
            if time.monotonic() >= until:
                raise
            time.sleep(_PAUSE_S)
        else:
            return


def write_text(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8, whole or not at all.

    Raises
    ------
    StorageError
        The disk is full or the folder may not be written.
    """
    with replace_file(path) as beside:
        beside.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, content: Any) -> None:
    """Write ``content`` as indented JSON, whole or not at all.

    Raises
    ------
    StorageError
        The disk is full or the folder may not be written.
    """
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """The content of a JSON file.

    Raises
    ------
    DataError
        The file is damaged.
    FileNotFoundError
        There is no such file.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(
            f"{path} is damaged",
            found=str(error),
            expected="JSON",
            fix="remove the file and run the step again",
        ) from error


def _flush(path: Path) -> None:
    """Have the system write a file, or a folder's names, to the disk.

    The latter is more than Windows and some network and shared drives can do; what was written
    is there all the same.
    """
    if path.is_dir():
        with suppress(OSError):
            _sync(path, os.O_RDONLY)
    else:
        _sync(path, os.O_RDWR)


def _sync(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _storage_error(error: OSError, folder: Path) -> OSError | StorageError:
    if error.errno in _FULL:
        return StorageError(
            f"Results could not be written to {folder}: the disk is full or a limit is reached",
            found=f"{_free_space(folder)} free ({error.strerror})",
            expected="room for the results",
            fix="free space there, or move the project to a larger disk, and run the step again; "
            "finished blocks are kept",
        )
    if error.errno in _REFUSED:
        return StorageError(
            f"Results could not be written to {folder}: writing is not allowed",
            found=error.strerror,
            expected="a folder that you may write to",
            fix="change the permissions of the folder, or choose another project folder",
        )
    if error.errno in _NO_FOLDER:
        return StorageError(
            f"Results could not be written to {folder}: the folder cannot be made",
            found=f"{error.strerror} ({error.filename})",
            expected="a path whose parents are folders",
            fix="choose another path",
        )
    return error


def _free_space(folder: Path) -> str:
    for existing in (folder, *folder.absolute().parents):
        if existing.exists():
            return f"{shutil.disk_usage(existing).free / 2**30:.2f} GiB"
    return "unknown"
