"""A click on a synapse in the canvas selects its error, or its row of the truth, in 2D and 3D."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from napari.layers import Points

from napari_synapse_debug.ui.finding_table import FindingTable
from napari_synapse_debug.ui.names import LayerName
from napari_synapse_debug.ui.session import Session
from napari_synapse_debug.ui.viewer_adapter import ViewerAdapter

DRAG_PX = 5.0
"""A press that moves farther drags the canvas, as in napari; trackpads move by a pixel or two."""

_ROWS = (LayerName.CORRECTED, LayerName.TRUTH)
_SIDES = {LayerName.TRUTH: "truth_row", LayerName.PREDICTION: "prediction_row"}


class Picker:
    """Listens to clicks on the canvas while the active layer is not being edited.

    Parameters
    ----------
    adapter, session
        Where the layers and the errors are.
    select : callable
        Called with the error under a click.
    choose : callable, optional
        Called, after that, with the row of the truth under it: of one that was corrected, or
        that has no error.
    """

    def __init__(
        self,
        adapter: ViewerAdapter,
        session: Session,
        select: Callable[[int], object],
        choose: Callable[[int], object] | None = None,
    ) -> None:
        self._adapter, self._session = adapter, session
        self._select, self._choose = select, choose
        adapter.viewer.mouse_drag_callbacks.append(self._pressed)

    def _pressed(self, viewer: Any, event: Any) -> Iterator[None]:
        active = viewer.layers.selection.active
        if (
            event.button != 1
            or event.modifiers
            or getattr(active, "mode", "pan_zoom") != "pan_zoom"
        ):
            return
        start = np.array(event.pos, dtype=np.float64)
        yield
        while event.type == "mouse_move":
            if np.linalg.norm(event.pos - start) > DRAG_PX:
                return  # a drag moves the canvas
            yield
        finding = self.finding_under(event)
        row = row_under(self._adapter, event, _ROWS if finding is None else _ROWS[:1])
        if finding is not None:
            self._select(finding)
        if row is not None and self._choose is not None:
            self._choose(row)

    def finding_under(self, event: Any) -> int | None:
        """The error of the topmost synapse at the place of a mouse ``event``; None without one."""
        for name in reversed(_SIDES):
            row = row_under(self._adapter, event, (name,))
            if row is None:
                continue
            found = finding_of(self._session.table, _SIDES[name], row)
            if found is not None:
                return found
        return None


def row_under(adapter: ViewerAdapter, event: Any, names: Sequence[str] = _ROWS) -> int | None:
    """The row of the synapse at the place of a mouse ``event``; None without one.

    ``names`` are the layers to look at, the topmost first; by default the corrected truth and
    the truth.
    """
    for name in names:
        layer = adapter.layer(name)
        if isinstance(layer, Points) and layer.visible:
            index = point_under(layer, event)
            if index is not None:
                return int(layer.features["row"].iloc[index])
    return None


def point_under(layer: Points, event: Any) -> int | None:
    """The index of the foremost point of ``layer`` that shows at a mouse ``event``."""
    index = layer.get_value(
        event.position,
        view_direction=event.view_direction,
        dims_displayed=event.dims_displayed,
        world=True,
    )
    if index is None or layer.face_color[index, 3] > 0:
        return index
    shown = np.flatnonzero(layer.face_color[:, 3] > 0)  # far ones are hidden in 3D
    if not len(shown):
        return None
    ray = np.array([layer.data_to_world(place) for place in layer.data[shown]]) - event.position
    depth = ray @ event.view_direction
    aside = np.linalg.norm(ray - depth[:, None] * event.view_direction, axis=1)
    is_hit = (aside <= layer.size[shown] * layer.scale[-1] / 2) & (depth > 0)
    return int(shown[is_hit][np.argmin(depth[is_hit])]) if is_hit.any() else None


def finding_of(table: FindingTable, side: str, row: int) -> int | None:
    """The first error about ``row`` of ``truth_row`` or ``prediction_row``; None without one."""
    at = np.flatnonzero((table.frame[side] == row).fillna(value=False).to_numpy(np.bool_))
    return int(table.column("finding")[at[0]]) if len(at) else None
