"""Several processes that train one network: who they are, and how they agree."""

from __future__ import annotations

import logging
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn

from napari_synapse_debug.domain.errors import InputError, WorkerLostError
from napari_synapse_debug.domain.params import TrainParams
from napari_synapse_debug.networks import choose_device, use_all_cores

_log = logging.getLogger(__name__)

_PATIENCE = timedelta(hours=6)
"""How long a process waits for the others, which may be validating a large volume."""

_LOST = 70
"""Exit code of a process whose team broke up."""

_FAREWELL_S = 20.0
"""How long to wait for the end of processes that are done, or that failed."""


@dataclass(frozen=True)
class Team:
    """One of ``size`` processes that train together; alone with size 1, where nothing is sent.

    Parameters
    ----------
    rank : int
        Number of this process; 0 leads: it keeps the clock, reports, validates and saves.
    size : int
        Number of processes.
    """

    rank: int = 0
    size: int = 1

    def choose_device(self, params: TrainParams) -> torch.device:
        """The device of this process; each has a GPU of its own, or its share of the cores."""
        device = choose_device(params.device)
        cores = use_all_cores()
        if self.size == 1:
            return device
        if device.type == "cuda":
            return torch.device("cuda", self.rank)
        torch.set_num_threads(max(1, cores // self.size))
        return device

    def share(self, network: nn.Module, device: torch.device) -> nn.Module:
        """``network`` so wrapped that every process gets the mean of all gradients."""
        if self.size == 1:
            return network
        ids = [self.rank] if device.type == "cuda" else None
        return nn.parallel.DistributedDataParallel(network, device_ids=ids)

    def mean(self, value: float, device: torch.device) -> float:
        """The mean of the ``value`` of all processes."""
        if self.size == 1:
            return value
        total = torch.tensor(value, dtype=torch.float64, device=device)
        dist.all_reduce(total)
        return float(total) / self.size

    def agree(self, value: float, device: torch.device) -> float:
        """The ``value`` of the leader."""
        if self.size == 1:
            return value
        told = torch.tensor(value, dtype=torch.float64, device=device)
        dist.broadcast(told, 0)
        return float(told)


ALONE = Team()


def count_processes(params: TrainParams) -> int:
    """How many processes train: those asked for, else one for each GPU, or one.

    Raises
    ------
    InputError
        More processes than GPUs, or a device that is not there.
    """
    device = choose_device(params.device)
    gpus = torch.cuda.device_count() if device.type == "cuda" else 0
    wanted = params.processes or max(1, gpus)
    if device.type == "mps" and wanted > 1:
        raise InputError(
            "Several processes cannot train on the GPU of a Mac",
            found=f"train.processes {wanted}",
            expected="1, as there is one GPU",
            fix="set train.processes to 0, or train.device to cpu",
        )
    if gpus and wanted > gpus:
        raise InputError(
            "There are fewer GPUs than processes",
            found=f"{gpus} GPUs",
            expected=f"one for each of {wanted} processes",
            fix=f"set train.processes to {gpus} or less, or to 0",
        )
    return wanted


@contextmanager
def gather_team(
    size: int, follow: Callable[..., Any], *arguments: Any, backend: str = "gloo"
) -> Iterator[Team]:
    """The team that this process leads; the others run ``follow(team, *arguments)``.

    Parameters
    ----------
    size : int
        Number of processes; with 1 none is started.
    follow : callable
        At the top of a module, so that a new process finds it; it returns when all is done.
    *arguments
        What ``follow`` needs; pickled.
    backend : str
        ``choose_backend``.

    Raises
    ------
    WorkerLostError
        Another process ended before its time.
    """
    if size == 1:
        yield ALONE
        return
    with tempfile.TemporaryDirectory(prefix="synapse-debug-team-") as folder:
        meeting = Path(folder) / "meeting"
        context = mp.get_context("spawn")
        others = [
            context.Process(target=_join, args=(rank, size, meeting, backend, follow, arguments))
            for rank in range(1, size)
        ]
        for process in others:
            process.start()
        is_over = threading.Event()
        if backend == "nccl":  # gloo tells of a lost process by itself
            lost = [partial(_ended_badly, process) for process in others]
            end_where_lost([p.sentinel for p in others], is_over, partial(os._exit, _LOST), lost)
        try:
            with _meet(0, size, meeting, backend) as team:
                yield team
                is_over.set()
                for process in others:
                    process.join(_FAREWELL_S)
        except RuntimeError as error:
            for process in others:
                process.join(_FAREWELL_S)
            _explain(error, [process.exitcode for process in others])
            raise
        finally:
            is_over.set()
            for process in others:
                process.terminate()
                process.join()


def choose_backend(device: torch.device) -> str:
    """How processes on such devices talk: NCCL between GPUs, where torch has it, else gloo."""
    return "nccl" if device.type == "cuda" and dist.is_nccl_available() else "gloo"


def end_where_lost(
    sentinels: Sequence[int],
    is_over: threading.Event,
    end: Callable[[], Any],
    is_lost: Sequence[Callable[[], bool]] = (),
    grace_s: float = _FAREWELL_S,
) -> threading.Thread:
    """Call ``end`` once another process is gone before its time and this one still waits for it.

    With NCCL it would wait for hours in a call that nothing interrupts. Who runs the training
    in a worker starts it again, from the last checkpoint.

    Parameters
    ----------
    sentinels : sequence of int
        Of the other processes.
    is_over : Event
        Set when the work is done, or has failed.
    end : callable
        Ends this process.
    is_lost : sequence of callable, optional
        For each of the others, once it is gone, whether that was before its time: those that have
        done their part leave while the leader still validates. By default it was.
    grace_s : float
        So long this one may take to fail by itself.
    """

    def watch() -> None:
        left = dict(zip(sentinels, is_lost or [lambda: True] * len(sentinels), strict=True))
        while left:
            gone = wait(list(left))
            checks = [left.pop(sentinel) for sentinel in tuple(left) if sentinel in gone]
            if any(check() for check in checks):
                break
        else:
            return
        if not is_over.wait(grace_s):
            _log.critical("A process of the training ended before its time; this one ends, too")
            end()

    thread = threading.Thread(target=watch, name="training team", daemon=True)
    thread.start()
    return thread


def _ended_badly(process: Any) -> bool:
    process.join(_FAREWELL_S)  # until its exit code is known
    return process.exitcode != 0


def _join(
    rank: int,
    size: int,
    meeting: Path,
    backend: str,
    follow: Callable[..., Any],
    arguments: tuple[Any, ...],
) -> None:
    """What the other processes do: follow, and end where the leader is gone.

    Its own library tells a process of that with gloo only; with NCCL it would keep its GPU.
    """
    is_over = threading.Event()
    leader = mp.parent_process()
    if leader is not None:
        end_where_lost([leader.sentinel], is_over, partial(os._exit, _LOST), grace_s=_FAREWELL_S)
    with _meet(rank, size, meeting, backend) as team:
        follow(team, *arguments)
        is_over.set()


@contextmanager
def _meet(rank: int, size: int, meeting: Path, backend: str) -> Iterator[Team]:
    """The process group, met through a file."""
    dist.init_process_group(
        backend,
        init_method=f"file://{meeting}",
        rank=rank,
        world_size=size,
        timeout=_PATIENCE,
    )
    try:
        yield Team(rank, size)
    finally:
        dist.destroy_process_group()


def _explain(error: RuntimeError, exit_codes: list[int | None]) -> None:
    """Say so where a process was lost; other errors are none of this module's."""
    lost = [code for code in exit_codes if code]
    if lost:
        raise WorkerLostError(
            "A process of the training ended before its time",
            found=f"exit code {lost[0]}",
            expected=f"{len(exit_codes) + 1} processes that train to the end",
            fix="run train again to go on from the last checkpoint; with less memory a process "
            "lower train.batch_size or train.processes",
        ) from error
