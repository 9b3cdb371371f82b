"""How much memory is free for a prediction, and how the want of it shows."""

from __future__ import annotations

from pathlib import Path

import psutil
import torch

_SHARE = 0.25
_MOST_BYTES = 2**31
_LEAST_BYTES = 2**26
_CGROUP = Path("/sys/fs/cgroup")

_SIGNS = (
    "not enough memory",
    "out of memory",
    "can't allocate memory",
    "cannot allocate memory",
    "could not create a memory",
    "bad_alloc",
    "bad allocation",
    "memoryerror",
    "cublas_status_alloc_failed",
    "cudnn_status_alloc_failed",
    "unable to find an engine to execute this computation",
)
"""What the messages of torch's CPU, CUDA and MPS allocators, of oneDNN, C++, cuBLAS and cuDNN have
in common; the last is cuDNN's where no algorithm has the room that it needs."""


def tile_bytes(free: int) -> int:
    """Bytes that the tensors of one tile may take where ``free`` bytes are free.

    A quarter, as libraries keep copies of their own; at most 2 GiB, beyond which tiles gain
    nothing on a CPU, and at least 64 MiB.
    """
    return int(min(_MOST_BYTES, max(_LEAST_BYTES, free * _SHARE)))


def free_bytes(device: torch.device) -> int:
    """Bytes that are free on ``device``; on a CPU within the limits of the control group."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    free = int(psutil.virtual_memory().available)
    limit, used = _number(_CGROUP / "memory.max"), _number(_CGROUP / "memory.current")
    if limit is None or used is None:
        return free
    return max(0, min(free, limit - used + _cached_bytes()))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether ``error`` says that memory did not suffice, on whatever device."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(sign in text for sign in _SIGNS)


def release(device: torch.device) -> None:
    """Give memory that torch keeps for later back to ``device``."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


def _cached_bytes() -> int:
    """Bytes of files that the control group keeps in memory, and gives up where it is needed."""
    try:
        lines = (_CGROUP / "memory.stat").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    counts = dict(line.split()[:2] for line in lines if len(line.split()) >= 2)
    return sum(int(counts.get(name, 0)) for name in ("active_file", "inactive_file"))


def _number(path: Path) -> int | None:
    """The number in a file of the system; None where there is none, or it says ``max``."""
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
