"""A trained network made ready to predict: fast, and the same whatever the tiles."""

from __future__ import annotations

from math import prod
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_synapse_debug.domain.grid import Box, Triple
from napari_synapse_debug.domain.params import Device
from napari_synapse_debug.networks import (
    TrainedNetwork,
    check_finite,
    choose_device,
    choose_dtype,
    choose_memory_format,
    fold_batch_norms,
    load_weights,
    mirror_to_multiple,
    prepare_raw,
    use_all_cores,
)
from napari_synapse_debug.predict.tiling import choose_block
from napari_synapse_debug.predict.upsample import upsample

_TILE_BYTES = 2**31
_TENSORS = 5
"""Finest tensors that are alive at once: skip, upsampled, both joined (two), result."""

_FLIPS: tuple[tuple[int, ...], ...] = ((), (-1,), (-2,), (-2, -1))


class ArrayLike(Protocol):
    """A volume that is read by slices: NumPy, Zarr, HDF5."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along each axis."""

    def __getitem__(self, key: Any, /) -> Any:
        """The voxels in three slices, as an array."""


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
    mirror : bool
        Average over four views, flipped in y and x.
    dtype : torch.dtype, optional
        Number format; None takes the fastest of the device. Tiles agree within rounding of
        the uint8 probabilities in float32, and within two of 255 in bfloat16.

    Raises
    ------
    InputError
        The device is not there.
    DataError
        The weights do not fit the plan.
    """

    def __init__(
        self,
        trained: TrainedNetwork,
        device: Device = "auto",
        *,
        mirror: bool = False,
        dtype: torch.dtype | None = None,
    ) -> None:
        use_all_cores()
        self.plan = trained.plan
        self._flips = _FLIPS if mirror else _FLIPS[:1]
        self._device = choose_device(device)
        self._dtype = dtype or choose_dtype(self._device)
        self._layout = choose_memory_format(self._device)
        network = load_weights(trained)
        fold_batch_norms(network)
        self._network = network.to(self._device, self._dtype).to(memory_format=self._layout)  # type: ignore[call-overload]

    @property
    def halo_vx(self) -> Triple:
        """Raw voxels zyx of context that are read around a box."""
        return self.plan.halo_vx

    def choose_block(self, shape: Triple, chunk_vx: Triple = (1, 1, 1)) -> Triple:
        """The block zyx, in raw voxels, in which to predict a volume of ``shape``.

        Blocks are as large as about 2 GiB of working memory allow, and multiples of
        ``chunk_vx``, so that no two of them write to one chunk.
        """
        z, y, x = (int(np.lcm(a, c)) for a, c in zip(self.plan.align_vx, chunk_vx, strict=True))
        bytes_each = _TENSORS * self.plan.filters[0] * self._dtype.itemsize
        most_voxels = _TILE_BYTES // bytes_each * prod(self.plan.binning)
        return choose_block(shape, self.halo_vx, (z, y, x), most_voxels)

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
        tile = self._tile_of(box, Box.of_shape(raw.shape))
        values = np.asarray(raw[tile.slices])
        check_finite(values, f"box {tile}")
        padded = mirror_to_multiple(values, self.plan.align_vx)
        probability = self._run(torch.from_numpy(prepare_raw(padded, self.plan)))
        return self._crop(probability, box.relative_to(tile))

    def _tile_of(self, box: Box, volume: Box) -> Box:
        """``box`` with its halo, grown to multiples of the alignment, cut to ``volume``."""
        halo, align = self.halo_vx, self.plan.align_vx
        z0, y0, x0 = ((a - h) // k * k for a, h, k in zip(box.start, halo, align, strict=True))
        z1, y1, x1 = (-(-(b + h) // k) * k for b, h, k in zip(box.stop, halo, align, strict=True))
        return Box((z0, y0, x0), (z1, y1, x1)).intersect(volume)

    def _run(self, raw: Tensor) -> Tensor:
        """Probabilities of an input (z, y, x): (class, z, y, x) float32 on the device."""
        batch = raw[None, None].to(self._device, self._dtype).contiguous(memory_format=self._layout)
        with torch.inference_mode():
            views = [
                self._network(batch.flip(axes)).float().sigmoid().flip(axes) for axes in self._flips
            ]
            return torch.stack(views).mean(dim=0)[0] if len(views) > 1 else views[0][0]

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
