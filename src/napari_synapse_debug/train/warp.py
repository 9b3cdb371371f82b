"""Random warps of a patch in the section plane: turns, flips, bends, slipped sections."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from napari_synapse_debug.domain.grid import Triple, TripleNm

_BEND_SPACING_VX = 32
_BEND_VX = 2.0
_SLIP_CHANCE = 0.05
_SLIP_VX = 4
_FREE_TURN_CHANCE = 0.25
_SCALE = (0.85, 1.18)


@dataclass(frozen=True, eq=False)
class Warp:
    """Where the voxels of a patch come from, relative to its centre.

    Parameters
    ----------
    sections : array
        (Z,) int64, offsets in z.
    offsets : array
        (Z, Y, X, 2) float32, offsets in y and x, in voxels; (1, Y, X, 2) where those of all
        sections are the same.
    """

    sections: NDArray[np.int64]
    offsets: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Turn:
    """A patch that is flipped and turned by right angles only: its voxels are those of the volume.

    Parameters
    ----------
    z, y, x : array
        (n,) int64, offsets along the axes of the volume, in voxels.
    is_swapped : bool
        Whether the rows of the patch are columns of the volume.
    """

    z: NDArray[np.int64]
    y: NDArray[np.int64]
    x: NDArray[np.int64]
    is_swapped: bool = False

    def slipped(self, slips: NDArray[np.float32]) -> Warp:
        """The same with sections shifted by ``slips``, (Z, 2), in y and x."""
        y, x = np.meshgrid(self.y, self.x, indexing="ij")
        plane = np.stack((y, x), axis=-1).astype(np.float32)
        if self.is_swapped:
            plane = plane.swapaxes(0, 1)
        return Warp(self.z, plane + slips[:, None, None, :])


def identity_warp(shape: Triple) -> Turn:
    """The warp that changes nothing, for a patch of ``shape`` (zyx)."""
    z, y, x = (_centred(length) for length in shape)
    return Turn(z, y, x)


def random_warp(shape: Triple, voxel_size_nm: TripleNm, rng: np.random.Generator) -> Warp | Turn:
    """A random flip in z, turn or free rotation, zoom, bend and section slip.

    Three of four patches are only flipped and turned by right angles (where y and x have the
    same voxel size), which leaves grey values as they are; free rotation smooths them.

    Parameters
    ----------
    shape : tuple of int
        Patch zyx.
    voxel_size_nm : tuple of float
        Edge lengths zyx of its voxels; rotations are rigid in nm.
    rng : Generator
        Source of all randomness.
    """
    sections, rows, columns = (_centred(length) for length in shape)
    if rng.random() < 0.5:
        sections = np.ascontiguousarray(sections[::-1])
    is_free = rng.random() < _FREE_TURN_CHANCE
    matrix = _random_matrix(voxel_size_nm, is_free, rng)
    bend = _bend(shape, rng) if is_free else np.zeros(2, np.float32)
    slips = _slips(shape[0], rng)
    if not is_free and (matrix == np.rint(matrix)).all():
        turn = _turn(sections, rows, columns, matrix.astype(np.int64))
        return turn.slipped(slips) if slips.any() else turn
    plane = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).astype(np.float32)
    plane = plane @ matrix.T.astype(np.float32) + bend
    return Warp(sections, plane + slips[:, None, None, :] if slips.any() else plane[None])


def _centred(length: int) -> NDArray[np.int64]:
    return np.arange(-(length // 2), length - length // 2)


def _turn(
    sections: NDArray[np.int64],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    matrix: NDArray[np.int64],
) -> Turn:
    """The turn by a ``matrix`` (2, 2) with one ±1 in each row and column."""
    to_y, to_x = matrix.sum(axis=1)
    if matrix[0, 0]:
        return Turn(sections, to_y * rows, to_x * columns)
    return Turn(sections, to_y * columns, to_x * rows, is_swapped=True)


def _random_matrix(
    voxel_size_nm: TripleNm, is_free: bool, rng: np.random.Generator
) -> NDArray[np.float64]:
    """A turn with flips and zoom, (2, 2), in voxels of y and x."""
    size = np.asarray(voxel_size_nm[1:])
    is_square = math.isclose(size[0], size[1], rel_tol=0.01)
    quarter = rng.integers(4) if is_square else 2 * rng.integers(2)
    angle = rng.uniform(0, 2 * np.pi) if is_free else quarter * np.pi / 2
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    if not is_free:
        turn = np.rint(turn)
    flip = np.diag([rng.choice([-1.0, 1.0]), 1.0])
    zoom = np.exp(rng.uniform(*np.log(_SCALE))) if is_free else 1.0
    return np.asarray((turn @ flip) * zoom * (size[None, :] / size[:, None]))


def _bend(shape: Triple, rng: np.random.Generator) -> NDArray[np.float32]:
    """A smooth displacement of the section plane, (Y, X, 2), in voxels."""
    nodes = [max(2, n // _BEND_SPACING_VX + 1) for n in shape[1:]]
    coarse = rng.normal(0, _BEND_VX, (1, 2, *nodes)).astype(np.float32)
    fine = torch.nn.functional.interpolate(
        torch.from_numpy(coarse), size=shape[1:], mode="bicubic", align_corners=True
    )
    return fine[0].permute(1, 2, 0).numpy()


def _slips(depth: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Shifts of each section in y and x, (Z, 2): one section alone, or all from it on."""
    shifts = np.zeros((depth, 2), np.float32)
    if rng.random() < _SLIP_CHANCE:
        first = int(rng.integers(depth))
        last = depth if rng.random() < 0.5 else first + 1
        shifts[first:last] = rng.integers(-_SLIP_VX, _SLIP_VX + 1, 2)
    return shifts
