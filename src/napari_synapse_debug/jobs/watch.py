"""Follows a job on the cluster from its start to its end, and stops it when asked to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

from distributed import Future

from napari_synapse_debug.domain.errors import StepCancelledError, WorkerLostError
from napari_synapse_debug.jobs.cluster import Cluster, Place
from napari_synapse_debug.jobs.worker import Message, Outcome

GRACE_S = 2.0
"""How long a step may take to notice that it is to stop, before its process is ended."""

_POLL_S = 0.05
_PENDING_S = 0.3
_LAST_MESSAGES_S = 2.0


class Watch:
    """Follows the future of one job: hands its messages on, and stops it when asked to.

    Parameters
    ----------
    cluster : Cluster
        Where the job runs.
    job_id : str
        Its id, and the topic of its messages.
    receive : callable
        Given each message in order.
    stop : threading.Event
        Set by whoever wants the step to stop.
    """

    def __init__(
        self,
        cluster: Cluster,
        job_id: str,
        receive: Callable[[Message], None],
        stop: threading.Event,
    ) -> None:
        self._cluster = cluster
        self._job_id = job_id
        self._receive = receive
        self._stop = stop
        self._inbox: SimpleQueue[Message] = SimpleQueue()
        self._place: Place | None = None
        self._exits_before = 0
        self._received = 0
        self._asked_at: float | None = None

    def run(self, content: bytes) -> Outcome:
        """The outcome of the step that is pickled in ``content``, once it has ended.

        Raises
        ------
        StepCancelledError
            It was stopped before it had an outcome.
        WorkerLostError
            Its process died.
        """
        with (
            self._cluster.slot(self._stop) as has_slot,
            self._cluster.listening(self._job_id, self._inbox.put),
        ):
            if not has_slot:
                raise cancelled()
            self._exits_before = self._cluster.exits
            future = self._cluster.submit(self._job_id, content)
            try:
                return self._until_ended(future)
            finally:
                future.release()

    def _until_ended(self, future: Future) -> Outcome:
        while not future.done():
            self._take(_POLL_S)
            if self._stop.is_set():
                self._press(future)
        if future.status != "finished":
            raise self._without_outcome(future)
        outcome: Outcome = future.result()
        end = time.monotonic() + _LAST_MESSAGES_S
        while self._received < outcome.messages and time.monotonic() < end:
            self._take(_POLL_S)
        return outcome

    def _take(self, timeout: float) -> None:
        try:
            message = self._inbox.get(timeout=timeout)
        except Empty:
            return
        self._received += 1
        if message["kind"] == "started":
            self._place = Place(message["worker"], message["pid"], message["born"])
        self._receive(message)

    def _press(self, future: Future) -> None:
        """Stop the step, by more force the longer it was asked: flag, then end of its process."""
        now = time.monotonic()
        if self._asked_at is None:
            self._asked_at = now
            self._cluster.flag(self._job_id)
        elif self._place is None and now - self._asked_at > _PENDING_S:
            future.cancel()
        elif self._place is not None and now - self._asked_at > GRACE_S:
            self._cluster.kill(self._place, future)
            self._asked_at = now

    def _without_outcome(self, future: Future) -> Exception:
        if self._stop.is_set():
            return cancelled()
        reason = "the connection to the scheduler was lost"
        if future.status == "error":
            reason = self._cluster.death_of(future, self._exits_before)
        return WorkerLostError(
            "The process that ran the step died",
            found=reason,
            fix="run the step again: finished blocks are kept; if it was for want of memory, "
            "choose smaller blocks or patches, or close other programs",
        )


def cancelled() -> StepCancelledError:
    """The error of a step that was stopped."""
    return StepCancelledError(
        "The step was stopped", fix="run it again to go on where it was; finished blocks are kept"
    )
