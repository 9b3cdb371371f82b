"""Short work beside the window: in a few threads, with the result given back in Qt's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from qtpy.QtCore import QCoreApplication, QObject, Signal

_THREADS = 3
"""So that what is read for a while does not hold up what is asked for with the mouse."""

Told = Callable[[Any], object]


class Background(QObject):
    """Runs functions in threads of its own; of those of one ``name`` only the latest is told."""

    _event_arrived = Signal(str, int, object, object)
    _ended = Signal(str, int, object, object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="window")
        self._latest: dict[str, tuple[int, Future[Any] | None]] = {}
        self._stops: dict[tuple[str, int], threading.Event] = {}
        self._event_arrived.connect(self._tell_event)
        self._ended.connect(self._tell)
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
        """Run ``function``; one of the same ``name`` that has not begun yet is left out.

        With ``on_event`` it is given a ``context``, as a step is: its events are told, and it is
        asked to stop by ``stop`` and by ``close``.
        """
        number, before = self._latest.get(name, (0, None))
        if before is not None:
            before.cancel()
        number += 1
        if on_event is not None:
            function = partial(function, context=self._context(name, number, on_event))
        future = self._pool.submit(function)
        self._latest[name] = (number, future)
        future.add_done_callback(partial(self._emit, name, number, on_done, on_error))

    def forget(self, name: str) -> None:
        """Do not tell what the latest of this ``name`` gives."""
        number, future = self._latest.get(name, (0, None))
        if future is not None:
            future.cancel()
            self._latest[name] = (number + 1, None)

    def stop(self, name: str) -> None:
        """Ask those of this ``name`` that were given a context to stop."""
        for (known, _), stop in tuple(self._stops.items()):
            if known == name:
                stop.set()

    def stop_all(self) -> None:
        """Ask all that were given a context to stop."""
        for stop in tuple(self._stops.values()):
            stop.set()

    @property
    def is_busy(self) -> bool:
        """Whether anything that will be told is not done."""
        return any(not (future is None or future.done()) for _, future in self._latest.values())

    def close(self) -> None:
        """Leave out what has not begun, and stop what can be stopped."""
        self._latest.clear()
        self.stop_all()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _context(self, name: str, number: int, on_event: Told) -> Any:
        from napari_synapse_debug.jobs.context import CallbackContext  # loads dask

        stop = self._stops[name, number] = threading.Event()
        tell = partial(self._event_arrived.emit, name, number, on_event)
        return CallbackContext(tell, stop.is_set)

    def _emit(
        self,
        name: str,
        number: int,
        on_done: Told,
        on_error: Callable[[Exception], object],
        future: Future[Any],
    ) -> None:
        self._stops.pop((name, number), None)
        if not future.cancelled() and name in self._latest:
            self._ended.emit(name, number, future, on_done, on_error)

    def _tell_event(self, name: str, number: int, on_event: Told, event: object) -> None:
        if self._latest.get(name, (0, None))[0] == number:
            on_event(event)

    def _tell(
        self,
        name: str,
        number: int,
        future: Future[Any],
        on_done: Told,
        on_error: Callable[[Exception], object],
    ) -> None:
        if self._latest.get(name, (0, None))[0] != number:
            return
        self._latest[name] = (number, None)  # else it would hold what it told until the next one
        error = future.exception()
        if error is None:
            on_done(future.result())
        elif isinstance(error, Exception):
            on_error(error)
