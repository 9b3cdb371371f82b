"""Short work beside the window: in a few threads, with the result given back in Qt's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from qtpy.QtCore import QCoreApplication, QObject, Signal

_THREADS = 3
"""So that what is read for a while does not hold up what is asked for with the mouse."""

Told = Callable[[Any], object]


@dataclass(frozen=True, eq=False)
class _Task:
    """What is asked for under a name, who is told, and whether it was asked to stop."""

    function: Callable[..., Any]
    on_done: Told
    on_error: Callable[[Exception], object]
    on_event: Told | None = None
    stop: threading.Event = field(default_factory=threading.Event)


class Background(QObject):
    """Runs functions in threads of its own; of those of one ``name`` only the latest is told.

    One of a name runs at a time, so that it takes one thread however often it is asked for::

        asked for    a1   a2   a3
        runs         a1 ────────── a3 ──────      a2 is left out
        told                               a3
    """

    _event_arrived = Signal(str, object, object)
    _ended = Signal(str, object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="window")
        self._running: dict[str, _Task] = {}
        self._waiting: dict[str, _Task] = {}
        self._latest: dict[str, _Task] = {}
        self._event_arrived.connect(self._tell_event)
        self._ended.connect(self._end)
        if (application := QCoreApplication.instance()) is not None:
            # Python waits for the threads in the end, so that they must be told before
            application.aboutToQuit.connect(self.stop_all)

    def run(
        self,
        name: str,
        function: Callable[..., Any],
        on_done: Told,
        on_error: Callable[[Exception], object],
        on_event: Told | None = None,
    ) -> None:
        """Run ``function``, when one of the same ``name`` that runs has ended.

        Another of that name that still waits is left out. With ``on_event`` it is given a
        ``context``, as a step is: its events are told, and it is asked to stop by ``stop`` and
        by ``close``.
        """
        task = self._latest[name] = _Task(function, on_done, on_error, on_event)
        if name in self._running:
            self._waiting[name] = task
        else:
            self._begin(name, task)

    def forget(self, name: str) -> None:
        """Do not tell what the latest of this ``name`` gives, and leave it out if it waits."""
        self._latest.pop(name, None)
        self._waiting.pop(name, None)

    def stop(self, name: str) -> None:
        """Ask what runs or waits under this ``name`` to stop, if it was given a context."""
        for tasks in (self._running, self._waiting):
            if name in tasks:
                tasks[name].stop.set()

    def stop_all(self) -> None:
        """Ask all that were given a context to stop."""
        for task in (*self._running.values(), *self._waiting.values()):
            task.stop.set()

    @property
    def is_busy(self) -> bool:
        """Whether anything that will be told is not done."""
        return bool(self._latest)

    def close(self) -> None:
        """Leave out what has not begun, and stop what can be stopped."""
        self.stop_all()
        for tasks in (self._latest, self._waiting, self._running):
            tasks.clear()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _begin(self, name: str, task: _Task) -> None:
        self._running[name] = task
        function = task.function
        if task.on_event is not None:
            function = partial(function, context=self._context(name, task))
        self._pool.submit(function).add_done_callback(partial(self._emit, name, task))

    def _context(self, name: str, task: _Task) -> Any:
        from napari_synapse_debug.jobs.context import CallbackContext  # loads dask

        return CallbackContext(partial(self._event_arrived.emit, name, task), task.stop.is_set)

    def _emit(self, name: str, task: _Task, future: Future[Any]) -> None:
        if not future.cancelled() and name in self._running:
            self._ended.emit(name, task, future)

    def _tell_event(self, name: str, task: _Task, event: object) -> None:
        if self._latest.get(name) is task and task.on_event is not None:
            task.on_event(event)

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
