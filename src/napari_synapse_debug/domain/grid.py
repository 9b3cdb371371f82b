"""The voxel grid: the one place where indices (zyx) become nanometres and back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_synapse_debug.domain.errors import InputError

Triple = tuple[int, int, int]
TripleNm = tuple[float, float, float]

_BOX = re.compile(r"^\s*(\d+)\s*:\s*(\d+)\s*,\s*(\d+)\s*:\s*(\d+)\s*,\s*(\d+)\s*:\s*(\d+)\s*$")


@dataclass(frozen=True)
class Box:
    """A half-open range of voxels: ``start`` is inside, ``stop`` is not. zyx, voxels."""

    start: Triple
    stop: Triple

    @classmethod
    def parse(cls, text: str) -> Box:
        """Read ``z0:z1,y0:y1,x0:x1``.

        Raises
        ------
        InputError
            The text has another form, or an axis is empty.
        """
        found = _BOX.match(text)
        if found is None:
            raise InputError(
                "The box cannot be read",
                found=repr(text),
                expected="six whole numbers as z0:z1,y0:y1,x0:x1",
                fix="write for example 0:20,0:672,0:512 (half-open voxel ranges of the raw volume)",
            )
        numbers = [int(group) for group in found.groups()]
        box = cls((numbers[0], numbers[2], numbers[4]), (numbers[1], numbers[3], numbers[5]))
        if box.is_empty:
            raise InputError(
                "The box is empty",
                found=text,
                expected="a stop larger than the start on every axis",
                fix="swap the two numbers of the empty axis, or widen it",
            )
        return box

    @classmethod
    def of_shape(cls, shape: Iterable[int]) -> Box:
        """The box of a whole array of ``shape`` (zyx)."""
        return cls((0, 0, 0), _triple(shape))

    def __str__(self) -> str:
        return ",".join(f"{a}:{b}" for a, b in zip(self.start, self.stop, strict=True))

    @property
    def shape(self) -> Triple:
        """Voxels along z, y, x; zero where the box is empty."""
        return _triple(max(0, b - a) for a, b in zip(self.start, self.stop, strict=True))

    @property
    def size(self) -> int:
        """Number of voxels."""
        z, y, x = self.shape
        return z * y * x

    @property
    def is_empty(self) -> bool:
        """Whether any axis has no voxel."""
        return 0 in self.shape

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """Three slices that cut this box out of an array."""
        z, y, x = (slice(a, b) for a, b in zip(self.start, self.stop, strict=True))
        return z, y, x

    def grow(self, margin: Iterable[int], within: Box | None = None) -> Box:
        """The box with ``margin`` voxels (zyx) more on either side, cut to ``within``."""
        m = _triple(margin)
        grown = Box(
            _triple(a - k for a, k in zip(self.start, m, strict=True)),
            _triple(b + k for b, k in zip(self.stop, m, strict=True)),
        )
        return grown if within is None else grown.intersect(within)

    def intersect(self, other: Box) -> Box:
        """What both boxes share; it may be empty."""
        return Box(
            _triple(max(a, b) for a, b in zip(self.start, other.start, strict=True)),
            _triple(min(a, b) for a, b in zip(self.stop, other.stop, strict=True)),
        )

    def overlaps(self, other: Box) -> bool:
        """Whether the two boxes share a voxel."""
        return not self.intersect(other).is_empty

    def holds(self, other: Box) -> bool:
        """Whether all of ``other`` lies in this box."""
        return other.intersect(self) == other

    def relative_to(self, origin: Box) -> Box:
        """The box in the indices of an array that was cut out at ``origin``."""
        return self.shift(_triple(-a for a in origin.start))

    def shift(self, by: Iterable[int]) -> Box:
        """The box moved by ``by`` voxels (zyx)."""
        d = _triple(by)
        return Box(
            _triple(a + k for a, k in zip(self.start, d, strict=True)),
            _triple(b + k for b, k in zip(self.stop, d, strict=True)),
        )

    def contains(self, index: ArrayLike) -> NDArray[np.bool_]:
        """Which of the voxels ``index`` ((N, 3) integers, zyx) lie in the box: (N,) bool."""
        voxels = np.asarray(index).reshape(-1, 3)
        inside = (voxels >= np.asarray(self.start)) & (voxels < np.asarray(self.stop))
        return np.asarray(inside.all(axis=1))

    def blocks(self, shape: Iterable[int]) -> Iterator[Box]:
        """Tile this box, in zyx order, by blocks of ``shape`` aligned to multiples of it.

        Blocks at the faces are cut to the box; together they cover it once.
        """
        step = _triple(shape)
        axes = [
            range(a // s, -(-b // s)) for a, b, s in zip(self.start, self.stop, step, strict=True)
        ]
        for corner in product(*axes):
            start = _triple(c * s for c, s in zip(corner, step, strict=True))
            stop = _triple(a + s for a, s in zip(start, step, strict=True))
            yield Box(start, stop).intersect(self)


@dataclass(frozen=True)
class Grid:
    """Where the voxels of a volume lie: a voxel's centre is ``index * voxel_size + offset``.

    Parameters
    ----------
    shape : tuple of int
        Voxels along z, y, x.
    voxel_size_nm : tuple of float
        Edge lengths of a voxel along z, y, x in nm; positive.
    offset_nm : tuple of float
        Centre of voxel (0, 0, 0) in nm.

    Raises
    ------
    InputError
        A voxel size that is not positive and finite.
    """

    shape: Triple
    voxel_size_nm: TripleNm
    offset_nm: TripleNm = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        if len(self.voxel_size_nm) != 3 or not all(
            np.isfinite(v) and v > 0 for v in self.voxel_size_nm
        ):
            raise InputError(
                "The voxel size cannot be used",
                found=str(tuple(self.voxel_size_nm)),
                expected="three positive numbers z,y,x in nm",
                fix="give it as --voxel-size z,y,x, for example 50,4.6,4.6",
            )

    @property
    def box(self) -> Box:
        """The box of the whole volume."""
        return Box.of_shape(self.shape)

    @property
    def voxel_area_nm2(self) -> TripleNm:
        """Area of a voxel face whose normal is z, y, x."""
        z, y, x = self.voxel_size_nm
        return (y * x, z * x, z * y)

    @property
    def voxel_volume_nm3(self) -> float:
        """Volume of a voxel."""
        return float(np.prod(self.voxel_size_nm))

    def to_nm(self, index: ArrayLike) -> NDArray[np.float64]:
        """Positions (N, 3) in nm of ``index`` ((N, 3), zyx; fractions are allowed)."""
        voxels = np.asarray(index, dtype=np.float64).reshape(-1, 3)
        scaled = voxels * np.asarray(self.voxel_size_nm) + np.asarray(self.offset_nm)
        return np.asarray(scaled, dtype=np.float64)

    def to_fraction(self, points_nm: ArrayLike) -> NDArray[np.float64]:
        """Fractional indices (N, 3) of ``points_nm`` ((N, 3), zyx)."""
        points = np.asarray(points_nm, dtype=np.float64).reshape(-1, 3)
        scaled = (points - np.asarray(self.offset_nm)) / np.asarray(self.voxel_size_nm)
        return np.asarray(scaled, dtype=np.float64)

    def to_index(self, points_nm: ArrayLike) -> NDArray[np.int64]:
        """Nearest voxels (N, 3) of ``points_nm``; halves go up. Not cut to the volume."""
        return np.floor(self.to_fraction(points_nm) + 0.5).astype(np.int64)

    def contains(self, points_nm: ArrayLike) -> NDArray[np.bool_]:
        """Which points lie in a voxel of this volume: (N,) bool."""
        return self.box.contains(self.to_index(points_nm))

    def margin_vx(self, distance_nm: float) -> Triple:
        """Voxels along z, y, x that cover ``distance_nm``, rounded up."""
        return _triple(int(np.ceil(distance_nm / v)) for v in self.voxel_size_nm)

    def crop(self, box: Box) -> Grid:
        """The grid of the array that ``box`` cuts out of this volume."""
        offset = self.to_nm([box.start])[0]
        return Grid(box.shape, self.voxel_size_nm, (offset[0], offset[1], offset[2]))

    def coarsen(self, factor: Iterable[int]) -> Grid:
        """The grid after averaging blocks of ``factor`` voxels (zyx); rests are kept.

        The new first voxel covers ``factor`` old ones, so its centre moves by half of them.
        """
        f = _triple(factor)
        shape = _triple(-(-n // k) for n, k in zip(self.shape, f, strict=True))
        size = tuple(v * k for v, k in zip(self.voxel_size_nm, f, strict=True))
        moved = tuple(
            o + v * (k - 1) / 2
            for o, v, k in zip(self.offset_nm, self.voxel_size_nm, f, strict=True)
        )
        return Grid(shape, (size[0], size[1], size[2]), (moved[0], moved[1], moved[2]))


def _triple(values: Iterable[int]) -> Triple:
    z, y, x = (int(v) for v in values)
    return z, y, x
