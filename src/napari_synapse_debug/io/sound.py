"""Which volumes were read through and found sound, so that no step reads them through again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from napari_synapse_debug.domain.errors import DataError, StorageError
from napari_synapse_debug.domain.project import Source
from napari_synapse_debug.io.atomic import read_json, write_json
from napari_synapse_debug.io.fingerprint import fingerprint
from napari_synapse_debug.io.project import CONFIG, Project
from napari_synapse_debug.io.volumes import Volume

Check = Callable[[Volume], None]

KEPT = ".sound.json"
"""In ``runs``; it may be removed, and everything is read through once more."""

_TOLD_BY_TYPE = "ub"
"""Kinds of values of which none can be wrong: unsigned whole numbers and booleans."""


class SoundVolumes:
    """The volumes of a project that passed their checks, by the fingerprint that they had then.

    They are kept in the project's folder, where there is one and it may be written.

    Parameters
    ----------
    project : Project
        To which the sources belong.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._path = project.folder / "runs" / KEPT
        self._known: dict[str, str] = {}
        with suppress(FileNotFoundError, DataError):
            self._known = dict(read_json(self._path))

    def check(self, check: Check, volume: Volume, source: Source) -> None:
        """Apply ``check`` to ``volume``, which is at ``source``, unless it passed it as it is now.

        Raises
        ------
        InputError
            As ``check`` does.
        """
        if volume.dtype.kind in _TOLD_BY_TYPE:
            check(volume)
            return
        key = f"{check.__name__} {source} {volume.grid.shape}"
        now = fingerprint(self._project.path_of(source))  # before it is read
        if self._known.get(key) == now:
            return
        check(volume)
        self._known[key] = now
        if (self._project.folder / CONFIG).is_file():  # not while the project is being made
            with suppress(StorageError):
                write_json(self._path, self._known)
