"""Ids of any width as the numbers 1 … n of the ids that occur, in the same order, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.domain.compiled import compiled


def compress(ids: NDArray[Any]) -> tuple[NDArray[np.uint32], NDArray[np.uint64]]:
    """Codes of the ids, (z, y, x) uint32, 0 for 0, and the ids of the codes 1 … n, sorted.

    Parameters
    ----------
    ids : (z, y, x) unsigned integers
        C-contiguous, fewer than 2**32 voxels; 0 is background.
    """
    flat = ids.reshape(-1)
    codes, found = _number(flat)
    order = np.argsort(found)
    rank = np.zeros(len(found) + 1, dtype=np.uint32)
    rank[order + 1] = np.arange(1, len(found) + 1)
    _rename(codes, rank)
    return codes.reshape(ids.shape), found[order]


def expand(codes: NDArray[np.uint32], table: NDArray[Any]) -> NDArray[Any]:
    """The ids of ``codes`` (z, y, x); ``table`` (n,) are the ids of 1 … n."""
    names = np.concatenate([np.zeros(1, table.dtype), table])
    return _named(codes.reshape(-1), names).reshape(codes.shape)


@compiled
def _number(ids: NDArray[Any]) -> tuple[NDArray[np.uint32], NDArray[np.uint64]]:
    """Ids numbered from 1 as they first occur (open addressing, linear probing)."""
    codes = np.empty(len(ids), np.uint32)
    slots = np.zeros(1024, np.uint32)
    found = np.empty(512, np.uint64)
    count = 0
    last, code = np.uint64(0), np.uint32(0)
    for k in range(len(ids)):
        value = np.uint64(ids[k])
        if value != last:
            last = value
            if value == 0:
                code = np.uint32(0)
            else:
                slot = _slot(slots, found, value)
                if slots[slot] == 0:
                    if count == len(found):
                        found = np.append(found, found)
                        slots = _slots_of(found[:count], 4 * count)
                        slot = _slot(slots, found, value)
                    found[count] = value
                    count += 1
                    slots[slot] = count
                code = slots[slot]
        codes[k] = code
    return codes, found[:count].copy()


@compiled
def _slots_of(found: NDArray[Any], size: int) -> NDArray[np.uint32]:
    slots = np.zeros(size, np.uint32)
    for k in range(len(found)):
        slots[_slot(slots, found, found[k])] = k + 1
    return slots


@compiled
def _slot(slots: NDArray[Any], found: NDArray[Any], value: Any) -> Any:
    """Where the number of ``value`` is, or would be; the size of ``slots`` is a power of two."""
    mixed = value * np.uint64(0x9E3779B97F4A7C15)
    slot = np.int64((mixed >> np.uint64(32)) & np.uint64(len(slots) - 1))
    while slots[slot] != 0 and found[slots[slot] - 1] != value:
        slot = (slot + 1) & (len(slots) - 1)
    return slot


@compiled
def _rename(codes: NDArray[Any], names: NDArray[Any]) -> None:
    for k in range(len(codes)):
        codes[k] = names[codes[k]]


@compiled
def _named(codes: NDArray[Any], names: NDArray[Any]) -> NDArray[Any]:
    out = np.empty(len(codes), names.dtype)
    for k in range(len(codes)):
        out[k] = names[codes[k]]
    return out
