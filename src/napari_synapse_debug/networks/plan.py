"""The plan of a network: everything that decides what it computes, in one saved value."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from numpy.typing import NDArray
from pydantic import Field

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Triple, TripleNm
from napari_synapse_debug.domain.params import Params, TrainParams
from napari_synapse_debug.domain.roles import ClassSpec
from napari_synapse_debug.networks.intensity import Intensity, measure_intensity

MOST_NM = 14.0
"""Voxels are averaged up to this edge length: clefts of 20 nm still show, and in the same time
nine times as much tissue is learnt from as at 4 nm."""

_FILTERS = {
    "small": (16, 32, 64, 96),
    "base": (32, 64, 128, 192),
    "large": (32, 64, 128, 256, 320),
}


class NetworkPlan(Params):
    """What a network is made of, what it expects, and what its channels mean.

    Parameters
    ----------
    classes : tuple of ClassSpec
        Name and role of each output channel.
    voxel_size_nm : tuple of float
        Edge lengths zyx of the raw data before binning.
    binning : tuple of int
        Raw voxels zyx that are averaged into one input voxel.
    patch_vx : tuple of int
        Training patch zyx, after binning; a multiple of ``total_stride``.
    filters : tuple of int
        Channels of each level, finest first.
    kernels, strides : tuple of tuple of int
        Kernel, and step into the level, zyx, one for each level; the first stride is 1.
    intensity : Intensity
        How grey values become input.
    """

    format: int = Field(1, ge=1, le=1)
    classes: tuple[ClassSpec, ...] = Field(min_length=1)
    voxel_size_nm: TripleNm
    binning: Triple
    patch_vx: Triple
    filters: tuple[int, ...]
    kernels: tuple[Triple, ...]
    strides: tuple[Triple, ...]
    intensity: Intensity

    @property
    def total_stride(self) -> Triple:
        """Input voxels (binned, zyx) that one voxel of the coarsest level covers."""
        z, y, x = (prod(axis) for axis in zip(*self.strides, strict=True))
        return z, y, x

    @property
    def align_vx(self) -> Triple:
        """Raw voxels zyx of which a tile's start must be a multiple.

        Strides and bins fall on the same voxels in every tile then, so that the result does
        not depend on the tiles.
        """
        return _times(self.total_stride, self.binning)

    @property
    def halo_vx(self) -> Triple:
        """Raw voxels zyx around a voxel that can change its output; a multiple of ``align_vx``.

        Where voxels are binned this is one bin more than the network's reach, because
        probabilities are interpolated between bins.
        """
        reach = (self._reach(axis) + (self.binning[axis] > 1) for axis in range(3))
        z, y, x = (-(-r // s) * s for r, s in zip(reach, self.total_stride, strict=True))
        return _times((z, y, x), self.binning)

    def is_thin(self, shape: Triple) -> bool:
        """Whether an input of ``shape`` is one voxel thick at the coarsest level.

        Only axes count that are pooled or convolved along. Torch's convolutions on a CPU can then
        be wrong in bfloat16 (2.13, 2.14; off by any amount, infinite or NaN): one channel,
        3 × 3 × 3, one section; and on processors that multiply in tiles strided ones that leave
        a single column.

        Parameters
        ----------
        shape : tuple of int
            Input voxels (binned, zyx), a multiple of ``total_stride``.
        """
        axes = zip(shape, self.total_stride, zip(*self.kernels, strict=True), strict=True)
        return any(
            edge // stride <= 1 and max(stride, *kernels) > 1 for edge, stride, kernels in axes
        )

    def check_voxel_size(self, voxel_size_nm: TripleNm) -> None:
        """Refuse a volume whose voxels differ by more than a quarter from those learnt.

        Raises
        ------
        InputError
            Structures would have another size than in training.
        """
        ratios = [a / b for a, b in zip(voxel_size_nm, self.voxel_size_nm, strict=True)]
        if max(ratios) > 1.25 or min(ratios) < 0.8:
            raise InputError(
                "The model was trained on voxels of another size",
                found=f"{tuple(voxel_size_nm)} nm (zyx)",
                expected=f"about {self.voxel_size_nm} nm",
                fix="resample the volume, or train on boxes of it",
            )

    def _reach(self, axis: int) -> int:
        """Input voxels along ``axis`` from which an output voxel can take something."""
        reach, jump, jumps = 0, 1, []
        for kernel, stride in zip(self.kernels, self.strides, strict=True):
            radius = kernel[axis] // 2
            reach += radius * jump  # first convolution, on the finer side of the stride
            jump *= stride[axis]
            reach += radius * jump
            jumps.append(jump)
        # DynUNet merges into a level with the kernel of the level below it
        for kernel, fine, coarse in zip(self.kernels[1:], jumps, jumps[1:], strict=False):
            reach += 2 * (kernel[axis] // 2) * fine + (coarse - fine)
        return reach


def plan_network(
    classes: Sequence[ClassSpec],
    voxel_size_nm: TripleNm,
    raw_samples: Sequence[NDArray[Any]],
    params: TrainParams,
) -> NetworkPlan:
    """The plan of a residual U-Net for these classes and voxels.

    An axis is pooled while its voxels are less than twice the smallest edge, and convolved
    from the level on where that holds (the rules of nnU-Net, doi 10.1038/s41592-020-01008-z),
    so that voxels become about isotropic on the way down.

    Parameters
    ----------
    classes : sequence of ClassSpec
        Classes to learn; their names differ.
    voxel_size_nm : tuple of float
        Edge lengths zyx of the raw data.
    raw_samples : sequence of array
        The raw data of the training boxes, (z, y, x), from which the intensity is measured.
    params : TrainParams
        Size of the network, and binning and patch if they are given.

    Raises
    ------
    InputError
        No class, two classes of one name, or raw data that cannot be used.
    """
    names = [spec.name for spec in classes]
    if not names or len(set(names)) < len(names):
        raise InputError(
            "The classes cannot be learnt",
            found=", ".join(names) or "no class",
            expected="at least one class, each with a name of its own",
            fix="give a mask for each class, under different names",
        )
    binning = params.binning or _choose_binning(voxel_size_nm)
    kernels, strides = _choose_levels(_times_nm(voxel_size_nm, binning), len(_FILTERS[params.size]))
    stride = prod(s[0] for s in strides), prod(s[1] for s in strides), prod(s[2] for s in strides)
    patch_vx = params.patch_vx or _choose_patch(_times_nm(voxel_size_nm, binning))
    return NetworkPlan(
        classes=tuple(classes),
        voxel_size_nm=voxel_size_nm,
        binning=binning,
        patch_vx=_round_up(patch_vx, stride),
        filters=_FILTERS[params.size],
        kernels=kernels,
        strides=strides,
        intensity=measure_intensity(raw_samples),
    )


def _choose_binning(voxel_size_nm: TripleNm) -> Triple:
    z, y, x = (max(1, int(MOST_NM / size + 1e-9)) for size in voxel_size_nm)
    return z, y, x


def _choose_levels(
    voxel_size_nm: TripleNm, levels: int
) -> tuple[tuple[Triple, ...], tuple[Triple, ...]]:
    size = list(voxel_size_nm)
    kernels, strides = [], []
    for level in range(levels):
        near = [edge < 2 * min(size) for edge in size]
        stride = tuple(2 if level and is_near else 1 for is_near in near)
        size = [edge * step for edge, step in zip(size, stride, strict=True)]
        kernel = tuple(3 if edge < 2 * min(size) else 1 for edge in size)
        strides.append((stride[0], stride[1], stride[2]))
        kernels.append((kernel[0], kernel[1], kernel[2]))
    return tuple(kernels), tuple(strides)


def _choose_patch(voxel_size_nm: TripleNm) -> Triple:
    """Flat where sections are thick, so that it sees enough of them.

    About 80,000 voxels: in the same time many steps on small patches learn more than a few
    steps on large ones, and a wider view was not needed for synapses.
    """
    z, y, x = voxel_size_nm
    return (48, 48, 48) if z < 2 * min(y, x) else (8, 96, 96)


def _round_up(values: Triple, multiple: Triple) -> Triple:
    z, y, x = (-(-v // m) * m for v, m in zip(values, multiple, strict=True))
    return z, y, x


def _times(a: Triple, b: Triple) -> Triple:
    return a[0] * b[0], a[1] * b[1], a[2] * b[2]


def _times_nm(a: TripleNm, b: Triple) -> TripleNm:
    return a[0] * b[0], a[1] * b[1], a[2] * b[2]
