"""The cluster that jobs run on: worker processes here, or a scheduler elsewhere."""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from typing import Any

import dask
import psutil
from dask.system import CPU_COUNT
from dask.utils import parse_bytes
from distributed import Client, Future, LocalCluster, Nanny
from distributed.scheduler import KilledWorker
from distributed.system import MEMORY_LIMIT

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.jobs.worker import FLAGS, Message, StopFlags, raise_flag, run_step

CONNECT_S = 10.0
"""How long to wait for a scheduler."""

_POLL_S = 0.05
_REMOTE_JOBS = 1000
"""Jobs that may wait at a scheduler elsewhere, which knows its own workers."""

_MEMORY_TOPIC = "worker-restart-memory"
_LOGGERS = ("distributed", "distributed.client", "distributed.gc")
_QUIET = "DASK_LOGGING__DISTRIBUTED"
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class Place:
    """The process that runs a job: address of its worker, process id, and time of its start."""

    worker: str
    pid: int
    born: float


class _WatchedNanny(Nanny):  # type: ignore[misc]
    """A nanny that tells the exit code of its worker process."""

    def __init__(self, *args: Any, on_exit: Callable[[str, int], None], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._on_exit_code = on_exit

    def _on_worker_exit_sync(self, exitcode: int) -> None:
        self._on_exit_code(self.worker_address or "", exitcode)
        super()._on_worker_exit_sync(exitcode)


class Cluster:
    """A connection to workers; made and closed outside of a window's thread.

    Parameters
    ----------
    scheduler : str, optional
        Address of a running scheduler; None starts worker processes on this machine, bound to
        the loopback and closed to others by TLS.
    workers : int
        Processes to start, each for one job at a time.
    memory_limit : float or str
        Of all workers together: bytes, a text such as ``"8GB"``, or a share of the memory up to
        1. A worker that exceeds its part is ended, and its job is lost.
    threads : int, optional
        Threads that native code of one worker may use; by default all cores shared.

    Raises
    ------
    InputError
        No scheduler answers at the address.
    """

    def __init__(
        self, scheduler: str | None, workers: int, memory_limit: float | str, threads: int | None
    ) -> None:
        self._exits: list[tuple[str, int]] = []
        self._over_memory: set[str] = set()
        self._slots = threading.Semaphore(workers if scheduler is None else _REMOTE_JOBS)
        self._local: LocalCluster | None = None
        if scheduler is None:
            self._local = self._start(workers, memory_limit, threads)
        self._client = _connect(self._local or scheduler)
        self._client.register_plugin(StopFlags(), name=FLAGS)
        self._client.subscribe_topic(_MEMORY_TOPIC, self._note_memory)

    @property
    def is_running(self) -> bool:
        """Whether the connection stands."""
        return bool(self._client.status == "running")

    @contextmanager
    def slot(self, stop: threading.Event) -> Iterator[bool]:
        """A block that holds one worker of its own; false if ``stop`` was set before it is free.

        The death of a worker takes along whatever dask has queued on it, so local jobs wait here.
        """
        has_slot = self._slots.acquire(blocking=False)
        while not has_slot and not stop.is_set():
            has_slot = self._slots.acquire(timeout=_POLL_S)
        try:
            yield has_slot and not stop.is_set()
        finally:
            if has_slot:
                self._slots.release()

    def submit(self, job_id: str, content: bytes) -> Future:
        """The future of a job; it is tried once."""
        return self._client.submit(
            run_step, job_id, content, key=job_id, pure=False, retries=0, workers=None
        )

    @contextmanager
    def listening(self, job_id: str, receive: Callable[[Message], None]) -> Iterator[None]:
        """A block in which ``receive`` gets the job's messages, in dask's own thread."""
        self._client.subscribe_topic(job_id, lambda event: receive(event[1]))
        try:
            yield
        finally:
            if self.is_running:
                self._client.unsubscribe_topic(job_id)

    def flag(self, job_id: str) -> None:
        """Ask the job to stop, wherever it runs; returns at once."""
        # A worker answers only when its step lets the interpreter go; this must not wait for it.
        threading.Thread(target=self._flag, args=(job_id,), name="flag", daemon=True).start()

    def _flag(self, job_id: str) -> None:
        with contextlib.suppress(OSError, TimeoutError, ValueError, CancelledError):
            self._client.run(raise_flag, job_id, on_error="ignore")

    def kill(self, place: Place, future: Future) -> None:
        """End the process that runs a job, and all that it started."""
        if self._local is None:
            future.cancel()  # or the scheduler would run it again
            # Workers without a nanny cannot be restarted, and one that has gone is not found.
            with contextlib.suppress(ValueError, TimeoutError, KeyError):
                self._client.restart_workers([place.worker], timeout=10, raise_for_error=False)
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(place.pid)
            if process.create_time() == place.born:
                for child in process.children(recursive=True):
                    with contextlib.suppress(psutil.NoSuchProcess):
                        child.kill()
                process.kill()

    @property
    def exits(self) -> int:
        """How many worker processes have ended so far."""
        return len(self._exits)

    def death_of(self, future: Future, since: int) -> str:
        """Why the process of a failed job died, in words, as far as it is known.

        Parameters
        ----------
        future : Future
            Of the job.
        since : int
            ``exits`` when the job was submitted.
        """
        error = future.exception()
        if not isinstance(error, KilledWorker):
            return str(error)
        worker = error.last_worker.address
        code = self._await_exit(worker, since)
        if worker in self._over_memory:
            return "it used more memory than allowed, and was ended"
        if code is None:
            return "for a reason that is not known, often too little memory"
        if code >= 0:
            return f"it ended with exit code {code}"
        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        often = ", often by the system for want of memory" if name == "SIGKILL" else ""
        return f"killed by signal {name}{often}"

    def _await_exit(self, worker: str, since: int) -> int | None:
        """The exit code of a worker process; None where it is not told within a second.

        A nanny knows its worker by its former address while it starts, so the last exit counts
        where none has the address. A worker that exceeds its memory gets SIGTERM, and the note
        of it may come later.
        """
        code = None
        until = time.monotonic() + 1
        while time.monotonic() < until and worker not in self._over_memory:
            exits = self._exits[since:]
            code = dict(exits).get(worker, exits[-1][1] if exits else None)
            if code not in (None, -signal.SIGTERM):
                break
            time.sleep(0.02)
        return code

    def close(self) -> None:
        """End the connection, and the workers that were started for it."""
        with contextlib.suppress(TimeoutError, OSError):
            self._client.close()
        if self._local is not None:
            with contextlib.suppress(TimeoutError, OSError):
                self._local.close()

    def _start(self, workers: int, memory_limit: float | str, threads: int | None) -> LocalCluster:
        # All stay set: nannies read the first whenever they restart a worker, the cluster the
        # second whenever one died: where it is not back by then, or dies once more just then, its
        # nanny is ended, and every later job waits for ever. Two clusters may overlap. What dask
        # would log, the death of a worker, is told by the job.
        dask.config.set(
            {"distributed.worker.daemon": False, "distributed.deploy.lost-worker-timeout": "1000d"}
        )
        for name in _LOGGERS:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        with dask.config.set(_config(workers, threads)), _interrupts_blocked():
            return LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                worker_class=_WatchedNanny,
                on_exit=self._note_exit,
                memory_limit=_bytes(memory_limit) // workers,
                security=True,
                dashboard_address=None,
                scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
                silence_logs=False,
            )

    def _note_exit(self, worker: str, code: int) -> None:
        self._exits.append((worker, code))

    def _note_memory(self, event: tuple[float, dict[str, Any]]) -> None:
        self._over_memory.add(str(event[1]["worker"]))


