"""The two sides of a comparison: the rows of a table as the matching sees them.

::

    ┌ margin ──────────────────┐   rows in the margin take part, so that a pair across a face of
    │  ┌ box ───────────────┐  │   the box is found; rows beyond it do not.
    │  │  ┌ core ────────┐  │  │   Only truth in the core counts, and only there is an unmatched
    │  │  └──── border ──┘  │  │   prediction false.
    │  └────────────────────┘  │
    └──────────────────────────┘
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.params import EvaluateParams
from napari_synapse_debug.domain.records import ENDS, points

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Region:
    """Which rows take part in a comparison, and which of them count.

    Parameters
    ----------
    grid : Grid
        The grid that ``box`` counts its voxels in.
    box : Box
        The box that is evaluated.
    margin_nm : float
        How far outside the box rows still take part.
    border_nm : float
        How far inside the box the core begins.
    """

    grid: Grid
    box: Box
    margin_nm: float
    border_nm: float

    @classmethod
    def of(cls, params: EvaluateParams, grid: Grid, box: Box) -> Region:
        """The region that ``params`` ask for; an empty margin is the tolerance.

        The rules ``cremi`` and ``synful`` know no margin and no border: what lies in the box is
        compared as if there were nothing else.
        """
        if params.rule in ("cremi", "synful"):
            return cls(grid, box, 0.0, 0.0)
        margin = params.tolerance_nm if params.margin_nm is None else params.margin_nm
        return cls(grid, box, margin, params.border_nm)

    def takes_part(self, points_nm: NDArray[np.float64]) -> Mask:
        """Which points lie in the box or at most ``margin_nm`` outside it: (N,) bool."""
        return self._is_inside(points_nm, self.margin_nm)

    def is_core(self, points_nm: NDArray[np.float64]) -> Mask:
        """Which points lie in the box and at least ``border_nm`` from its faces: (N,) bool."""
        return self._is_inside(points_nm, -self.border_nm)

    def _is_inside(self, points_nm: NDArray[np.float64], grown_nm: float) -> Mask:
        size = np.asarray(self.grid.voxel_size_nm)
        place = self.grid.to_fraction(points_nm) + 0.5
        low = np.asarray(self.box.start) - grown_nm / size
        high = np.asarray(self.box.stop) + grown_nm / size
        return np.asarray(((place >= low) & (place < high)).all(axis=1))


@dataclass(frozen=True)
class Scope:
    """The kinds and neurons in which the truth is complete; an empty set stands for all.

    A true row outside of it may match but counts nowhere, and an unmatched prediction outside of
    it is not judged. A row belongs to a neuron with either of its ends.
    """

    kinds: frozenset[str]
    segments: frozenset[int]

    @classmethod
    def of(cls, params: EvaluateParams) -> Scope:
        """The scope that ``params`` ask for."""
        return cls(params.complete_kinds, frozenset(params.scope_segments))

    def holds(self, kind: NDArray[np.object_], ids: NDArray[np.uint64]) -> Mask:
        """Which rows of these kinds (N,) and judged ids (N, 2) lie in it: (N,) bool."""
        inside = np.ones(len(kind), dtype=bool)
        if self.kinds:
            inside &= np.isin(kind.astype(str), list(self.kinds))
        if self.segments:
            inside &= np.isin(ids, np.array(list(self.segments), dtype=np.uint64)).any(axis=1)
        return inside


@dataclass(frozen=True)
class Side:
    """Rows numbered by place (cleft, then pre, then post), so that ids and order do not matter.

    Parameters
    ----------
    row : (N,) int64
        Ids of the rows.
    ends_nm : (N, 3, 3) float64
        Points of pre, cleft and post (second axis), zyx, nm.
    ids : (N, 2) uint64
        Judged ids of pre and post; 0 is none.
    takes_part, is_counted : (N,) bool
        Rows that may match, and those whose match or miss counts.
    position : (N,) int64
        Places of the rows in their table.
    is_in_scope : (N,) bool
        Rows of the kinds and neurons in which the truth is complete.
    """

    row: NDArray[np.int64]
    ends_nm: NDArray[np.float64]
    ids: NDArray[np.uint64]
    takes_part: Mask
    is_counted: Mask
    position: NDArray[np.int64]
    is_in_scope: Mask

    def __len__(self) -> int:
        return len(self.row)

    @property
    def cleft_nm(self) -> NDArray[np.float64]:
        """The cleft points: (N, 3), zyx, nm."""
        return self.ends_nm[:, 1]


def build_side(
    table: pd.DataFrame,
    ids: NDArray[np.uint64],
    is_left_out: Mask,
    region: Region,
    scope: Scope,
) -> Side:
    """The rows of ``table`` without those that are left out.

    Parameters
    ----------
    table : DataFrame
        As ``records.TRUTH`` or ``records.PREDICTION``; a column ``ignore`` is obeyed.
    ids : (N, 2) uint64
        Judged ids, in the order of ``table``.
    is_left_out : (N,) bool
        Autapses.
    region : Region
        Where rows take part and count.
    scope : Scope
        Of which kinds and neurons they count.

    Raises
    ------
    InputError
        A point is not finite, or two rows share an id.
    """
    ends = np.stack([points(table, end) for end in ENDS], axis=1)
    row = table["row"].to_numpy(np.int64)
    _check(row, ends)
    keys = [row, *ends[:, [1, 0, 2]].reshape(len(row), 9).T[::-1]]
    order = np.lexsort(keys)
    order = order[~is_left_out[order]]
    cleft = ends[order, 1]
    ignored = table["ignore"].to_numpy(bool)[order] if "ignore" in table.columns else False
    takes_part = region.takes_part(cleft)
    is_in = scope.holds(table["kind"].to_numpy(object)[order], ids[order])
    return Side(
        row=row[order],
        ends_nm=ends[order],
        ids=ids[order],
        takes_part=takes_part,
        is_counted=takes_part & region.is_core(cleft) & is_in & ~np.asarray(ignored, dtype=bool),
        position=order,
        is_in_scope=is_in,
    )


def _check(row: NDArray[np.int64], ends: NDArray[np.float64]) -> None:
    broken = ~np.isfinite(ends).all(axis=(1, 2))
    if broken.any():
        raise InputError(
            "A row has a point that is no place",
            found=f"row {row[broken][0]}, and {int(broken.sum()) - 1} more",
            expected="finite coordinates (nm) for pre, cleft and post",
            fix="fill in the point (a missing cleft point is the midpoint) or drop the row",
        )
    if len(np.unique(row)) != len(row):
        raise InputError(
            "Row ids are not unique",
            found=f"{len(row) - len(np.unique(row))} repeated ids",
            expected="each row with an id of its own in the column 'row'",
            fix="number the rows anew",
        )
