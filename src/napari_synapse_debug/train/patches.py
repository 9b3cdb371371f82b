"""Patches cut out of volumes under a warp, with what lies beyond their faces told apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import grid_sample

from napari_synapse_debug.domain.grid import Triple
from napari_synapse_debug.train.warp import Turn, Warp


def cut_patch(
    volumes: Sequence[Tensor], center: Triple, warp: Warp | Turn
) -> tuple[Tensor, Tensor]:
    """The patch of ``volumes`` at ``center`` under ``warp``, and where it lies inside.

    Parameters
    ----------
    volumes : sequence of Tensor
        (channel, Z, Y, X) of one size, any real dtype. Beyond their faces they are mirrored.
    center : tuple of int
        zyx, voxels.
    warp : Warp or Turn
        Of a patch (z, y, x).

    Returns
    -------
    values : Tensor
        (channels of all volumes, z, y, x) float32; bilinear in y and x for a ``Warp``.
    is_inside : Tensor
        (z, y, x) bool: false for mirrored voxels.
    """
    if isinstance(warp, Turn):
        return _cut_turned(volumes, center, warp)
    depth, height, width = volumes[0].shape[1:]
    sections = center[0] + warp.sections
    y, x = center[1] + warp.offsets[..., 0], center[2] + warp.offsets[..., 1]
    top, bottom = _window(y, height)
    left, right = _window(x, width)
    window = _read(volumes, _mirror(sections, depth), (top, bottom, left, right))
    grid = np.empty((*y.shape, 2), np.float32)
    grid[..., 0] = (2 * (x - left) + 1) / (right - left) - 1
    grid[..., 1] = (2 * (y - top) + 1) / (bottom - top) - 1
    values = grid_sample(
        window,
        torch.from_numpy(grid).expand(len(sections), -1, -1, -1),
        mode="bilinear",
        padding_mode="reflection",
        align_corners=False,
    ).transpose(0, 1)
    is_inside = (y > -0.5) & (y < height - 0.5) & (x > -0.5) & (x < width - 0.5)
    is_inside = is_inside & ((sections >= 0) & (sections < depth))[:, None, None]
    return values, torch.from_numpy(is_inside)


def _cut_turned(volumes: Sequence[Tensor], center: Triple, turn: Turn) -> tuple[Tensor, Tensor]:
    lengths = volumes[0].shape[1:]
    positions = [c + along for c, along in zip(center, (turn.z, turn.y, turn.x), strict=True)]
    axes = list(zip(positions, lengths, strict=True))
    places = [_places(along, size) for along, size in axes]
    z, y, x = ((along >= 0) & (along < size) for along, size in axes)
    is_inside = z[:, None, None] & y[:, None] & x
    patches = []
    for volume in volumes:
        patch = volume.numpy()
        # slices first: they copy nothing
        for axis in sorted((0, 1, 2), key=lambda axis: not isinstance(places[axis], slice)):
            patch = patch[(slice(None),) * (axis + 1) + (places[axis],)]
        patches.append(patch)
    values = np.empty((sum(len(patch) for patch in patches), *is_inside.shape), np.float32)
    np.concatenate(patches, out=values)
    if turn.is_swapped:
        values, is_inside = values.swapaxes(2, 3), is_inside.swapaxes(1, 2)
    return torch.from_numpy(values), torch.from_numpy(is_inside)


def _places(positions: NDArray[np.int64], size: int) -> slice | NDArray[np.int64]:
    """Where to read ``positions``, which rise or fall by 1; an array where some are mirrored."""
    first, last = int(positions[0]), int(positions[-1])
    if min(first, last) < 0 or max(first, last) >= size:
        return _mirror(positions, size)
    step = 1 if last >= first else -1
    return slice(first, None if last + step < 0 else last + step, step)


def _read(
    volumes: Sequence[Tensor], sections: NDArray[np.int64], edges: tuple[int, int, int, int]
) -> Tensor:
    """The window of these sections: (section, channels of all volumes, y, x) float32."""
    top, bottom, left, right = edges
    channels = sum(volume.shape[0] for volume in volumes)
    out = np.empty((len(sections), channels, bottom - top, right - left), np.float32)
    first = 0
    for volume in volumes:
        last = first + volume.shape[0]
        read = volume.numpy()[:, sections, top:bottom, left:right]
        out[:, first:last] = read.swapaxes(0, 1)
        first = last
    return torch.from_numpy(out)


def _window(positions: NDArray[np.float32], size: int) -> tuple[int, int]:
    """First and last + 1 index in [0, size) that are needed to look up ``positions``."""
    first = min(max(int(np.floor(positions.min())), 0), size - 1)
    last = min(max(int(np.ceil(positions.max())) + 1, first + 1), size)
    return first, last


def _mirror(indices: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Indices folded into [0, size) as by mirrors on the outer voxels' far sides."""
    folded = indices % (2 * size)
    return np.where(folded < size, folded, 2 * size - 1 - folded)
