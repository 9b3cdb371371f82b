"""The blocks that a step has finished, so that it goes on where it was stopped."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.io.atomic import guard_storage, write_text


class FinishedBlocks:
    """A file with one line for each finished block; a line cut short by a crash is left out.

    Parameters
    ----------
    path : Path
        The file; it is made if absent.
    key : str
        What the blocks depend on (parameters, fingerprints of inputs). Blocks that were
        finished under another key do not count, and the file begins anew.

    Raises
    ------
    StorageError
        The disk is full or the folder may not be written.
    """

    def __init__(self, path: Path, key: str) -> None:
        self._path = path
        head = f"key {' '.join(key.split())}\n"
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        self._done = _blocks(text[len(head) :]) if text.startswith(head) else set()
        whole = head + "".join(f"{box}\n" for box in sorted(self._done, key=lambda b: b.start))
        if text != whole:
            write_text(path, whole)

    def __contains__(self, block: Box) -> bool:
        return block in self._done

    def __len__(self) -> int:
        return len(self._done)

    def remaining(self, blocks: Iterable[Box]) -> list[Box]:
        """Those of ``blocks`` that are not finished, in their order."""
        return [block for block in blocks if block not in self._done]

    def add(self, block: Box) -> None:
        """Note ``block`` as finished, on the disk before this returns.

        Raises
        ------
        StorageError
            The disk is full or the folder may not be written.
        """
        with (
            guard_storage(self._path.parent),
            self._path.open("a", encoding="utf-8", newline="\n") as file,
        ):
            file.write(f"{block}\n")
            file.flush()
            os.fsync(file.fileno())
        self._done.add(block)

    def forget(self) -> None:
        """Remove the file: the step is done, or begins anew."""
        self._done.clear()
        self._path.unlink(missing_ok=True)


def _blocks(text: str) -> set[Box]:
    whole, _, _ = text.rpartition("\n")
    found = set()
    for line in whole.splitlines():
        try:
            found.add(Box.parse(line))
        except InputError:
            continue
    return found
