"""The candidates of a run, ready to be looked up by id."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.records import AXES


@dataclass(frozen=True)
class CandidateTable:
    """The candidates of a run, by id."""

    position: dict[int, int]
    peak: NDArray[np.float64]
    size_vx: NDArray[np.int64]
    is_kept: NDArray[np.bool_]
    start_vx: NDArray[np.int64]
    stop_vx: NDArray[np.int64]

    @classmethod
    def of(cls, table: pd.DataFrame) -> CandidateTable:
        """The columns of ``records.CANDIDATES`` that a diagnosis looks at."""
        ids = table["candidate"].to_numpy(np.int64)
        return cls(
            position={int(k): at for at, k in enumerate(ids)},
            peak=table["peak"].to_numpy(np.float64),
            size_vx=table["size_vx"].to_numpy(np.int64),
            is_kept=table["is_kept"].to_numpy(bool),
            start_vx=table[[f"start_{axis}" for axis in AXES]].to_numpy(np.int64),
            stop_vx=table[[f"stop_{axis}" for axis in AXES]].to_numpy(np.int64),
        )

    def box(self, candidate: int) -> Box | None:
        """The box that holds a candidate; None if it is not in the table."""
        at = self.position.get(candidate)
        if at is None:
            return None
        z, y, x = (int(v) for v in self.start_vx[at])
        c, b, a = (int(v) for v in self.stop_vx[at])
        return Box((z, y, x), (c, b, a))
