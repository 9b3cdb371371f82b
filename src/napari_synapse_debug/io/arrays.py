"""Arrays that stay on disk: read by slicing, sent to other processes by their address."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from operator import index as as_int
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import DataError, InputError
from napari_synapse_debug.domain.grid import TripleNm
from napari_synapse_debug.io.atomic import guard_storage

Opener = Callable[[Path, str | None, bool], Any]
"""Opens the array at (path, data set, for writing) as something that numpy slices read."""

_BACKGROUND = np.uint64(2**64 - 3)
"""From here on uint64 ids mean background, transparent or masked in CREMI's layout
(cremi/io, https://github.com/cremi/cremi_python); they read as 0."""

_READ_ERRORS = (OSError, RuntimeError, ValueError, EOFError, KeyError, zlib.error, struct.error)


class LazyArray(Protocol):
    """What rooms may ask of a volume's array; a numpy array is one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""

    @property
    def ndim(self) -> int:
        """Number of axes."""

    def __getitem__(self, index: Any, /) -> Any:
        """The values at integers and slices, as a numpy array in memory."""


@dataclass(frozen=True)
class Layout:
    """What a file says about one of its arrays.

    Parameters
    ----------
    path, dataset, opener
        How to open it again.
    shape, dtype, chunks
        As on disk; ``chunks`` None where the file has none.
    fixed : tuple
        For each axis on disk the index at which it is held, or None for an axis that is kept.
    voxel_size_nm, offset_nm : tuple of float, optional
        z, y, x; None where the file does not say.
    channels : tuple of str, optional
        Names along the first kept axis; None where there is no such axis.
    note : str
        Why the voxel size is not known, if the file has half of it.
    """

    path: Path
    dataset: str | None
    opener: Opener
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    chunks: tuple[int, ...] | None = None
    fixed: tuple[int | None, ...] = ()
    voxel_size_nm: TripleNm | None = None
    offset_nm: TripleNm | None = None
    channels: tuple[str, ...] | None = None
    note: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not self.fixed:
            object.__setattr__(self, "fixed", (None,) * len(self.shape))


class StoredArray:
    """An array on disk: shape, dtype and numpy slicing; a pickle holds its address only.

    The file is opened at the first read, and again in every process that gets the array.
    Slices give numpy arrays of native byte order that the caller may change.
    """

    def __init__(self, layout: Layout, is_writable: bool = False) -> None:
        self.layout = layout
        self.is_writable = is_writable
        self._handle: tuple[int, Any] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_handle": None}

    def __repr__(self) -> str:
        return f"StoredArray({self.name}, shape={self.shape}, dtype={self.dtype})"

    @property
    def name(self) -> str:
        """``FILE[:DATASET]``."""
        path, dataset = self.layout.path, self.layout.dataset
        return str(path) if dataset is None else f"{path}:{dataset}"

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each kept axis."""
        return self._kept(self.layout.shape)

    @property
    def chunks(self) -> tuple[int, ...] | None:
        """Length of a chunk along each kept axis; None where the file has no chunks."""
        return None if self.layout.chunks is None else self._kept(self.layout.chunks)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values, in native byte order."""
        return self.layout.dtype.newbyteorder("=")

    @property
    def ndim(self) -> int:
        """Number of kept axes."""
        return self.layout.fixed.count(None)

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("An array on disk cannot be given without a copy")
        return np.asarray(self[...], dtype=dtype)

    def __getitem__(self, index: Any, /) -> Any:
        """The values at ``index`` (integers, slices of positive step, Ellipsis).

        Raises
        ------
        DataError
            The file is damaged there.
        IndexError
            The index is of another kind, or outside the array.
        """
        wanted, shape = self._expand(index)
        if 0 in shape:
            return np.empty(shape, self.dtype)
        try:
            values = np.array(self._open()[wanted], dtype=self.dtype)
        except _READ_ERRORS as error:
            raise DataError(
                f"{self.name} cannot be read at {_as_text(wanted)}",
                found=f"{type(error).__name__}: {error}",
                fix="copy or write the file again from its source; it is damaged or incomplete",
            ) from error
        if values.dtype == np.uint64:
            values[values >= _BACKGROUND] = 0
        return values if values.ndim else values[()]

    def __setitem__(self, index: Any, values: Any, /) -> None:
        """Write ``values`` at ``index``.

        Raises
        ------
        InputError
            The array was opened for reading only.
        StorageError
            The disk is full or the folder may not be written.
        """
        if not self.is_writable:
            raise InputError(
                f"{self.name} was opened for reading only", fix="open it with is_writable=True"
            )
        wanted, _ = self._expand(index)
        with guard_storage(self.layout.path):
            self._open()[wanted] = values

    def at(self, position: int) -> StoredArray:
        """The array with its first axis held at ``position``."""
        axis = self.layout.fixed.index(None)
        fixed = (*self.layout.fixed[:axis], position, *self.layout.fixed[axis + 1 :])
        layout = replace(self.layout, fixed=fixed, channels=None)
        return StoredArray(layout, self.is_writable)

    def _kept(self, lengths: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(n for n, at in zip(lengths, self.layout.fixed, strict=True) if at is None)

    def _open(self) -> Any:
        if self._handle is None or self._handle[0] != os.getpid():
            layout = self.layout
            opened = layout.opener(layout.path, layout.dataset, self.is_writable)
            self._handle = (os.getpid(), opened)
        return self._handle[1]

    def _expand(self, index: Any) -> tuple[tuple[int | slice, ...], tuple[int, ...]]:
        """The index on all axes of the disk, and the shape of what it gives."""
        kept = iter(expand_index(index, self.shape))
        full = tuple(next(kept) if at is None else at for at in self.layout.fixed)
        shape = tuple(
            len(range(part.start, part.stop, part.step)) for part in full if isinstance(part, slice)
        )
        return full, shape


def expand_index(index: Any, shape: tuple[int, ...]) -> tuple[int | slice, ...]:
    """One non-negative integer or whole slice for each axis of ``shape``, as numpy reads it.

    Raises
    ------
    IndexError
        Too many indices, one outside the array, or one of another kind.
    """
    parts = list(index) if isinstance(index, tuple) else [index]
    if not any(part is Ellipsis for part in parts):
        parts.append(Ellipsis)
    at = next(i for i, part in enumerate(parts) if part is Ellipsis)
    gap = len(shape) - (len(parts) - 1)
    if gap < 0:
        raise IndexError(f"too many indices for an array of {len(shape)} axes: {index}")
    parts[at : at + 1] = [slice(None)] * gap
    return tuple(_expand_part(part, n) for part, n in zip(parts, shape, strict=True))


def _expand_part(part: Any, length: int) -> int | slice:
    if isinstance(part, slice):
        start, stop, step = part.indices(length)
        if step < 0:
            raise IndexError("arrays on disk are not read backwards; flip the result")
        return slice(start, max(start, stop), step)
    try:
        position = as_int(part)
    except TypeError:
        raise IndexError(f"integers, slices and ... can be used, not {part!r}") from None
    if not -length <= position < length:
        raise IndexError(f"index {position} is outside an axis of {length}")
    return position % length


def _as_text(index: tuple[int | slice, ...]) -> str:
    return ",".join(
        f"{part.start}:{part.stop}" if isinstance(part, slice) else str(part) for part in index
    )
