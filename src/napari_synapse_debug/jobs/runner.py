"""Runs steps in other processes, here or on a cluster."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any, Literal, Self

import cloudpickle  # type: ignore[import-untyped]

from napari_synapse_debug.domain.errors import StepCancelledError
from napari_synapse_debug.domain.events import Event
from napari_synapse_debug.jobs.cluster import Cluster
from napari_synapse_debug.jobs.job import Job
from napari_synapse_debug.jobs.watch import GRACE_S

Lane = Literal["steps", "interactive"]
"""Steps wait for each other; what a user is waiting for has a worker of its own beside them."""


class JobRunner:
    """Takes steps and runs them, one a worker process; a context manager.

    Workers start with the first job of their lane, outside of the calling thread. Leaving the
    context, also by Ctrl+C, stops running steps, ends all processes and waits for them. A script
    that uses it needs ``if __name__ == "__main__":``, as workers import the script.

    Parameters
    ----------
    scheduler : str, optional
        Address of a running dask scheduler, for both lanes; None runs on this machine.
    workers : int
        Processes on this machine, each for one job at a time; further jobs wait. The
        interactive lane has one more, from its first job on.
    memory_limit : float or str
        Of all workers of a lane together: bytes, a text such as ``"8GB"``, or a share of the
        memory up to 1.
    threads : int, optional
        Threads that native code of one worker may use; by default all cores shared.
    """

    def __init__(
        self,
        scheduler: str | None = None,
        workers: int = 1,
        memory_limit: float | str = 0.9,
        threads: int | None = None,
    ) -> None:
        self._settings = (scheduler, workers, memory_limit, threads)
        self._clusters: dict[Lane, Cluster] = {}
        self._jobs: list[Job] = []
        self._lock = threading.Lock()
        self._is_closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def submit(
        self,
        function: Callable[..., Any],
        *args: Any,
        on_event: Callable[[Event], Any] | None = None,
        on_done: Callable[[Job], Any] | None = None,
        lane: Lane = "steps",
        retries: int = 0,
    ) -> Job:
        """The job that runs ``function(*args, context=…)``; returns at once.

        Parameters
        ----------
        function : callable
            A step; it is given a ``StepContext`` as ``context``.
        *args
            Its arguments: values and addresses of arrays, which are pickled.
        on_event, on_done : callable, optional
            Called with each ``Event``, and with the job when it has ended, in a thread of the
            job. Warnings that the step logs are logged in this process.
        lane : {"steps", "interactive"}
            Which worker runs it; a job that is interactive never waits for a training.
        retries : int
            How often it is begun again when its process died; for steps that go on with what
            was finished. Each time is told by an event.

        Raises
        ------
        RuntimeError
            The runner is closed.
        TypeError, pickle.PicklingError
            The function or an argument cannot be pickled.
        """
        if self._is_closed:
            raise RuntimeError("The job runner is closed")
        job = Job(cloudpickle.dumps((function, args)), on_event, on_done, retries)
        self._jobs = [other for other in self._jobs if not other.status.is_final] + [job]
        job.start(partial(self._connect, lane))
        return job

    def close(self) -> None:
        """Stop all jobs, end all processes, and wait for them; a second call does nothing."""
        self._is_closed = True
        for job in self._jobs:
            job.cancel()
        for job in self._jobs:
            job.join(timeout=GRACE_S + 10)
        with self._lock:
            clusters, self._clusters = list(self._clusters.values()), {}
        for cluster in clusters:
            cluster.close()

    def _connect(self, lane: Lane) -> Cluster:
        scheduler, workers, memory_limit, threads = self._settings
        if scheduler is not None:
            lane = "steps"  # it has its own workers, and chooses among them
        with self._lock:
            if self._is_closed:
                raise StepCancelledError("The job runner was closed before the step began")
            if lane in self._clusters and not self._clusters[lane].is_running:
                self._clusters.pop(lane).close()
            if lane not in self._clusters:
                count = workers if lane == "steps" else 1
                self._clusters[lane] = Cluster(scheduler, count, memory_limit, threads)
            return self._clusters[lane]
