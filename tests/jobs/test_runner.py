"""Steps here are inner functions: they travel to the worker by value."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import dask
import psutil
import pytest
from dask.utils import parse_timedelta
from distributed import LocalCluster

from napari_synapse_debug.domain.errors import InputError, StepCancelledError, WorkerLostError
from napari_synapse_debug.domain.events import Event, StepContext
from napari_synapse_debug.jobs import Job, JobRunner, JobStatus

LONG = 120.0


def wait_for(condition: Any) -> None:
    end = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def pid_of(runner: JobRunner) -> int:
    def step(context: StepContext) -> int:
        import os

        return os.getpid()

    return int(runner.submit(step).result(LONG))


def test_a_step_runs_elsewhere_and_gives_its_result(runner: JobRunner) -> None:
    def step(first: int, second: str, context: StepContext) -> tuple[Any, ...]:
        import os

        return os.getpid(), first, second, os.environ["OMP_NUM_THREADS"]

    job = runner.submit(step, 4, "b")
    pid, first, second, threads = job.result(LONG)
    assert pid != os.getpid()
    assert (first, second) == (4, "b")
    assert int(threads) >= 1
    assert job.status is JobStatus.DONE
    assert job.error is None


def test_submitting_does_not_wait(runner: JobRunner) -> None:
    def step(context: StepContext) -> None:
        import time

        time.sleep(0.3)

    before = time.monotonic()
    job = runner.submit(step)
    assert time.monotonic() - before < 0.2
    assert job.status is JobStatus.PENDING
    with pytest.raises(TimeoutError, match="has not ended"):
        job.result(0.01)
    assert job.wait(LONG)


def test_all_events_come_in_order_before_the_end(runner: JobRunner) -> None:
    def step(count: int, context: StepContext) -> None:
        from napari_synapse_debug.domain.events import Event

        for i in range(count):
            context.report(Event("toy", f"block {i}", i, count, {"loss": i / 2}))

    events: list[Event] = []
    seen_at_end: list[int] = []
    ended = threading.Event()

    def on_done(job: Job) -> None:
        seen_at_end.append(len(events))
        ended.set()

    runner.submit(step, 700, on_event=events.append, on_done=on_done)
    assert ended.wait(LONG)
    assert seen_at_end == [700]
    assert events == [Event("toy", f"block {i}", i, 700, {"loss": i / 2}) for i in range(700)]


def test_numpy_figures_and_failing_listeners_do_no_harm(
    runner: JobRunner, caplog: pytest.LogCaptureFixture
) -> None:
    def step(context: StepContext) -> str:
        import numpy as np

        from napari_synapse_debug.domain.events import Event

        values = {"loss": np.float32(0.5)}
        context.report(Event("toy", done=np.int64(1), total=np.int64(2), values=values))
        return "done"

    events: list[Event] = []

    def listen(event: Event) -> None:
        events.append(event)
        raise ZeroDivisionError

    assert runner.submit(step, on_event=listen).result(LONG) == "done"
    assert events == [Event("toy", "", 1, 2, {"loss": 0.5})]
    assert "listener" in caplog.text


def test_warnings_of_a_step_are_logged_here(
    runner: JobRunner, caplog: pytest.LogCaptureFixture
) -> None:
    def step(context: StepContext) -> None:
        import logging

        logging.getLogger("napari_synapse_debug.io.toy").warning("voxel size %s", 4.6)
        logging.getLogger("napari_synapse_debug.io.toy").info("not told")

    with caplog.at_level(logging.INFO):
        runner.submit(step).result(LONG)
    told = [r for r in caplog.records if r.name == "napari_synapse_debug.io.toy"]
    assert [(r.levelname, r.getMessage()) for r in told] == [("WARNING", "voxel size 4.6")]


def test_errors_come_back_as_they_are_with_their_traceback(runner: JobRunner) -> None:
    def fail_in_the_depth(context: StepContext) -> None:
        from napari_synapse_debug.domain.errors import InputError

        raise InputError("The box is empty", found="0:0", expected="voxels", fix="widen it")

    job = runner.submit(fail_in_the_depth)
    with pytest.raises(InputError, match="widen it") as caught:
        job.result(LONG)
    assert caught.value.found == "0:0"
    assert job.status is JobStatus.FAILED
    assert "fail_in_the_depth" in str(caught.value.__cause__)


def test_errors_that_cannot_travel_come_as_text(runner: JobRunner) -> None:
    def unpicklable(context: StepContext) -> None:
        import threading

        raise ValueError(threading.Lock())

    def unloadable(context: StepContext) -> None:
        class PickyError(Exception):
            def __init__(self, one: int, two: int) -> None:
                super().__init__("picky")

        raise PickyError(1, 2)

    def leave(context: StepContext) -> None:
        raise SystemExit(3)

    for step, text in [
        (unpicklable, "ValueError: <unlocked"),
        (unloadable, "PickyError: picky"),
        (leave, "SystemExit: 3"),
    ]:
        with pytest.raises(RuntimeError, match=text):
            runner.submit(step).result(LONG)


def test_results_that_cannot_travel_fail_here_and_arguments_at_once(runner: JobRunner) -> None:
    def step(context: StepContext) -> Any:
        import threading

        return threading.Lock()

    with pytest.raises(TypeError, match="pickle"):
        runner.submit(step).result(LONG)
    with pytest.raises(TypeError, match="pickle"):
        runner.submit(step, threading.Lock())


def test_a_step_that_looks_stops_between_blocks(runner: JobRunner) -> None:
    def step(context: StepContext) -> None:
        import time

        from napari_synapse_debug.domain.events import Event

        for block, _ in context.map_blocks(lambda _: time.sleep(0.02), range(10_000)):
            context.report(Event("toy", done=block))

    before = pid_of(runner)
    events: list[Event] = []
    job = runner.submit(step, on_event=events.append)
    wait_for(lambda: events)
    assert job.status is JobStatus.RUNNING
    job.cancel()
    with pytest.raises(StepCancelledError):
        job.result(LONG)
    assert job.status is JobStatus.CANCELLED
    assert pid_of(runner) == before


@pytest.mark.skipif(sys.platform == "win32", reason="ctypes.PyDLL(None)")
@pytest.mark.parametrize("holds_interpreter", [False, True])
def test_a_step_that_never_looks_is_ended_after_two_seconds(
    runner: JobRunner, holds_interpreter: bool
) -> None:
    def step(holds: bool, context: StepContext) -> None:
        import ctypes
        import time

        from napari_synapse_debug.domain.events import Event

        context.report(Event("toy", "deaf"))
        time.sleep(0.1)
        sleep = ctypes.PyDLL(None).sleep if holds else time.sleep
        sleep(60)

    before = pid_of(runner)
    events: list[Event] = []
    job = runner.submit(step, holds_interpreter, on_event=events.append)
    wait_for(lambda: events)
    time.sleep(0.2)
    asked = time.monotonic()
    job.cancel()
    assert time.monotonic() - asked < 0.1
    with pytest.raises(StepCancelledError):
        job.result(LONG)
    assert time.monotonic() - asked >= 2
    assert pid_of(runner) != before


def test_a_waiting_job_is_cancelled_and_the_running_one_stays(runner: JobRunner) -> None:
    def step(context: StepContext) -> str:
        import time

        from napari_synapse_debug.domain.events import Event

        context.report(Event("toy", "begun"))
        time.sleep(1)
        return "stayed"

    events: list[Event] = []
    first = runner.submit(step, on_event=events.append)
    wait_for(lambda: events)
    second = runner.submit(step)
    time.sleep(0.1)
    assert second.status is JobStatus.PENDING
    second.cancel()
    with pytest.raises(StepCancelledError):
        second.result(LONG)
    assert first.status is JobStatus.RUNNING
    assert first.result(LONG) == "stayed"


@pytest.mark.skipif(sys.platform == "win32", reason="no signals")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_dead_worker_is_named_and_others_go_on(runner: JobRunner, number: int) -> None:
    def die(number: int, context: StepContext) -> None:
        import os

        os.kill(os.getpid(), number)

    pid_of(runner)
    job = runner.submit(die, number)
    waiting = runner.submit(lambda context: "went on")
    name = signal.Signals(number).name
    with pytest.raises(WorkerLostError, match=rf"died.*{name}.*finished blocks are kept"):
        job.result(LONG)
    assert job.status is JobStatus.LOST
    assert waiting.result(LONG) == "went on"


@pytest.mark.skipif(sys.platform == "win32", reason="no signals")
@pytest.mark.parametrize("deaths", [1, 4])
def test_a_job_whose_process_dies_goes_on_as_often_as_asked(
    runner: JobRunner, tmp_path: Path, deaths: int
) -> None:
    def step(folder: Path, deaths: int, context: StepContext) -> int:
        import os
        import signal

        from napari_synapse_debug.domain.events import Event

        begun = len(list(folder.iterdir()))
        (folder / str(begun)).touch()
        context.report(Event("predict", f"begun {begun}"))
        if begun < deaths:
            os.kill(os.getpid(), signal.SIGKILL)
        return begun

    events: list[Event] = []
    job = runner.submit(step, tmp_path, deaths, on_event=events.append, retries=2)
    if deaths > 2:
        with pytest.raises(WorkerLostError, match="SIGKILL"):
            job.result(LONG)
    else:
        assert job.result(LONG) == deaths
    told = [event for event in events if "died" in event.message]
    assert len(told) == min(deaths, 2)
    assert told[0].message.endswith("goes on, attempt 2 of 3")
    assert "SIGKILL" in told[0].message
    assert len(list(tmp_path.iterdir())) == min(deaths, 2) + 1


@pytest.mark.parametrize("keeps_blocks", [True, False])
def test_deaths_are_counted_anew_where_it_came_further(tmp_path: Path, keeps_blocks: bool) -> None:
    """Four blocks; the process dies after each but the last. Kept, three deaths do no harm."""

    def step(place: Path, keeps: bool, context: StepContext) -> int:
        import os
        import signal
        import time

        from napari_synapse_debug.domain.events import Event

        begun = len(list(place.iterdir()))
        (place / str(begun)).touch()
        left = 4 - begun if keeps else 4
        context.report(Event("predict", "block", 1, left))
        if left > 1:
            time.sleep(1.5)  # messages are sent, and the nanny hears of its worker, behind the step
            os.kill(os.getpid(), signal.SIGKILL)
        return begun

    with JobRunner() as runner:
        job = runner.submit(step, tmp_path, keeps_blocks, retries=1)
        if keeps_blocks:
            assert job.result(LONG) == 3
        else:
            with pytest.raises(WorkerLostError, match="SIGKILL"):
                job.result(LONG)
            assert len(list(tmp_path.iterdir())) == 2


def test_a_worker_that_is_long_in_coming_back_is_waited_for(runner: JobRunner) -> None:
    """By default dask gives it up when it is away 15 s after a death, be it a later one."""

    def seven(context: StepContext) -> int:
        return 7

    assert runner.submit(seven).result(LONG) == 7
    assert parse_timedelta(dask.config.get("distributed.deploy.lost-worker-timeout")) > 10**7


def test_an_interactive_job_does_not_wait_for_a_step(runner: JobRunner) -> None:
    def long(context: StepContext) -> str:
        import time

        from napari_synapse_debug.domain.events import Event

        context.report(Event("train", "begun"))
        while not context.should_stop():
            time.sleep(0.02)
        return "stopped"

    def quick(context: StepContext) -> int:
        import os

        return os.getpid()

    with JobRunner() as other:
        events: list[Event] = []
        training = other.submit(long, on_event=events.append)
        wait_for(lambda: events)
        queued = other.submit(quick)
        first, second = (other.submit(quick, lane="interactive") for _ in range(2))
        assert first.result(LONG) == second.result(LONG), "its worker stays"
        assert training.status is JobStatus.RUNNING
        assert queued.status is JobStatus.PENDING
        training.cancel()
        assert queued.result(LONG) != first.result()
    assert not psutil.pid_exists(first.result())


def test_a_step_may_start_processes_of_its_own(runner: JobRunner) -> None:
    def step(context: StepContext) -> int | None:
        import multiprocessing
        import time

        process = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(0,))
        process.start()
        process.join()
        return process.exitcode

    assert runner.submit(step).result(LONG) == 0


@pytest.mark.slow
def test_a_scheduler_elsewhere_runs_and_stops_steps() -> None:
    def deaf(context: StepContext) -> None:
        import time

        from napari_synapse_debug.domain.events import Event

        context.report(Event("toy", "deaf"))
        time.sleep(60)

    with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as elsewhere,
        JobRunner(scheduler=elsewhere.scheduler_address) as remote,
    ):
        before = pid_of(remote)
        events: list[Event] = []
        job = remote.submit(deaf, on_event=events.append)
        wait_for(lambda: events)
        job.cancel()
        with pytest.raises(StepCancelledError):
            job.result(LONG)
        assert pid_of(remote) != before


def test_want_of_memory_is_named(tmp_path: Path) -> None:
    def eat(context: StepContext) -> None:
        import time

        import numpy as np

        kept = []
        for _ in range(600):
            kept.append(np.ones(2**21))
            time.sleep(0.02)

    with (
        JobRunner(memory_limit="400MB") as small,
        pytest.raises(WorkerLostError, match="more memory than allowed"),
    ):
        small.submit(eat).result(LONG)


def test_a_scheduler_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_synapse_debug.jobs.cluster.CONNECT_S", 0.5)
    with JobRunner(scheduler="tcp://127.0.0.1:1") as remote:
        job = remote.submit(lambda context: 1)
        with pytest.raises(InputError, match=r"No scheduler answers at tcp://127\.0\.0\.1:1"):
            job.result(LONG)


def test_closing_ends_every_process_and_thread(runner: JobRunner) -> None:
    def step(context: StepContext) -> None:
        import subprocess
        import sys
        import time

        from napari_synapse_debug.domain.events import Event

        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        context.report(Event("toy", done=child.pid))
        time.sleep(60)

    pid_of(runner)
    processes = set(psutil.Process().children(recursive=True))
    threads = {t for t in threading.enumerate() if not t.name.startswith("Dask-Offload")}
    events: list[Event] = []
    other = JobRunner()
    job = other.submit(step, on_event=events.append)
    wait_for(lambda: events)
    worker_and_child = set(psutil.Process().children(recursive=True)) - processes
    assert psutil.Process(events[0].done) in worker_and_child
    other.close()
    other.close()
    assert job.status is JobStatus.CANCELLED
    assert not any(p.is_running() and p.status() != "zombie" for p in worker_and_child)
    left = {t for t in threading.enumerate() if not t.name.startswith("Dask-Offload")}
    assert left <= threads
    with pytest.raises(RuntimeError, match="closed"):
        other.submit(step)


def test_nothing_listens_beyond_this_machine(runner: JobRunner) -> None:
    worker = psutil.Process(pid_of(runner))
    listening = [
        connection.laddr
        for process in (psutil.Process(), worker)
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening
    assert {address.ip for address in listening} == {"127.0.0.1"}
    assert 8787 not in {address.port for address in listening}


SCRIPT = """
import sys, time
from napari_synapse_debug.domain.events import Event
from napari_synapse_debug.jobs import JobRunner

def step(context):
    context.report(Event("toy", "begun"))
    for block in context.map_blocks(lambda _: time.sleep(0.02), range(10_000)):
        pass

if __name__ == "__main__":
    try:
        with JobRunner() as runner:
            if sys.argv[1] == "early":
                job = runner.submit(step)
                print("ready", flush=True)
            else:
                job = runner.submit(step, on_event=lambda event: print("ready", flush=True))
            job.result()
    except KeyboardInterrupt:
        print("stopped", flush=True)
        sys.exit(130)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no signals to groups")
@pytest.mark.parametrize("moment", ["early", "running"])
def test_ctrl_c_in_a_terminal_ends_in_order_and_quietly(tmp_path: Path, moment: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    process = subprocess.Popen(
        [sys.executable, str(script), moment],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.4 if moment == "early" else 0)
    children = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=LONG)
    assert (out, err, process.returncode) == ("stopped\n", "", 130)
    _, alive = psutil.wait_procs(children, timeout=5)
    assert not [p for p in alive if p.status() != "zombie"]
