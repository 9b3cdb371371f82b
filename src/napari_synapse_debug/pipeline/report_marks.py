"""The 3-point synapses to draw around an error: its own, and the others nearby."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.records import ENDS, points
from napari_synapse_debug.pipeline.results import Results
from napari_synapse_debug.report import Mark

Key = tuple[bool, int]
"""Whether a synapse is of the truth, and its row."""


@dataclass(frozen=True, eq=False)
class Marks:
    """All 3-point synapses of truth and prediction, and which belong to which error.

    Parameters
    ----------
    keys : list of (bool, int)
        Whether it is of the truth, and its row.
    points_nm : (N, 3, 3) float64
        Pre, cleft, post of each; zyx.
    own : mapping
        The keys of each fault.
    """

    keys: list[Key]
    points_nm: NDArray[np.float64]
    own: Mapping[int, set[Key]]

    def near(self, center_nm: NDArray[np.float64], fault: int, around_nm: float) -> list[Mark]:
        """The marks at most ``around_nm`` off along each axis; those of no ``fault`` as others."""
        is_near = (np.abs(self.points_nm[:, 1] - center_nm) <= around_nm).all(axis=1)
        own = self.own.get(fault, set())
        return [
            Mark(self.points_nm[k], self.keys[k][0], is_other=self.keys[k] not in own)
            for k in np.flatnonzero(is_near)
        ]


def marks_of(results: Results, findings: pd.DataFrame) -> Marks:
    """The marks of a run; an error's own are its rows, those of its twin, and the refused ones."""
    keys: list[Key] = []
    found = [np.zeros((0, 3, 3))]
    for table, is_truth in ((results.truth, True), (results.synapses, False)):
        if table is not None:
            keys += [(is_truth, int(row)) for row in table["row"]]
            found.append(np.stack([points(table, end) for end in ENDS], axis=1))
    own: dict[int, set[Key]] = {}
    for column, is_truth in (("truth_row", True), ("prediction_row", False)):
        refused = _refused(results.matches, column)
        known = findings[findings[column].notna()]
        for fault, row in zip(known["fault"], known[column], strict=True):
            keys_of_fault = own.setdefault(int(fault), set())
            keys_of_fault.add((is_truth, int(row)))
            if int(row) in refused:
                keys_of_fault.add((not is_truth, refused[int(row)]))
    return Marks(keys, np.concatenate(found), own)


def _refused(matches: pd.DataFrame | None, column: str) -> dict[int, int]:
    """The row of the other side that each row was refused against."""
    if matches is None:
        return {}
    known = matches[[column, "refused_row"]].dropna()
    return {
        int(row): int(other) for row, other in zip(known[column], known["refused_row"], strict=True)
    }
