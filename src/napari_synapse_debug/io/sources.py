"""Addresses of volumes, ``FILE[:DATASET]``, and the paths that they stand for."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.project import Source

_DRIVE = re.compile(r"^[A-Za-z]:[\\/]")


def parse_source(text: str, base: Path = Path()) -> Source:
    """The file and data set that ``FILE[:DATASET]`` names.

    A path that exists whole wins over a split at a colon; a Windows drive letter is never a
    file. The path need not exist.

    Parameters
    ----------
    text : str
        For example ``sample.h5:volumes/raw`` or ``stack.tif``.
    base : Path
        Folder that relative paths start from.

    Raises
    ------
    InputError
        The text names no file.
    """
    colons = [match.start() for match in re.finditer(":", text)]
    if _DRIVE.match(text):
        colons = colons[1:]
    for at in [len(text), *reversed(colons)]:
        if text[:at] and locate(text[:at], base).exists():
            return _source(text, at)
    return _source(text, colons[-1] if colons else len(text))


def locate(path: str, base: Path) -> Path:
    """The path on disk that ``path`` means, seen from the folder ``base``; ``~`` is home."""
    try:
        return base / Path(path).expanduser()
    except RuntimeError:  # a name that begins with ~ and is no user's
        return base / path


def existing_path(source: Source, base: Path) -> Path:
    """The path on disk of ``source``, seen from the folder ``base``.

    Raises
    ------
    InputError
        Nothing is there; the message names the nearest folder and similar names in it.
    """
    path = locate(source.path, base)
    if path.exists():
        return path
    parent = next(p for p in path.absolute().parents if p.exists())
    if parent.is_file():
        inner = path.absolute().relative_to(parent).as_posix()
        raise InputError(
            f"There is no file {path}",
            found=f"{parent}, which is a file",
            fix=f"name a data set in it with a colon: {parent}:{inner}",
        )
    wanted = path.absolute().relative_to(parent).parts[0]
    names = sorted(entry.name for entry in parent.iterdir() if not entry.name.startswith("."))
    similar = difflib.get_close_matches(wanted, names, n=3, cutoff=0.5)
    raise InputError(
        f"There is no file or folder {path}",
        found=f"the folder {parent}, which has no {wanted}",
        fix=f"did you mean {' or '.join(similar)}" if similar else "correct the path",
    )


def _source(text: str, at: int) -> Source:
    path, dataset = text[:at].strip(), text[at + 1 :].strip().strip("/")
    if not path:
        raise InputError(
            "The volume names no file",
            found=repr(text),
            expected="FILE or FILE:DATASET",
            fix="write for example sample.h5:volumes/raw",
        )
    return Source(path=path, dataset=dataset or None)
