"""What happens in a worker process: one step runs, tells, and sends its outcome back."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, cast

import cloudpickle  # type: ignore[import-untyped]
import psutil
from distributed import WorkerPlugin, get_worker

from napari_synapse_debug.domain.events import Event
from napari_synapse_debug.jobs.context import CallbackContext

FLAGS = "napari-synapse-debug-stop-flags"
"""Name under which a worker keeps the ids of the jobs that are to stop."""

_FLUSH_S = 0.01
"""Lets the first message leave before the step can take the interpreter for itself."""

_OWN_LOGGER = "napari_synapse_debug"

Message = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What a step ended with, pickled by the worker so that nothing can fail on the way.

    Parameters
    ----------
    is_error : bool
        Whether ``content`` is an exception, to be raised.
    content : bytes
        The pickled result or exception.
    trace : str
        The traceback as text; empty without an error.
    messages : int
        How many messages the step sent, so that the receiver can wait for the last.
    """

    is_error: bool
    content: bytes
    trace: str
    messages: int


class RemoteTracebackError(Exception):
    """The traceback of an error in another process; it is the ``__cause__`` of that error."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return "in the worker process:\n" + self.text


class StopFlags(WorkerPlugin):  # type: ignore[misc]
    """Keeps, in each worker, the ids of the jobs that are to stop; asking costs nothing."""

    def __init__(self) -> None:
        self.stopped: set[str] = set()

    def setup(self, worker: Any) -> None:  # noqa: ARG002
        """Leave Ctrl+C to the main process, which stops the steps in order."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def raise_flag(job_id: str, dask_worker: Any) -> None:
    """Ask the job to stop; run by the scheduler in each worker."""
    flags = dask_worker.plugins.get(FLAGS)
    if flags is not None:
        flags.stopped.add(job_id)


class _Sender:
    """Sends messages of one job to whoever listens to its topic, and counts them."""

    def __init__(self, job_id: str) -> None:
        self._worker = get_worker()
        self._job_id = job_id
        self.sent = 0

    def send(self, kind: str, **content: Any) -> None:
        self._worker.log_event(self._job_id, {"kind": kind, **content})
        self.sent += 1

    def send_event(self, event: Event) -> None:
        values = {str(name): float(value) for name, value in event.values.items()}
        content = asdict(event) | {
            "values": values,
            "done": int(event.done),
            "total": int(event.total),
        }
        self.send("event", event=content)

    def is_stopped(self) -> bool:
        return self._job_id in cast(StopFlags, self._worker.plugins[FLAGS]).stopped

    def send_start(self) -> None:
        own = psutil.Process()
        self.send("started", worker=self._worker.address, pid=os.getpid(), born=own.create_time())
        time.sleep(_FLUSH_S)


class _LogSender(logging.Handler):
    """Sends warnings of this package to the main process, which logs them there."""

    def __init__(self, sender: _Sender) -> None:
        super().__init__(logging.WARNING)
        self._sender = sender

    def emit(self, record: logging.LogRecord) -> None:
        self._sender.send(
            "log", name=record.name, level=record.levelno, message=record.getMessage()
        )


def run_step(job_id: str, content: bytes) -> Outcome:
    """The outcome of the pickled ``(function, args)``; runs in a worker, never raises."""
    sender = _Sender(job_id)
    sender.send_start()
    logger, handler = logging.getLogger(_OWN_LOGGER), _LogSender(sender)
    logger.addHandler(handler)
    context = CallbackContext(sender.send_event, sender.is_stopped)
    try:
        function, args = cast(
            tuple[Callable[..., Any], tuple[Any, ...]], cloudpickle.loads(content)
        )
        result = cloudpickle.dumps(function(*args, context=context))
    except (Exception, SystemExit) as error:  # noqa: BLE001  it is raised again by Job.result
        return Outcome(True, _pack(error), traceback.format_exc(), sender.sent)
    finally:
        logger.removeHandler(handler)
    return Outcome(False, result, "", sender.sent)


def _pack(error: BaseException) -> bytes:
    """The pickled error; its type and text alone where the error itself cannot travel."""
    as_text = cast(bytes, cloudpickle.dumps(RuntimeError(f"{type(error).__name__}: {error}")))
    if not isinstance(error, Exception):
        return as_text
    try:
        content = cast(bytes, cloudpickle.dumps(error))
        cloudpickle.loads(content)
    except Exception:  # noqa: BLE001  any class may fail in its own way to pickle
        return as_text
    return content
