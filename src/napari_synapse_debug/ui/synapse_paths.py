"""3-point synapses as paths from pre over the cleft to post: one choice of how they show."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
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

_THIN_NM, _WIDE_NM = 12.0, 24.0
"""Along the largest edge of a voxel; across sections lines are stretched with the voxels."""

_EDITED = "edited"
_WIDE = ("fn", "fp", _EDITED)
_NOTHING = Strokes([], [], [], pd.DataFrame())


class SynapsePaths:
    """Follows the results, and what is edited of the truth, while it is switched on.

    What is edited has a layer of its own, so that an edit does not draw all others anew; it shows
    where the others are too many, too. Emits ``reason_changed(text)``: why those cannot show;
    empty where they can.
    """

    reason_changed = Signal(str)

    def __init__(self, session: Session, adapter: ViewerAdapter, *, is_on: bool = False) -> None:
        self._session = session
        self._found = Sketch(adapter, str(LayerName.PATHS))
        self._own = Sketch(adapter, str(LayerName.EDITED_PATHS))
        self._edited = self._held = empty(TRUTH_COLUMNS)
        self.is_on = is_on
        session.results_changed.connect(self._begin)

    @property
    def reason(self) -> str:
        """Why these synapses are not shown as paths; empty where they can be."""
        results = self._session.results
        count = 0 if results is None else _count(results)
        if count <= MOST_PATHS:
            return ""
        return (
            f"{count:,} synapses are too many for paths (at most {MOST_PATHS:,}): "
            "only what you edit shows as paths"
        )

    def switch(self, is_on: bool) -> None:
        """Show synapses as paths, or no more."""
        self.is_on = is_on
        self.update()

    def show_edited(self, rows: pd.DataFrame) -> None:
        """Take these rows (``records.TRUTH``) for what was edited of the truth."""
        self._edited = rows
        self._draw_edited()

    def show_held(self, rows: pd.DataFrame) -> None:
        """Take these rows (``records.TRUTH``), none or one, for what is being edited now."""
        self._held = rows
        self._draw_edited()

    def update(self) -> None:
        """Draw the paths anew."""
        results = self._session.results
        if not self.is_on:
            self._found.put_away()
        elif results is None or self.reason:
            self._found.clear()
        else:
            self._found.draw(strokes_of(results), results.grid)
        self._draw_edited()

    def _draw_edited(self) -> None:
        results = self._session.results
        if not self.is_on:
            self._own.put_away()
        elif results is None:
            self._own.clear()
        else:
            before = self._edited[~self._edited["row"].isin(self._held["row"])]
            tables = [table for table in (before, self._held) if len(table)]
            rows = pd.concat(tables, ignore_index=True) if tables else self._held
            self._own.draw(edited_strokes(rows, results.grid), results.grid)

    def _begin(self) -> None:
        self._edited = self._held = empty(TRUTH_COLUMNS)
        self.reason_changed.emit(self.reason)
        self.update()


def strokes_of(results: Results) -> Strokes:
    """Paths of the truth (white) and the prediction (grey); missed and false ones are wide.

    Features are ``row, side, outcome, kind, pre_segment, post_segment, score``.
    """
    sides = (
        ("truth", results.truth, TRUTH_PATH, "truth_row"),
        ("prediction", results.synapses, PREDICTION_PATH, "prediction_row"),
    )
    parts = [
        _strokes(table, outcomes(table, results.matches, key), side, hue, results.grid)
        for side, table, hue, key in sides
        if table is not None and len(table)
    ]
    if not parts:
        return _NOTHING
    return Strokes(
        [path for part in parts for path in part.paths],
        [hue for part in parts for hue in part.hues],
        [width for part in parts for width in part.widths_vx],
        pd.concat([part.features for part in parts], ignore_index=True),
    )


def edited_strokes(rows: pd.DataFrame, grid: Grid) -> Strokes:
    """Paths of what is edited of the truth (``records.TRUTH``): in its own hue, and wide."""
    return _strokes(rows, np.full(len(rows), _EDITED), "truth", EDITED_PATH, grid)


def _count(results: Results) -> int:
    tables = (results.truth, results.synapses)
    return sum(len(table) for table in tables if table is not None)


def _strokes(
    table: pd.DataFrame, outcome: NDArray[np.str_], side: str, hue: str, grid: Grid
) -> Strokes:
    ends = np.stack([grid.to_fraction(points(table, end)) for end in ENDS], axis=1)
    told = table[["row", "kind", "pre_segment", "post_segment"]].reset_index(drop=True)
    score = table["score"].to_numpy(np.float64) if "score" in table.columns else np.nan
    width_nm = np.where(np.isin(outcome, _WIDE), _WIDE_NM, _THIN_NM)
    return Strokes(
        list(ends),
        [hue] * len(table),
        (width_nm / max(grid.voxel_size_nm)).tolist(),
        told.assign(side=side, outcome=outcome, score=score),
    )
