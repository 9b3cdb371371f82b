"""Fingerprints of inputs, cheap enough to take before every step."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from napari_synapse_debug.domain.errors import InputError

_SMALL = 4 * 2**20
_METADATA = {"zarr.json", ".zarray", ".zgroup", ".zattrs"}


def fingerprint(path: Path) -> str:
    """Sixteen hex digits that change when the file or Zarr folder at ``path`` does.

    A file up to 4 MiB counts by its content, a larger one by size and time of change. A
    folder counts by its metadata files and by the times of its sub-folders, which change
    whenever a chunk is added or replaced; its chunks are not looked at one by one.

    Raises
    ------
    InputError
        There is nothing at ``path``.
    """
    if path.is_dir():
        return _digest(_of_folder(path))
    if path.is_file():
        return _digest(_of_file(path))
    raise InputError(f"There is no file or folder {path}", fix="correct the path")


def _of_file(path: Path) -> bytes:
    found = path.stat()
    if found.st_size <= _SMALL:
        return path.read_bytes()
    return f"{found.st_size} {found.st_mtime_ns}".encode()


def _of_folder(path: Path) -> bytes:
    parts = []
    for place, inside, files in os.walk(path):
        inside.sort()
        folder = Path(place)
        name = folder.relative_to(path).as_posix()
        parts.append(f"{name} {len(files)} {folder.stat().st_mtime_ns}".encode())
        parts += [
            f"{file} ".encode() + (folder / file).read_bytes()
            for file in sorted(_METADATA.intersection(files))
        ]
    return b"\n".join(parts)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