def _config(workers: int, threads: int | None) -> dict[str, Any]:
    """Settings of dask under which a step is tried once, and is neither watched nor paused.

    Each was found necessary: workers set the thread variables to 1 and leak that into this
    process (values that the user has set win); a worker that is ended while it starts logs;
    three retries repeat hours of work; a step that holds the interpreter for five minutes is
    taken for dead; a worker that pauses at 80 % of its memory keeps the next job waiting for
    ever; the scheduler serves its state on port 8787 without asking who reads it.
    """
    count = threads or max(1, CPU_COUNT // workers)
    environment = dict.fromkeys(_THREAD_VARIABLES, count) | {_QUIET: "critical"}
    memory = {f"distributed.worker.memory.{name}": False for name in ("target", "spill", "pause")}
    return {
        "distributed.nanny.pre-spawn-environ": environment,
        "distributed.scheduler.http.routes": [],
        "distributed.worker.profile.enabled": False,
        "distributed.scheduler.allowed-failures": 0,
        "distributed.scheduler.worker-ttl": None,
        **memory,
    }


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """A block whose new threads and processes leave Ctrl+C to the main thread; not on Windows."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # Started by the first process else, it would unblock the signal (CPython 3.11–3.13).
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _bytes(limit: float | str) -> int:
    if isinstance(limit, str):
        return int(parse_bytes(limit))
    return int(limit * MEMORY_LIMIT) if limit <= 1 else int(limit)


def _connect(address: LocalCluster | str | None) -> Client:
    try:
        return Client(address, set_as_default=False, timeout=CONNECT_S)
    except (OSError, ValueError) as error:
        raise InputError(
            f"No scheduler answers at {address}",
            found=str(error),
            expected="the address of a running dask scheduler, as tcp://HOST:8786",
            fix="start one with `dask scheduler`, or leave --scheduler out",
        ) from error
