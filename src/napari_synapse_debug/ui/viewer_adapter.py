"""The one place that changes the viewer: it adds the layers of a run and obeys the session."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer, Points
from numpy.typing import NDArray

from napari_synapse_debug.domain.records import ENDS, points
from napari_synapse_debug.ui.camera import View, nm_to_world, view_of
from napari_synapse_debug.ui.finding_table import finding_points_nm
from napari_synapse_debug.ui.layer_stack import LayerStack
from napari_synapse_debug.ui.names import LayerName
from napari_synapse_debug.ui.partner_volume import PartnerVolume
from napari_synapse_debug.ui.session import Session
from napari_synapse_debug.ui.showing import Showing
from napari_synapse_debug.ui.synapse_layers import place_names, show_near
from napari_synapse_debug.ui.volume_layers import move_section

OBLIQUE = (20.0, 35.0, 0.0)
"""Angles from which a surface is seen as solid; taken where the user has not turned the view."""

_STRAIGHT = (0.0, 0.0, 0.0)
_OF_FINDING = (LayerName.PARTNERS, LayerName.FINDING)


class ViewerAdapter:
    """Shows the session in a viewer.

    It touches only the layers that it added. The viewer is held weakly: it may close at any time.
    """

    def __init__(
        self, viewer: ViewerModel, session: Session, move: Callable[..., object] | None = None
    ) -> None:
        self._viewer = weakref.ref(viewer)
        self._session = session
        self._move = move or _jump
        self.showing = Showing(lambda: self.viewer, session)
        self._layers = self.showing.layers
        self._stack = LayerStack(lambda: self.viewer, self.showing)
        self._project: Path | None = None
        self._is_first_jump = True
        session.results_changed.connect(self.show_results)
        session.finding_selected.connect(self.show_finding)
        viewer.dims.events.ndisplay.connect(self._turn)

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

    @property
    def user_layers(self) -> list[Layer]:
        """The layers of the viewer that were not added here, the lowest first."""
        ours = {id(layer) for layer in self._stack.all}
        return [layer for layer in self.viewer.layers if id(layer) not in ours]

    def holds(self, layer: Layer | None) -> bool:
        """Whether the viewer has ``layer``: the user may have deleted it."""
        return self._stack.holds(layer)

    def add_result(self, layer: Layer) -> None:
        """Show one more layer of the results, under their points, as the presets say."""
        self._stack.add_result(layer)
        self.showing.apply()

    def add_beside(self, layer: Layer) -> None:
        """Show a layer that is not one of the run's results; it stays until it is removed."""
        self._cut_here([layer])
        self._stack.add_beside(layer)

    def remove_beside(self, layer: Layer) -> None:
        """Take a layer away that ``add_beside`` showed."""
        self._stack.remove_beside(layer)

    def show_results(self) -> None:
        """Show the layers of the session's results in place of those of the results before.

        Camera and place stay where they were if layers were shown before, and so do the order of
        layers and the selection; what the user changed of a layer stays within a project.
        """
        results, viewer = self._session.results, self.viewer
        camera, had_layers = viewer.scene.camera, bool(viewer.layers)
        place = (camera.center, camera.zoom, viewer.dims.point)
        self._stack.note_looks()
        if self._session.project != self._project:
            self._project = self._session.project
            self._stack.forget_looks()
        self._stack.show(results)
        if results is None:
            return
        self.showing.apply("")
        viewer.canvas.overlays.scale_bar.visible = True
        if not viewer.layers.selection and LayerName.RAW in self._layers:
            viewer.layers.selection.active = self._layers[LayerName.RAW]
        if had_layers and len(place[2]) == viewer.dims.ndim:
            camera.center, camera.zoom, viewer.dims.point = place
        self._cut_here()
        self._is_first_jump = not had_layers

    def show_finding(self, finding: int | None) -> None:
        """Go to ``finding``, light up its partners and show the layers of its stage."""
        if finding is None or self._session.selected_row() is None:
            return
        self._bring_back(_OF_FINDING)
        self.look(fit=self._is_first_jump)
        self._is_first_jump = False
        self._thin_points()
        self._mark_finding()
        self.showing.apply()

    def show_again(self) -> None:
        """Show the layers of the stage as at first, also those that the user has deleted."""
        was_empty = not self.viewer.layers
        self._bring_back()
        self._cut_here()
        self._thin_points()
        self._mark_finding()
        self.showing.reset()
        if was_empty:
            self.look(fit=True)

    def look(self, *, fit: bool) -> None:
        """Bring the selected finding into view; ``fit`` chooses the zoom anew."""
        row, results = self._session.selected_row(), self._session.results
        if row is None or results is None or self.viewer.dims.ndim < 3:  # without layers it is 2
            return
        ends = finding_points_nm(row)
        focus = ends[ENDS.index("cleft")]
        self._cut(focus)
        also = np.vstack([ends, self._counterpart_nm(row)])
        self._move(self.viewer, view_of(self.viewer, focus, also, fit=fit))

    def toggle_dimensions(self) -> None:
        """Switch between 2D and 3D and stay at the selected finding."""
        dims, camera = self.viewer.dims, self.viewer.scene.camera
        dims.ndisplay = 2 if dims.ndisplay == 3 else 3
        if dims.ndisplay == 3 and tuple(camera.angles) == _STRAIGHT:
            camera.angles = OBLIQUE
        self.look(fit=False)

    def show_contacts_from(self, area_nm2: float) -> None:
        """Show the points of contacts of at least this area, and no others."""
        layer = self.layer(LayerName.CONTACTS)
        if isinstance(layer, Points):
            layer.shown = (layer.features["area_nm2"] >= area_nm2).to_numpy(np.bool_)
            layer.visible = True

    def layer(self, name: str) -> Layer | None:
        """The layer of the run, or beside it, called ``name``; None without one, or if deleted."""
        beside = {layer.name: layer for layer in self._stack.beside}
        layer = self._layers.get(name, beside.get(name))
        return layer if self._stack.holds(layer) else None

    def _turn(self) -> None:
        """Show what suits two or three dimensions."""
        self._cut_here()
        self._thin_points()
        self.showing.apply()

    def _cut_here(self, layers: Iterable[Layer] | None = None) -> None:
        """In 3D show the section of images (of all of ours) at which the viewer's sliders stand."""
        dims = self.viewer.dims
        if dims.ndim >= 3:  # it has two while there is no layer
            self._cut(np.asarray(dims.point[-3:]) / nm_to_world(dims.units), layers)

    def _cut(self, place_nm: NDArray[np.float64], layers: Iterable[Layer] | None = None) -> None:
        """In 3D show the section of images (of all of ours) that is at this place."""
        for layer in self._stack.all if layers is None else layers:
            if isinstance(layer, Image):
                move_section(layer, place_nm)

    def _thin_points(self) -> None:
        """In 3D show only the synapses around the selected finding, in 2D those of the slice."""
        row, results = self._session.selected_row(), self._session.results
        is_solid = self.viewer.dims.ndisplay == 3 and row is not None
        for name in (LayerName.TRUTH, LayerName.PREDICTION):
            layer = self.layer(name)
            if not isinstance(layer, Points) or results is None:
                continue
            focus = None
            if is_solid and row is not None:
                focus = finding_points_nm(row)[ENDS.index("cleft")]
            show_near(layer, focus, results.grid)

    def _bring_back(self, names: Collection[str] | None = None) -> None:
        if self._session.results is not None:
            self._stack.bring_back(self._session.results, names)

    def _mark_finding(self) -> None:
        """Light up the partners of the selected finding, and circle its points."""
        row = self._session.selected_row()
        if row is not None:
            self._light_up(int(row["pre_segment"]), int(row["post_segment"]))
            self._ring(finding_points_nm(row))

    # The two below change data in place: a new array would make napari measure all layers anew.

    def _light_up(self, pre: int, post: int) -> None:
        partners = self.layer(LayerName.PARTNERS)
        if isinstance(partners, Labels) and isinstance(partners.data, PartnerVolume):
            partners.data.light_up(pre, post)
            partners.refresh(extent=False)

    def _ring(self, ends_nm: NDArray[np.float64]) -> None:
        ring, results = self.layer(LayerName.FINDING), self._session.results
        if isinstance(ring, Points) and results is not None:
            ring.data[:] = results.grid.to_fraction(ends_nm)
            place_names(ring, results.grid)
            ring.refresh(extent=False)

    def _counterpart_nm(self, row: pd.Series[Any]) -> NDArray[np.float64]:
        results = self._session.results
        if results is None or results.synapses is None or pd.isna(row["prediction_row"]):
            return np.empty((0, 3))
        found = results.synapses[results.synapses["row"] == row["prediction_row"]]
        here = np.concatenate([points(found, end) for end in ENDS])
        return here[np.isfinite(here).all(axis=1)]


def _jump(viewer: ViewerModel, view: View) -> None:
    view.apply(viewer)
