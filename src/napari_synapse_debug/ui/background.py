"""Short work beside the window: in a few threads, with the result given back in Qt's."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from qtpy.QtCore import QObject, Signal

_THREADS = 3
"""So that what is read for a while does not hold up what is asked for with the mouse."""


class Background(QObject):
    """Runs functions in threads of its own; of those of one ``name`` only the latest is told."""

    _ended = Signal(str, int, object, object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="window")
        self._latest: dict[str, tuple[int, Future[Any]]] = {}
        self._ended.connect(self._tell)

    def run(
        self,
        name: str,
        function: Callable[[], Any],
        on_done: Callable[[Any], object],
        on_error: Callable[[Exception], object],
    ) -> None:
        """Run ``function``; one of the same ``name`` that has not begun yet is left out."""
        number, before = self._latest.get(name, (0, None))
        if before is not None:
            before.cancel()
        future = self._pool.submit(function)
        self._latest[name] = (number + 1, future)
        future.add_done_callback(partial(self._emit, name, number + 1, on_done, on_error))

    def forget(self, name: str) -> None:
        """Do not tell what the latest of this ``name`` gives."""
        number, future = self._latest.get(name, (0, None))
        if future is not None:
            future.cancel()
            self._latest[name] = (number + 1, future)

    @property
    def is_busy(self) -> bool:
        """Whether anything that will be told is not done."""
        return any(not future.done() for _, future in self._latest.values())

    def close(self) -> None:
        """Leave out what has not begun."""
        self._latest.clear()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _emit(
        self,
        name: str,
        number: int,
        on_done: Callable[[Any], object],
        on_error: Callable[[Exception], object],
        future: Future[Any],
    ) -> None:
        if not future.cancelled() and name in self._latest:
            self._ended.emit(name, number, future, on_done, on_error)

    def _tell(
        self,
        name: str,
        number: int,
        future: Future[Any],
        on_done: Callable[[Any], object],
        on_error: Callable[[Exception], object],
    ) -> None:
        if self._latest.get(name, (0, None))[0] != number:
            return
        error = future.exception()
        if error is None:
            on_done(future.result())
        elif isinstance(error, Exception):
            on_error(error)
