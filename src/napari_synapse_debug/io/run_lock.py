"""A run is worked on by one process at a time."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from napari_synapse_debug.domain.errors import ProjectError
from napari_synapse_debug.io.atomic import guard_storage
from napari_synapse_debug.io.project import Project

WAIT_S = 10.0
"""So long it is waited for a process that was just asked to stop."""

_NO_LOCKS = frozenset({errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP})
"""What drives answer that know no locks."""


@contextmanager
def lock_run(project: Project, run: str, wait_s: float | None = None) -> Iterator[None]:
    """Keep other processes from working on ``run`` of ``project`` until the block ends.

    The system takes the lock back when the process ends, however it ends. On drives that know no
    locks there is none.

    Raises
    ------
    ProjectError
        Another process works on it, and still did after ``wait_s``, by default ``WAIT_S``.
    StorageError
        The folder may not be written.
    """
    folder = project.run_folder(run).parent
    with guard_storage(folder):
        folder.mkdir(parents=True, exist_ok=True)
        patience = WAIT_S if wait_s is None else wait_s
        # a lock that is only a file would stay when its process is killed
        lock = FileLock(folder / f".{run}.lock", timeout=patience, fallback_to_soft=False)
        try:
            lock.acquire()
        except Timeout:
            raise ProjectError(
                f"The run {run} of {project.folder} is being worked on by another process",
                found="a window, a terminal or a cluster that runs its steps",
                expected="one at a time, as their results would be mixed",
                fix="wait until it is done, or stop it; or use another run (--run)",
            ) from None
        except NotImplementedError:
            pass
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
    try:
        yield
    finally:
        if lock.is_locked:
            lock.release()
