"""A trained network made ready to predict: fast, and the same whatever the tiles."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_synapse_debug.domain.errors import StepCancelledError
from napari_synapse_debug.domain.grid import Box, Triple
from napari_synapse_debug.domain.params import Device, Views
from napari_synapse_debug.networks import (
    TrainedNetwork,
    check_finite,
    choose_device,
    choose_dtype,
    choose_memory_format,
    fold_batch_norms,
    fuse_blocks,
    load_weights,
    memory_kept,
    mirror_to_multiple,
    prepare_raw,
    use_all_cores,
)
from napari_synapse_debug.predict.memory import free_bytes, tile_bytes
from napari_synapse_debug.predict.tiling import fit_block, smaller_block
from napari_synapse_debug.predict.upsample import upsample
from napari_synapse_debug.predict.views import choose_views

_TENSORS = 7
"""Finest tensors that are held at once: skip, upsampled, both joined (two) and result, and about
two that were freed, and which are kept where the next does not fit (``memory_kept``)."""

_GROWTH = 1.5
"""So many times what a tile should take may be held before what was freed is given back."""


class ArrayLike(Protocol):
    """A volume that is read by slices: NumPy, Zarr, HDF5."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along each axis."""

    def __getitem__(self, key: Any, /) -> Any:
        """The voxels in three slices, as an array."""


@dataclass(frozen=True, eq=False)
class Tile:
    """What was read for a box: the network's input, and where the box lies in it.

    Parameters
    ----------
    values : Tensor
        (z, y, x) float32, binned and normalised, on the CPU.
    inner : Box
        The raw voxels of the box, counted from the tile's corner.
    """

    values: Tensor
    inner: Box


