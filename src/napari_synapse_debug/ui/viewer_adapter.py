"""The one place that changes the viewer: it adds the layers of a run and obeys the session."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from napari.components import ViewerModel
from napari.layers import Labels, Layer, Points, Shapes
from numpy.typing import NDArray

from napari_synapse_debug.domain.records import ENDS, points
from napari_synapse_debug.ui import presets
from napari_synapse_debug.ui.camera import look_at, nm_to_world
from napari_synapse_debug.ui.finding_table import finding_points_nm
from napari_synapse_debug.ui.layers import build_layers, finding_layer, partner_colormap
from napari_synapse_debug.ui.names import LayerName
from napari_synapse_debug.ui.palette import END_HUE
from napari_synapse_debug.ui.session import Session

SECTIONS_SHOWN = 2.5
"""Points and links show this many sections before and behind the current one, smaller and fainter."""

_TRUTH = (LayerName.TRUTH, LayerName.TRUTH_LINKS)
_PREDICTION = (LayerName.PREDICTION, LayerName.PREDICTION_LINKS)
_TURNS = ((True, True), (True, False), (False, True))


class ViewerAdapter:
    """Shows the session in a viewer.

    It touches only the layers that it added, and leaves a layer alone that the user has shown or
    hidden by hand, until the next results. The viewer is held weakly: it may close at any time.
    """

    def __init__(self, viewer: ViewerModel, session: Session) -> None:
        self._viewer = weakref.ref(viewer)
        self._session = session
        self._layers: dict[str, Layer] = {}
        self._by_hand: dict[str, bool] = {}
        self._is_applying = False
        self._is_first_jump = True
        session.results_changed.connect(self.show_results)
        session.finding_selected.connect(self.show_finding)

    @property
    def viewer(self) -> ViewerModel:
        """The viewer.

        Raises
        ------
        RuntimeError
            It is gone.
        """
        viewer = self._viewer()
        if viewer is None:
            raise RuntimeError("The viewer of this session is closed.")
        return viewer

    def show_results(self) -> None:
        """Add the layers of the session's results in place of those of the results before."""
        results = self._session.results
        self._take_away()
        self._is_first_jump = True
        if results is None:
            return
        with self._applying():
            for layer in [*build_layers(results), finding_layer(results.grid)]:
                self._add(layer)
        voxel = np.array(results.grid.voxel_size_nm) * nm_to_world(self.viewer.dims.units)
        margin = (0.0,) * (self.viewer.dims.ndim - 3) + tuple((voxel * SECTIONS_SHOWN).tolist())
        self.viewer.dims.margin_left = self.viewer.dims.margin_right = margin
        self.viewer.canvas.overlays.scale_bar.visible = True

    def show_finding(self, finding: int | None) -> None:
        """Go to ``finding``, light up its partners and show the layers of its stage."""
        row = self._session.selected_row()
        if finding is None or row is None:
            return
        with self._applying():
            self._light_up(int(row["pre_segment"]), int(row["post_segment"]))
            self._ring(row)
            self._apply_preset(str(row["stage"]))
        self.look(fit=self._is_first_jump)
        self._is_first_jump = False

    def look(self, *, fit: bool) -> None:
        """Bring the selected finding into view; ``fit`` chooses the zoom anew."""
        row = self._session.selected_row()
        if row is None:
            return
        here = finding_points_nm(row)
        focus = points(row.to_frame().T, "cleft")[0]
        if not np.isfinite(focus).all():
            focus = here.mean(axis=0)
        look_at(self.viewer, focus, np.vstack([here, self._counterpart_nm(row)]), fit=fit)

    def toggle_sides(self) -> None:
        """Show truth and prediction, then truth alone, then prediction alone, then both again."""
        if LayerName.TRUTH not in self._layers or LayerName.PREDICTION not in self._layers:
            return
        now = (
            self._layers[LayerName.TRUTH].visible,
            self._layers[LayerName.PREDICTION].visible,
        )
        turn = _TURNS[(_TURNS.index(now) + 1) % len(_TURNS)] if now in _TURNS else _TURNS[0]
        for names, visible in ((_TRUTH, turn[0]), (_PREDICTION, turn[1])):
            for name in names:
                self._layers[name].visible = visible

    def toggle_dimensions(self) -> None:
        """Switch between 2D and 3D and stay at the selected finding."""
        self.viewer.dims.ndisplay = 2 if self.viewer.dims.ndisplay == 3 else 3
        self.look(fit=False)

    def reset_visibility(self) -> None:
        """Forget what was shown or hidden by hand and show the layers of the stage."""
        self._by_hand.clear()
        row = self._session.selected_row()
        with self._applying():
            self._apply_preset("" if row is None else str(row["stage"]))

    def _add(self, layer: Layer) -> None:
        self._layers[layer.name] = layer
        name = layer.name
        self.viewer.add_layer(layer)
        layer.events.visible.connect(lambda: self._note_by_hand(name))

    def _take_away(self) -> None:
        for layer in self._layers.values():
            if layer in self.viewer.layers:
                self.viewer.layers.remove(layer)
        self._layers.clear()
        self._by_hand.clear()

    def _note_by_hand(self, name: str) -> None:
        if not self._is_applying and name in self._layers:
            self._by_hand[name] = self._layers[name].visible

    @contextmanager
    def _applying(self) -> Iterator[None]:
        self._is_applying = True
        try:
            yield
        finally:
            self._is_applying = False

    def _apply_preset(self, stage: str) -> None:
        results = self._session.results
        if results is None:
            return
        shown = presets.preset(stage, results.config)
        for name, is_shown in presets.visibility(self._layers, shown, self._by_hand).items():
            if self._layers[name].visible != is_shown:
                self._layers[name].visible = is_shown

    def _light_up(self, pre: int, post: int) -> None:
        partners = self._layers.get(LayerName.PARTNERS)
        if isinstance(partners, Labels):
            partners.colormap = partner_colormap(pre, post)

    def _ring(self, row: pd.Series[Any]) -> None:
        ring, results = self._layers.get(LayerName.FINDING), self._session.results
        if not isinstance(ring, Points) or results is None:
            return
        values = np.array([[row[f"{end}_{axis}_nm"] for axis in "zyx"] for end in ENDS], float)
        known = np.isfinite(values).all(axis=1)
        ends = [end for end, is_known in zip(ENDS, known, strict=True) if is_known]
        ring.data = results.grid.to_fraction(values[known])
        ring.features = pd.DataFrame({"end": ends})
        ring.face_color = [END_HUE[end] for end in ends] or "white"
        ring.border_color = [END_HUE[end] for end in ends] or "white"
        ring.selected_data = set()

    def _counterpart_nm(self, row: pd.Series[Any]) -> NDArray[np.float64]:
        results = self._session.results
        if results is None or results.synapses is None or pd.isna(row["prediction_row"]):
            return np.empty((0, 3))
        found = results.synapses[results.synapses["row"] == row["prediction_row"]]
        here = np.concatenate([points(found, end) for end in ENDS])
        return here[np.isfinite(here).all(axis=1)]


def rectangle_box_nm(viewer: ViewerModel) -> NDArray[np.float64] | None:
    """Corners of the selected rectangle of the active Shapes layer: (2, 2), yx, nm; None without one."""
    layer = viewer.layers.selection.active
    if not isinstance(layer, Shapes) or not len(layer.data):
        return None
    chosen = sorted(layer.selected_data) or [len(layer.data) - 1]
    corners = np.array([layer.data_to_world(vertex) for vertex in layer.data[chosen[0]]])[:, -2:]
    corners = corners / nm_to_world(viewer.dims.units)[-2:]
    return np.stack([corners.min(axis=0), corners.max(axis=0)])
