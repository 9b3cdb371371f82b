"""3-point synapses as paths from pre over the cleft to post: one choice of how they show."""

from __future__ import annotations

import numpy as np
import pandas as pd
from psygnal import Signal

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.records import ENDS, empty, points
from napari_synapse_debug.domain.records import TRUTH as TRUTH_COLUMNS
from napari_synapse_debug.ui.names import LayerName
from napari_synapse_debug.ui.palette import EDITED_PATH, PREDICTION_PATH, TRUTH_PATH
from napari_synapse_debug.ui.ports import Results
from napari_synapse_debug.ui.session import Session
from napari_synapse_debug.ui.sketch import Sketch, Strokes
from napari_synapse_debug.ui.synapse_points import outcomes
from napari_synapse_debug.ui.viewer_adapter import ViewerAdapter

MOST_PATHS = 1000
"""A Shapes layer of more paths slows the window down; points and links hold a million."""

_THIN_NM, _WIDE_NM = 8.0, 20.0
"""Along the largest edge of a voxel; across sections lines are stretched with the voxels."""

_WRONG = ("fn", "fp")


class SynapsePaths:
    """Follows the results, and what is edited of the truth, while it is switched on.

    Emits ``reason_changed(text)``: why paths do not show though they are asked for; empty where
    they do.
    """

    reason_changed = Signal(str)

    def __init__(self, session: Session, adapter: ViewerAdapter) -> None:
        self._session = session
        self._sketch = Sketch(adapter, str(LayerName.PATHS))
        self._edited = empty(TRUTH_COLUMNS)
        self.is_on = False
        session.results_changed.connect(self._begin)

    @property
    def reason(self) -> str:
        """Why these synapses are not shown as paths; empty where they can be."""
        results = self._session.results
        count = 0 if results is None else _count(results)
        if count <= MOST_PATHS:
            return ""
        return f"{count:,} synapses are too many for paths (at most {MOST_PATHS:,})"

    def switch(self, is_on: bool) -> None:
        """Show synapses as paths, or no more."""
        self.is_on = is_on
        self.update()

    def show_edited(self, rows: pd.DataFrame) -> None:
        """Take these rows (``records.TRUTH``) for what was edited of the truth."""
        self._edited = rows
        self.update()

    def update(self) -> None:
        """Draw the paths anew."""
        results = self._session.results
        if self.is_on and results is not None and not self.reason:
            self._sketch.draw(strokes_of(results, self._edited), results.grid)
        else:
            self._sketch.clear()

    def _begin(self) -> None:
        self._edited = empty(TRUTH_COLUMNS)
        self.reason_changed.emit(self.reason)
        self.update()


def strokes_of(results: Results, edited: pd.DataFrame) -> Strokes:
    """Paths of the truth (white), the prediction (grey) and what was edited (orange).

    Rows that are missed or false are drawn wide, others thin. Features are ``row, side, outcome,
    kind, pre_segment, post_segment, score``.
    """
    sides = [
        ("truth", results.truth, TRUTH_PATH),
        ("prediction", results.synapses, PREDICTION_PATH),
        ("edited", edited, EDITED_PATH),
    ]
    paths, hues, features = [], [], []
    for side, table, hue in sides:
        if table is None or not len(table):
            continue
        paths.extend(_paths(table, results.grid))
        hues.extend([hue] * len(table))
        features.append(_features(side, table, results))
    told = pd.concat(features, ignore_index=True) if features else pd.DataFrame()
    largest_nm = max(results.grid.voxel_size_nm)
    widths = [
        (_WIDE_NM if outcome in _WRONG else _THIN_NM) / largest_nm
        for outcome in told.get("outcome", ())
    ]
    return Strokes(paths, hues, widths, told)


def _count(results: Results) -> int:
    tables = (results.truth, results.synapses)
    return sum(len(table) for table in tables if table is not None)


def _paths(table: pd.DataFrame, grid: Grid) -> list[np.ndarray]:
    ends = [grid.to_fraction(points(table, end)) for end in ENDS]
    return list(np.stack(ends, axis=1))


def _features(side: str, table: pd.DataFrame, results: Results) -> pd.DataFrame:
    key = {"truth": "truth_row", "prediction": "prediction_row"}.get(side)
    outcome = np.full(len(table), "edited")
    if key is not None:
        outcome = outcomes(table, results.matches, key)
    told = table[["row", "kind", "pre_segment", "post_segment"]].reset_index(drop=True)
    score = table["score"].to_numpy(np.float64) if "score" in table.columns else np.nan
    return told.assign(side=side, outcome=outcome, score=score)
