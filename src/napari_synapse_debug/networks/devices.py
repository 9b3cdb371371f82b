"""The device that computes, and the number format and memory layout that are fast on it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, Literal

import torch

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.params import Device

NumberFormat = Literal["float32", "bfloat16"]
"""The number formats in which networks predict, as they are written down."""


def choose_device(name: Device = "auto") -> torch.device:
    """The torch device called ``name``; ``auto`` takes CUDA, then MPS, then the CPU.

    Raises
    ------
    InputError
        The device was asked for by name and is not there.
    """
    is_there: dict[str, Callable[[], bool]] = {
        "cuda": torch.cuda.is_available,
        "mps": lambda: torch.backends.mps.is_available() and computes_volumes("mps"),
        "cpu": lambda: True,
    }
    if name == "auto":
        return torch.device(next(kind for kind, check in is_there.items() if check()))
    if not is_there[name]():
        raise InputError(
            f"The device {name!r} cannot be used",
            found="one of " + ", ".join(kind for kind, check in is_there.items() if check()),
            expected=name,
            fix="choose the device auto, or install a torch build and driver for it"
            + (" (on a Mac torch 2.8 or newer)" if name == "mps" else ""),
        )
    return torch.device(name)


@cache
def computes_volumes(name: str) -> bool:
    """Whether a device has what networks of volumes need; MPS has it from torch 2.8 on."""
    try:
        small = torch.zeros((1, 1, 2, 2, 2), device=name)
        torch.nn.functional.conv_transpose3d(small, small, stride=2)
        torch.nn.functional.interpolate(small, scale_factor=2, mode="trilinear")
    except (RuntimeError, NotImplementedError):
        return False
    return True


def choose_dtype(device: torch.device) -> torch.dtype:
    """The fastest number format of ``device`` in which networks predict as well.

    bfloat16 where the device computes it natively, else float32: emulated bfloat16 is slower
    than float32, and float16 would need its gradients scaled. Processors with instructions for
    bfloat16 are asked to multiply, as some of them are slower with these than in float32.
    """
    is_faster = computes_in(device, "bfloat16")
    if is_faster and device.type == "cpu":
        is_faster = _is_bfloat16_faster()
    return torch.bfloat16 if is_faster else torch.float32


def computes_in(device: torch.device, name: NumberFormat) -> bool:
    """Whether ``device`` computes in the number format natively; any does in float32."""
    if name == "float32":
        return True
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return device.type == "cpu" and has_bfloat16(_cpu_capabilities())


def name_format(dtype: torch.dtype) -> NumberFormat:
    """What ``dtype``, one of ``choose_dtype``, is called where it is written down."""
    return "bfloat16" if dtype == torch.bfloat16 else "float32"


def format_named(name: NumberFormat | None) -> torch.dtype | None:
    """The number format that was written down as ``name``; None: to be chosen."""
    known: dict[NumberFormat | None, torch.dtype] = {
        "float32": torch.float32,
        "bfloat16": torch.bfloat16,
    }
    return known.get(name)


def has_bfloat16(capabilities: Mapping[str, Any]) -> bool:
    """Whether a processor with these ``capabilities`` multiplies bfloat16 in hardware.

    Parameters
    ----------
    capabilities : mapping
        As torch reports them: a name and whether the processor has it.
    """
    return any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def has_tiles(capabilities: Mapping[str, Any] | None = None) -> bool:
    """Whether a processor multiplies bfloat16 in tiles (Intel's AMX).

    Parameters
    ----------
    capabilities : mapping, optional
        As torch reports them; those of this processor if not given.
    """
    known = _cpu_capabilities() if capabilities is None else capabilities
    return bool(known.get("amx_bf16"))


def is_faster(
    first: Callable[[], object],
    second: Callable[[], object],
    least: float,
    clock: Callable[[], float] = time.perf_counter,
) -> bool:
    """Whether ``second`` takes at least ``least`` times as long as ``first``.

    Both are called in turns, once for nothing, and the shortest times count, so that other work
    on the machine does not decide.
    """
    shortest = [float("inf"), float("inf")]
    for number in range(_ROUNDS + 1):
        for which, function in enumerate((first, second)):
            started = clock()
            function()
            if number:
                shortest[which] = min(shortest[which], clock() - started)
    return shortest[0] * least <= shortest[1]


def choose_memory_format(device: torch.device) -> torch.memory_format:
    """The layout of 5-D tensors that is faster on ``device``: channels last, but not on MPS."""
    return torch.contiguous_format if device.type == "mps" else torch.channels_last_3d


def use_all_cores() -> int:
    """Let torch use every core that this process may run on, and say how many these are.

    Workers are started with ``OMP_NUM_THREADS=1``, which torch would obey.
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    torch.set_num_threads(cores)
    return cores


def _cpu_capabilities() -> Mapping[str, Any]:
    if hasattr(torch.cpu, "get_capabilities"):
        return dict(torch.cpu.get_capabilities())
    probe = getattr(torch.cpu, "_is_avx512_bf16_supported", None)  # torch before 2.10
    return {"avx512_bf16": probe is not None and bool(probe())}


_ROUNDS = 5

_LEAST_GAIN = 1.1
"""So much faster bfloat16 must be: what rounds less is worth a little time."""


@cache
def _is_bfloat16_faster() -> bool:
    """Whether this processor convolves faster in bfloat16: measured once a process, in 0.1 s.

    A batch of two, as torch takes slower code for small batches of one.
    """
    functions = []
    for dtype in (torch.bfloat16, torch.float32):
        with torch.random.fork_rng(devices=[]):
            layer = torch.nn.Conv3d(32, 32, 3, padding=1).to(dtype)
        layer = layer.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        batch = torch.zeros(2, 32, 8, 32, 32, dtype=dtype)
        batch = batch.contiguous(memory_format=torch.channels_last_3d)
        functions.append(partial(layer, batch))
    bfloat16, float32 = functions
    with torch.inference_mode():
        return is_faster(bfloat16, float32, _LEAST_GAIN)
