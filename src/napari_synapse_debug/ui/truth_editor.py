"""Correcting the truth in the canvas: points that are dragged, synapses that are clicked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from napari.layers import Points
from numpy.typing import NDArray
from psygnal import Signal

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Grid, TripleNm
from napari_synapse_debug.domain.records import ENDS, TRUTH, empty, points, with_points
from napari_synapse_debug.domain.roles import Kind
from napari_synapse_debug.domain.verdicts import (
    AddSynapse,
    ChangeKind,
    DeleteSynapse,
    MovePoint,
    TruthEdit,
)
from napari_synapse_debug.ui.palette import END_HUE
from napari_synapse_debug.ui.placing import placed
from napari_synapse_debug.ui.session import Session
from napari_synapse_debug.ui.viewer_adapter import ViewerAdapter

MOVE, ADD = "move", "add"
NAMES = {MOVE: "truth to be moved", ADD: "new synapse"}
_LEAST_NM = 0.5


class TruthEditor:
    """One layer at a time in which the truth is edited.

    Emits ``edit_made(edit)``, ``told(text)``, ``mode_changed(mode)`` and ``held(rows)``: the row
    whose points can be moved, where they are now, as ``records.TRUTH``; none where there is none.

    Nothing is changed here: an edit is handed on, and the layer is filled again from the
    corrected truth.
    """

    edit_made = Signal(object)
    told = Signal(str)
    mode_changed = Signal(str)
    held = Signal(object)

    def __init__(self, adapter: ViewerAdapter, session: Session) -> None:
        self._adapter, self._session = adapter, session
        self._layer: Points | None = None
        self._is_filling = False
        self._about: tuple[Path | None, str] = (None, "")
        self.mode = ""
        self.truth: pd.DataFrame | None = None
        session.finding_selected.connect(self._follow)
        session.results_changed.connect(self._go_on)

    def set_truth(self, truth: pd.DataFrame | None) -> None:
        """Take the corrected truth; the points to be moved follow it."""
        self.truth = truth
        self._follow()

    def start(self, mode: str) -> None:
        """Show the layer of ``mode`` (``MOVE`` or ``ADD``) and let it be edited.

        Raises
        ------
        InputError
            No project is open, or to move: the selected error has no true synapse.
        """
        results = self._session.results
        if results is None:
            raise InputError("Open a project first: it has the truth to be corrected")
        ends_nm = self._true_points_nm() if mode == MOVE else np.empty((0, 3))
        self.stop()
        self.mode, self._about = mode, (self._session.project, self._session.run)
        self._layer = _layer(mode, results.grid, results.grid.to_fraction(ends_nm))
        self._adapter.add_beside(self._layer)
        self._adapter.viewer.layers.selection.active = self._layer
        self._layer.mode = "select" if mode == MOVE else "add"
        self._layer.events.data.connect(self._changed)
        self.mode_changed.emit(mode)
        self.told.emit(_PROMPTS[mode][0])
        self._tell_held()

    def stop(self) -> None:
        """Take the layer away; points of a synapse that is not complete are dropped."""
        layer, self._layer, self.mode = self._layer, None, ""
        if layer is not None:
            layer.events.data.disconnect(self._changed)
            self._adapter.remove_beside(layer)
            self.mode_changed.emit("")
            self.told.emit("")
            self._tell_held()

    def _go_on(self) -> None:
        """Stop where another run was opened; clicks stay where a step of this one has ended."""
        session = self._session
        layers, layer = self._adapter.viewer.layers, self._layer
        is_there = layer is not None and layer in layers  # it may have been removed by hand
        if not is_there or session.results is None or self._about != (session.project, session.run):
            self.stop()
        else:
            layers.selection.active = layer

    def delete(self) -> None:
        """Ask for the selected error's true synapse to be deleted."""
        self.edit_made.emit(DeleteSynapse(row=self._row()))

    def change_kind(self, kind: Kind) -> None:
        """Ask for another kind of the selected error's true synapse."""
        self.edit_made.emit(ChangeKind(row=self._row(), kind=kind))

    def _changed(self, event: Any) -> None:
        if self._is_filling or self._layer is None:
            return
        if self.mode == ADD and event.action in ("added", "removed"):
            self._clicked()
        elif self.mode == MOVE and event.action == "removed":
            self._follow()  # a point is moved or the synapse deleted, not one of its points
        elif self.mode == MOVE and event.action == "changed":
            self._dragged()

    def _clicked(self) -> None:
        layer, results = self._layer, self._session.results
        if layer is None or results is None:
            return
        count = len(layer.data)
        if count < len(ENDS):
            self.told.emit(_PROMPTS[ADD][count])
            return
        pre, cleft, post = (_triple(p) for p in results.grid.to_nm(layer.data[:3]))
        self._fill(np.empty((0, 3)))
        self.edit_made.emit(AddSynapse(pre_nm=pre, cleft_nm=cleft, post_nm=post))
        self.told.emit("Added. " + _PROMPTS[ADD][0])

    def _dragged(self) -> None:
        layer, results = self._layer, self._session.results
        if layer is None or results is None:
            return
        if len(layer.data) != len(ENDS):
            self._follow()
            return
        self._tell_held()
        row, before = self._row(), self._true_points_nm()
        now = results.grid.to_nm(layer.data)
        edits: list[TruthEdit] = [
            MovePoint(row=row, end=end, point_nm=_triple(now[i]))
            for i, end in enumerate(ENDS)
            if np.abs(now[i] - before[i]).max() > _LEAST_NM
        ]
        for edit in edits:
            self.edit_made.emit(edit)

    def _follow(self, _: object = None) -> None:
        """Show the points of the error that is selected now."""
        if self.mode != MOVE or self._session.results is None:
            return
        try:
            ends_nm = self._true_points_nm()
        except InputError:
            ends_nm = np.empty((0, 3))
            self.told.emit("This error has no true synapse whose points could be moved")
        else:
            self.told.emit(_PROMPTS[MOVE][0])
        self._fill(self._session.results.grid.to_fraction(ends_nm))

    def _fill(self, voxels: NDArray[np.float64]) -> None:
        if self._layer is None:
            return
        self._is_filling = True
        try:
            self._layer.data = voxels
            if len(voxels) == len(ENDS):
                self._layer.face_color = [END_HUE[end] for end in ENDS]
            self._layer.selected_data = set()
        finally:
            self._is_filling = False
        self._tell_held()

    def _tell_held(self) -> None:
        layer, results = self._layer, self._session.results
        rows = empty(TRUTH)
        if self.mode == MOVE and layer is not None and results is not None:
            ends_nm = results.grid.to_nm(layer.data)
            if len(ends_nm) == len(ENDS):
                rows = self._true_row()
                for end, point_nm in zip(ENDS, ends_nm, strict=True):
                    rows = with_points(rows, end, point_nm)
        self.held.emit(rows)

    def _row(self) -> int:
        finding = self._session.selected_row()
        if finding is None:
            raise InputError("Select an error of the list first")
        if pd.isna(finding["truth_row"]):
            raise InputError(
                "This error has no true synapse",
                found=f"a {finding['error']} one",
                fix="accept it as true with A, or add a synapse by three clicks",
            )
        return int(finding["truth_row"])

    def _true_points_nm(self) -> NDArray[np.float64]:
        """Pre, cleft and post of the selected error's truth, as corrected: (3, 3), nm."""
        row = self._true_row()
        return np.concatenate([points(row, end) for end in ENDS])

    def _true_row(self) -> pd.DataFrame:
        """The selected error's row of the truth, as corrected: ``records.TRUTH``, one row."""
        row, table = self._row(), self.truth
        if table is None and self._session.results is not None:
            table = self._session.results.truth
        found = None if table is None else table[table["row"] == row]
        if found is None or found.empty:
            raise InputError(f"Row {row} is not in the corrected truth; it was deleted")
        return found[list(TRUTH)]


_PROMPTS = {
    MOVE: ("Drag pre, cleft or post to where it belongs.",),
    ADD: (
        "Click where the presynaptic side is.",
        "Now click the cleft.",
        "Now click the postsynaptic side.",
    ),
}


def _layer(mode: str, grid: Grid, voxels: NDArray[np.float64]) -> Points:
    hues = [END_HUE[end] for end in ENDS] if len(voxels) else "white"
    return Points(
        voxels,
        ndim=3,
        name=NAMES[mode],
        symbol="square",
        size=60.0 / grid.voxel_size_nm[2],
        face_color=hues,
        border_color="black",
        canvas_size_limits=(10, 24),
        projection_mode="all",
        blending="translucent_no_depth",
        **placed(grid),
    )


def _triple(point: NDArray[np.float64]) -> TripleNm:
    z, y, x = (float(v) for v in point)
    return z, y, x