class Predictor:
    """A trained network that predicts boxes of a volume.

    Every box is read with real context around it and from a corner at which bins and strides
    begin, so that the result is the same for any tiling. At the far faces of the volume the
    data are mirrored up to a full stride.

    Parameters
    ----------
    trained : TrainedNetwork
        Weights and plan.
    device : {"auto", "cpu", "cuda", "mps"}
        Where to compute.
    views : {"one", "mirrored", "turned", "all"}
        Which views of the data are averaged: 1, 4, 8 or 16 of them.
    dtype : torch.dtype, optional
        Number format; None takes the fastest of the device. Tiles agree within rounding of
        the uint8 probabilities in float32, and within two of 255 in bfloat16.

    Raises
    ------
    InputError
        The device is not there, or pixels that are not square are to be turned.
    DataError
        The weights do not fit the plan.
    """

    def __init__(
        self,
        trained: TrainedNetwork,
        device: Device = "auto",
        *,
        views: Views = "one",
        dtype: torch.dtype | None = None,
    ) -> None:
        use_all_cores()
        self.plan = trained.plan
        self.device = choose_device(device)
        self._views = choose_views(views, trained.plan)
        self._dtype = dtype or choose_dtype(self.device)
        self._layout = choose_memory_format(self.device)
        self._folded = load_weights(trained)
        fold_batch_norms(self._folded)
        self._networks: dict[torch.dtype, nn.Module] = {}
        self._should_stop: Callable[[], bool] | None = None

    @property
    def halo_vx(self) -> Triple:
        """Raw voxels zyx of context that are read around a box."""
        return self.plan.halo_vx

    def choose_block(self, shape: Triple, chunk_vx: Triple = (1, 1, 1)) -> Triple:
        """The block zyx, in raw voxels, in which to predict a volume of ``shape``.

        Blocks are as large as the free memory allows (``tile_bytes``), and multiples of
        ``chunk_vx``, so that no two of them write to one chunk; where these need more, smaller.
        """
        aligned = self.halo_vx, self.plan.align_vx
        return fit_block(shape, *aligned, chunk_vx, self.most_voxels())

    def smaller_block(
        self, block_vx: Triple, chunk_vx: Triple, *, below_halo: bool = False
    ) -> Triple | None:
        """About half of ``block_vx``, for where memory did not suffice; None if it is least.

        With ``below_halo`` edges go down to a quarter of the halo, which takes many times longer.
        """
        aligned = self.halo_vx, self.plan.align_vx
        return smaller_block(block_vx, *aligned, chunk_vx, below_halo=below_halo)

    def network_voxels(self, block_vx: Triple) -> int:
        """Voxels that the network sees for a block of ``block_vx`` raw voxels, halo counted."""
        axes = zip(block_vx, self.halo_vx, self.plan.binning, strict=True)
        return prod(-(-(edge + 2 * halo) // binned) for edge, halo, binned in axes)

    def most_voxels(self) -> int:
        """Raw voxels of the largest tile that the memory which is free now should bear."""
        most = tile_bytes(free_bytes(self.device)) // self._bytes_each
        return most * prod(self.plan.binning)

    def predict(self, raw: NDArray[Any]) -> NDArray[np.uint8]:
        """Probabilities of a whole array: (class, z, y, x) uint8, 255 for 1.

        Parameters
        ----------
        raw : array
            (z, y, x), any real dtype, in raw voxels. Empty gives empty.
        """
        return self.predict_box(raw, Box.of_shape(raw.shape))

    def predict_box(self, raw: ArrayLike, box: Box) -> NDArray[np.uint8]:
        """Probabilities of the voxels in ``box``: (class, z, y, x) uint8, 255 for 1.

        Parameters
        ----------
        raw : array-like
            The whole volume (z, y, x); only ``box`` and its halo are read.
        box : Box
            Raw voxels, inside the volume. An empty one gives an empty array.

        Raises
        ------
        InputError
            A voxel that is read is NaN or infinite.
        """
        if box.is_empty:
            return np.zeros((len(self.plan.classes), *box.shape), np.uint8)
        return self.compute(self.read(raw, box))

    def read(self, raw: ArrayLike, box: Box) -> Tile:
        """The input for ``box``, which is not empty; may run in another thread than ``compute``.

        Raises
        ------
        InputError
            A voxel that is read is NaN or infinite.
        """
        place = self._tile_of(box, Box.of_shape(raw.shape))
        values = np.asarray(raw[place.slices])
        check_finite(values, f"box {place}")
        padded = mirror_to_multiple(values, self.plan.align_vx)
        prepared = torch.from_numpy(prepare_raw(padded, self.plan))
        if self.device.type == "cuda":
            prepared = prepared.pin_memory()
        return Tile(prepared, box.relative_to(place))

    def compute(self, tile: Tile) -> NDArray[np.uint8]:
        """Probabilities of the box that ``tile`` was read for: (class, z, y, x) uint8."""
        found = self._crop(self._run(tile.values), tile.inner)
        memory_kept.trim(int(_GROWTH * self._bytes_each * tile.values.numel()))
        return found

    @contextmanager
    def stopping(self, should_stop: Callable[[], bool]) -> Iterator[None]:
        """While it lasts ``compute`` stops between two layers, as a tile may take seconds.

        Parameters
        ----------
        should_stop : callable
            Whether a stop was asked for; ``compute`` raises StepCancelledError then.
        """
        self._should_stop = should_stop
        try:
            yield
        finally:
            self._should_stop = None

    def _heed_stop(self, *_: object) -> None:
        if self._should_stop is not None and self._should_stop():
            raise StepCancelledError("The step was stopped", fix="run it again")

    @property
    def _bytes_each(self) -> int:
        """Bytes that are held for each voxel of the network's input."""
        return _TENSORS * self.plan.filters[0] * self._dtype.itemsize

    def _tile_of(self, box: Box, volume: Box) -> Box:
        """``box`` with its halo, grown to multiples of the alignment, cut to ``volume``."""
        halo, align = self.halo_vx, self.plan.align_vx
        z0, y0, x0 = ((a - h) // k * k for a, h, k in zip(box.start, halo, align, strict=True))
        z1, y1, x1 = (-(-(b + h) // k) * k for b, h, k in zip(box.stop, halo, align, strict=True))
        return Box((z0, y0, x0), (z1, y1, x1)).intersect(volume)

    def _run(self, raw: Tensor) -> Tensor:
        """Probabilities of an input (z, y, x): (class, z, y, x) float32 on the device."""
        z, y, x = raw.shape
        is_unsafe = self.device.type == "cpu" and self.plan.is_thin((z, y, x))
        dtype = torch.float32 if is_unsafe else self._dtype
        network = self._network(dtype)
        batch = raw[None, None].to(self.device, non_blocking=True).to(dtype)
        total = torch.zeros(())
        with torch.inference_mode():
            for number, view in enumerate(self._views):
                seen = view.of(batch).contiguous(memory_format=self._layout)
                found = view.back(network(seen).float().sigmoid_())
                total = total.add_(found) if number else found
        return total[0] if len(self._views) == 1 else total[0] / len(self._views)

    def _network(self, dtype: torch.dtype) -> nn.Module:
        """The network on its device, in ``dtype``; moved there when it is first used."""
        if dtype not in self._networks:
            network = copy.deepcopy(self._folded).to(self.device, dtype)
            network = network.to(memory_format=self._layout)  # type: ignore[call-overload]
            if self.device.type == "cpu":
                fuse_blocks(network)
            for layer in network.modules():
                layer.register_forward_pre_hook(self._heed_stop)
            self._networks[dtype] = network
        return self._networks[dtype]

    def _crop(self, probability: Tensor, box: Box) -> NDArray[np.uint8]:
        """The raw voxels of ``box`` out of a binned tile, rounded to uint8."""
        binning = self.plan.binning
        first = [max(0, a // b - 1) for a, b in zip(box.start, binning, strict=True)]
        last = [-(-a // b) + 1 for a, b in zip(box.stop, binning, strict=True)]
        z, y, x = (slice(a, b) for a, b in zip(first, last, strict=True))
        with torch.inference_mode():
            fine = upsample(probability[:, z, y, x], binning)
            inner = box.shift([-a * b for a, b in zip(first, binning, strict=True)])
            part = fine[(slice(None), *inner.slices)] * 255
            return part.round().to(torch.uint8).cpu().numpy()
