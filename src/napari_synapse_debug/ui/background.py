"""Short work beside the window: in a few threads, with the result given back in Qt's."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from qtpy.QtCore import QObject, Signal

_THREADS = 3
"""So that what is read for a while does not hold up what is asked for with the mouse."""


@dataclass(frozen=True)
class _Task:
    """What is asked for under a name, and who is told."""

    function: Callable[[], Any]
    on_done: Callable[[Any], object]
    on_error: Callable[[Exception], object]


class Background(QObject):
    """Runs functions in threads of its own; of those of one ``name`` only the latest is told.

    One of a name runs at a time, so that it takes one thread however often it is asked for::

        asked for    a1   a2   a3
        runs         a1 ────────── a3 ──────      a2 is left out
        told                               a3
    """

    _ended = Signal(str, object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="window")
        self._running: dict[str, _Task] = {}
        self._waiting: dict[str, _Task] = {}
        self._latest: dict[str, _Task] = {}
        self._ended.connect(self._end)

    def run(
        self,
        name: str,
        function: Callable[[], Any],
        on_done: Callable[[Any], object],
        on_error: Callable[[Exception], object],
    ) -> None:
        """Run ``function``, when one of the same ``name`` that runs has ended.

        Another of that name that still waits is left out.
        """
        task = self._latest[name] = _Task(function, on_done, on_error)
        if name in self._running:
            self._waiting[name] = task
        else:
            self._begin(name, task)

    def forget(self, name: str) -> None:
        """Do not tell what the latest of this ``name`` gives, and leave it out if it waits."""
        self._latest.pop(name, None)
        self._waiting.pop(name, None)

    @property
    def is_busy(self) -> bool:
        """Whether anything that will be told is not done."""
        return bool(self._latest)

    def close(self) -> None:
        """Leave out what has not begun."""
        for tasks in (self._latest, self._waiting, self._running):
            tasks.clear()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _begin(self, name: str, task: _Task) -> None:
        self._running[name] = task
        future = self._pool.submit(task.function)
        future.add_done_callback(partial(self._emit, name, task))

    def _emit(self, name: str, task: _Task, future: Future[Any]) -> None:
        if not future.cancelled() and name in self._running:
            self._ended.emit(name, task, future)

    def _end(self, name: str, task: _Task, future: Future[Any]) -> None:
        """Begin the one that waits, and tell what the ended one gave if it is the latest."""
        if self._running.pop(name, None) is not task:
            return  # closed meanwhile
        following = self._waiting.pop(name, None)
        if following is not None:
            self._begin(name, following)
        if self._latest.get(name) is not task:
            return
        del self._latest[name]
        error = future.exception()
        if error is None:
            task.on_done(future.result())
        elif isinstance(error, Exception):
            task.on_error(error)
