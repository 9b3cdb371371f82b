"""The contacts of a run, ready to be looked up by pair and place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.records import AXES


@dataclass(frozen=True, eq=False)
class ContactBoxes:
    """The contacts of a run, by their pair of segments.

    Parameters
    ----------
    contact : (N,) int64
        Ids.
    start_vx, stop_vx : (N, 3) int64
        Half-open boxes, zyx.
    of_pair : mapping
        Places of the contacts of each pair ``(smaller id, larger id)``.
    """

    contact: NDArray[np.int64]
    start_vx: NDArray[np.int64]
    stop_vx: NDArray[np.int64]
    of_pair: Mapping[tuple[int, int], NDArray[np.int64]]

    @classmethod
    def of(cls, table: pd.DataFrame) -> ContactBoxes:
        """Those of ``records.CONTACTS``."""
        start, stop = (
            np.stack([table[f"{end}_{axis}"].to_numpy(np.int64) for axis in AXES], axis=1)
            for end in ("start", "stop")
        )
        of_pair: Any = table.groupby(["segment_a", "segment_b"]).indices
        return cls(table["contact"].to_numpy(np.int64), start, stop, of_pair)

    def holding(self, pair: tuple[int, int], voxels: NDArray[np.int64]) -> list[int]:
        """The contacts of ``pair`` (in any order) whose box holds one of ``voxels`` (N, 3)."""
        rows = self.of_pair.get((min(pair), max(pair)), np.zeros(0, np.int64))
        start, stop = self.start_vx[rows][:, None], self.stop_vx[rows][:, None]
        is_in = np.all((voxels >= start) & (voxels < stop), axis=2)
        holds = np.any(is_in, axis=1)
        return [int(k) for k in self.contact[rows][holds]]
