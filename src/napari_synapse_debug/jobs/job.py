"""One running step, as the window and the command line see it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from enum import StrEnum
from typing import Any
from uuid import uuid4

import cloudpickle  # type: ignore[import-untyped]

from napari_synapse_debug.domain.errors import StepCancelledError, WorkerLostError
from napari_synapse_debug.domain.events import Event
from napari_synapse_debug.jobs.cluster import Cluster
from napari_synapse_debug.jobs.watch import Watch, cancelled
from napari_synapse_debug.jobs.worker import Message, Outcome, RemoteTracebackError

_log = logging.getLogger(__name__)


class JobStatus(StrEnum):
    """Where a job stands."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"

    @property
    def is_final(self) -> bool:
        """Whether the job has ended."""
        return self not in (JobStatus.PENDING, JobStatus.RUNNING)


class Job:
    """A step that runs in another process, followed by a thread of its own.

    ``on_event`` and ``on_done`` are called in that thread, events in the order they were
    reported and all of them before ``on_done``; a window hands them on by a queued signal.
    A job whose process dies is begun again up to ``retries`` times; these are counted anew where
    it has come further than ever before.
    """

    def __init__(
        self,
        content: bytes,
        on_event: Callable[[Event], Any] | None,
        on_done: Callable[[Job], Any] | None,
        retries: int = 0,
    ) -> None:
        self.id = f"job-{uuid4().hex[:12]}"
        self._content = content
        self._on_event = on_event
        self._on_done = on_done
        self._retries = retries
        self._deaths = 0
        self._least_left: dict[str, int] = {}
        self._step = ""
        self._status = JobStatus.PENDING
        self._result: Any = None
        self._error: BaseException | None = None
        self._stop = threading.Event()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def __repr__(self) -> str:
        return f"Job({self.id}, {self._status})"

    @property
    def status(self) -> JobStatus:
        """Where the job stands."""
        return self._status

    @property
    def error(self) -> BaseException | None:
        """What the step failed with, if it did; its ``__cause__`` is the worker's traceback."""
        return self._error

    def result(self, timeout: float | None = None) -> Any:
        """What the step gave back, once it has ended.

        Parameters
        ----------
        timeout : float, optional
            Longest wait in seconds.

        Raises
        ------
        TimeoutError
            The job has not ended in time.
        StepCancelledError
            It was stopped.
        WorkerLostError
            Its process died.
        Exception
            The step's own error.
        """
        if not self.wait(timeout):
            raise TimeoutError(f"{self.id} has not ended after {timeout} s")
        if self._error is not None:
            raise self._error
        return self._result

    def wait(self, timeout: float | None = None) -> bool:
        """Whether the job has ended, after waiting at most ``timeout`` seconds."""
        return self._ended.wait(timeout)

    def cancel(self) -> None:
        """Ask the step to stop, and return at once; after 2 s its process is ended."""
        self._stop.set()

    def start(self, connect: Callable[[], Cluster]) -> None:
        """Begin, in a new thread that first connects to the cluster."""
        self._thread = threading.Thread(
            target=self._live, args=(connect,), name=self.id, daemon=True
        )
        self._thread.start()

    def join(self, timeout: float | None = None) -> None:
        """Wait until the job's thread has ended, callbacks included."""
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _live(self, connect: Callable[[], Cluster]) -> None:
        try:
            if self._stop.is_set():
                raise cancelled()
            self._result = _unpack(self._run(connect))
            status = JobStatus.DONE
        except Exception as error:  # noqa: BLE001  it is raised again by result()
            self._error = error
            status = _status_of(error)
        self._status = status
        self._ended.set()
        if self._on_done is not None:
            self._call(self._on_done, self)

    def _run(self, connect: Callable[[], Cluster]) -> Outcome:
        """The outcome of the step, begun again where its process died."""
        number = 0
        while True:
            # a key of its own, or dask would take the second attempt for the first
            watch = Watch(connect(), f"{self.id}-{number}", self._receive, self._stop)
            try:
                return watch.run(self._content)
            except WorkerLostError as error:
                number += 1
                self._deaths += 1
                if self._deaths > self._retries:
                    raise
                message = f"its process died ({error.found}); goes on, attempt {self._deaths + 1}"
                self._tell(Event(self._step, f"{message} of {self._retries + 1}"))

    def _tell(self, event: Event) -> None:
        self._step = event.step
        if self._on_event is not None:
            self._call(self._on_event, event)

    def _call(self, function: Callable[[Any], Any], argument: Any) -> None:
        try:
            function(argument)
        except Exception:  # noqa: BLE001  a listener may not end the job
            _log.exception("A listener of %s failed", self.id)

    def _receive(self, message: Message) -> None:
        if message["kind"] == "started":
            self._status = JobStatus.RUNNING
        elif message["kind"] == "log":
            logging.getLogger(message["name"]).log(message["level"], "%s", message["message"])
        else:
            event = Event(**message["event"])
            self._note_progress(event)
            self._tell(event)

    def _note_progress(self, event: Event) -> None:
        """Forget the deaths where less is left to do than ever before.

        What is left, not what is done, is compared: a prediction that goes on counts its blocks
        from one. A step that comes no further than where it died does not forget.
        """
        left = event.total - event.done
        if event.done > 0 and 0 <= left < self._least_left.get(event.step, event.total + 1):
            self._least_left[event.step] = left
            self._deaths = 0


def _unpack(outcome: Outcome) -> Any:
    """The result of the step; its error is raised."""
    content = cloudpickle.loads(outcome.content)
    if outcome.is_error:
        raise content from RemoteTracebackError(outcome.trace)
    return content


def _status_of(error: Exception) -> JobStatus:
    if isinstance(error, StepCancelledError):
        return JobStatus.CANCELLED
    if isinstance(error, WorkerLostError):
        return JobStatus.LOST
    return JobStatus.FAILED
