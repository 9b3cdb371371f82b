"""Correcting the truth in the canvas: points that are dragged, synapses that are clicked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Points
from numpy.typing import NDArray
from psygnal import Signal

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import TripleNm
from napari_synapse_debug.domain.records import ENDS, TRUTH, empty, with_points
from napari_synapse_debug.domain.roles import Kind
from napari_synapse_debug.domain.verdicts import (
    AddSynapse,
    ChangeKind,
    DeleteSynapse,
    MovePoint,
    TruthEdit,
)
from napari_synapse_debug.ui.camera import into_slice
from napari_synapse_debug.ui.palette import END_HUE
from napari_synapse_debug.ui.picking import row_under
from napari_synapse_debug.ui.session import Session
from napari_synapse_debug.ui.truth_points import DragWatch, points_layer, sections_of
from napari_synapse_debug.ui.truth_target import TruthTarget
from napari_synapse_debug.ui.viewer_adapter import ViewerAdapter

MOVE, ADD = "move", "add"
NAMES = {MOVE: "truth to be moved", ADD: "new synapse"}
_LEAST_NM = 0.5


class TruthEditor:
    """One layer at a time in which the truth is edited.

    Emits ``edit_made(edit)``, ``told(text)``, ``mode_changed(mode)`` and ``held(rows)``: the row
    whose points can be moved, where they are now, as ``records.TRUTH``; none where there is none.

    Nothing is changed here: an edit is handed on, and the layer is filled again from the
    corrected truth. ``target`` is the row that is edited.
    """

    edit_made = Signal(object)
    told = Signal(str)
    mode_changed = Signal(str)
    held = Signal(object)

    def __init__(self, adapter: ViewerAdapter, session: Session) -> None:
        self._adapter, self._session = adapter, session
        self._layer: Points | None = None
        self._watch: DragWatch | None = None
        self._rows = empty(TRUTH)  # whose points are in the layer, and where those were put
        self._ends_nm: NDArray[np.float64] = np.empty((0, 3))
        self._is_filling = self._is_due = False
        self._about: tuple[Path | None, str] = (None, "")
        self.mode = ""
        self.target = TruthTarget(session)
        self.target.changed.connect(self._follow)
        session.results_changed.connect(self._go_on)

    def start(self, mode: str) -> None:
        """Show the layer of ``mode`` (``MOVE`` or ``ADD``) and let it be edited.

        Raises
        ------
        InputError
            No project is open, or to move: there is no row of the truth to be edited.
        """
        results = self._session.results
        if results is None:
            raise InputError("Open a project first: it has the truth to be corrected")
        ends_nm = self.target.points_nm() if mode == MOVE else np.empty((0, 3))
        self.stop()
        self.mode, self._about = mode, (self._session.project, self._session.run)
        self._layer = points_layer(NAMES[mode], results.grid, results.grid.to_fraction(ends_nm))
        self._rows, self._ends_nm = self.target.rows(), ends_nm
        self._adapter.add_beside(self._layer)
        self._adapter.viewer.layers.selection.active = self._layer
        self._layer.mode = "select" if mode == MOVE else "add"
        self._watch = DragWatch(self._layer, self._let_go, self._choose_under)
        self._layer.events.data.connect(self._changed)
        self.mode_changed.emit(mode)
        self._prompt()
        self._tell_held()

    def stop(self) -> None:
        """Take the layer away; points of a synapse that is not complete are dropped."""
        layer, self._layer, self.mode = self._layer, None, ""
        self._watch, self._is_due = None, False
        if layer is not None:
            layer.events.data.disconnect(self._changed)
            self._adapter.remove_beside(layer)
            self.mode_changed.emit("")
            self._prompt()
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
        """Ask for the row to be deleted."""
        self.edit_made.emit(DeleteSynapse(row=self.target.number()))

    def change_kind(self, kind: Kind) -> None:
        """Ask for another kind of the row."""
        self.edit_made.emit(ChangeKind(row=self.target.number(), kind=kind))

    def choose(self, row: int) -> None:
        """Edit ``row`` of the truth until an error is selected, and tell where that cannot be."""
        try:
            self.target.choose(row)
        except InputError as error:
            self.told.emit(str(error))

    def _choose_under(self, event: Any) -> None:
        row = row_under(self._adapter, event) if self.mode == MOVE else None
        if row is not None:
            self.choose(row)

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
            self.told.emit(_CLICKS[count])
            return
        pre, cleft, post = (_triple(p) for p in results.grid.to_nm(layer.data[:3]))
        self._fill(np.empty((0, 3)))
        self.edit_made.emit(AddSynapse(pre_nm=pre, cleft_nm=cleft, post_nm=post))
        self.told.emit("Added. " + _CLICKS[0])

    def _dragged(self) -> None:
        layer, results = self._layer, self._session.results
        if layer is None or results is None:
            return
        if len(layer.data) != len(ENDS) or len(self._ends_nm) != len(ENDS):
            self._follow()
            return
        now = results.grid.to_nm(layer.data)
        is_moved = np.abs(now - self._ends_nm).max(axis=1) > _LEAST_NM
        if not is_moved.any():
            return
        if self._watch is not None and self._watch.is_held:
            # napari drags along the shown axes alone; a click of *Add synapse* lies in the slice
            now[is_moved] = into_slice(self._adapter.viewer, now[is_moved])
        self._is_due = False  # the edit leads to another truth than the one that waits
        self._fill(now)
        row = int(self._rows["row"].iloc[0])
        edits: list[TruthEdit] = [
            MovePoint(row=row, end=end, point_nm=_triple(now[i]))
            for i, end in enumerate(ENDS)
            if is_moved[i]
        ]
        for edit in edits:
            self.edit_made.emit(edit)

    def _follow(self, _: object = None) -> None:
        """Show the points of the row that is edited now; of one that is dragged, afterwards."""
        if self.mode == MOVE and self._watch is not None and self._watch.is_held:
            self._is_due = True
        elif self.mode == MOVE:
            self._rows = self.target.rows()
            self._fill(np.empty((0, 3)) if self._rows.empty else self.target.points_nm())
        elif not self.mode:
            self._prompt()

    def _let_go(self) -> None:
        if self._is_due:
            self._is_due = False
            self._follow()

    def _fill(self, ends_nm: NDArray[np.float64]) -> None:
        layer, results = self._layer, self._session.results
        if layer is None or results is None:
            return
        self._is_filling, self._ends_nm = True, ends_nm
        try:
            layer.data = results.grid.to_fraction(ends_nm)
            if len(ends_nm) == len(ENDS):
                layer.face_color = [END_HUE[end] for end in ENDS]
            if self._watch is None or not self._watch.is_held:
                layer.selected_data = set()
        finally:
            self._is_filling = False
        if self.mode == MOVE:
            self._prompt()
        self._tell_held()

    def _prompt(self) -> None:
        """Tell which row is edited where one was chosen, what to do, and where its points are."""
        results, chosen = self._session.results, self.target.text
        parts = [f"{chosen}."] if chosen else []
        if self.mode == ADD:
            parts = [_CLICKS[0 if self._layer is None else len(self._layer.data)]]
        elif self.mode == MOVE and results is not None and len(self._ends_nm) == len(ENDS):
            parts += [_DRAG, f"{sections_of(self._ends_nm, results.grid)}."]
        elif self.mode == MOVE:
            parts = ["This error has no true synapse whose points could be moved"]
        self.told.emit(" ".join(parts))

    def _tell_held(self) -> None:
        rows = empty(TRUTH)
        if self.mode == MOVE and len(self._ends_nm) == len(ENDS):
            rows = self._rows[list(TRUTH)]
            for end, point_nm in zip(ENDS, self._ends_nm, strict=True):
                rows = with_points(rows, end, point_nm)
        self.held.emit(rows)


_DRAG = "Drag pre, cleft or post to where it belongs."
_CLICKS = (
    "Click where the presynaptic side is.",
    "Now click the cleft.",
    "Now click the postsynaptic side.",
)


def _triple(point: NDArray[np.float64]) -> TripleNm:
    z, y, x = (float(v) for v in point)
    return z, y, x
