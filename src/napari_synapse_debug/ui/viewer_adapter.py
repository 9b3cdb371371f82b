"""The one place that changes the viewer: it adds the layers of a run and obeys the session."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer, Points, Shapes
from numpy.typing import NDArray

from napari_synapse_debug.domain.records import ENDS, points
from napari_synapse_debug.ui.camera import View, nm_to_world, view_of
from napari_synapse_debug.ui.finding_table import finding_points_nm
from napari_synapse_debug.ui.layers import build_layers
from napari_synapse_debug.ui.looks import Looks
from napari_synapse_debug.ui.names import LayerName
from napari_synapse_debug.ui.partner_volume import PartnerVolume
from napari_synapse_debug.ui.session import Session
from napari_synapse_debug.ui.showing import PREDICTION, TRUTH, Showing
from napari_synapse_debug.ui.synapse_layers import finding_layer, place_names, show_near
from napari_synapse_debug.ui.volume_layers import move_section

SECTIONS_SHOWN = 2.2
"""Points and links show this many sections before and behind, smaller and fainter."""

OBLIQUE = (20.0, 35.0, 0.0)
"""Angles from which a surface is seen as solid; taken where the user has not turned the view."""

_STRAIGHT = (0.0, 0.0, 0.0)
_MARKS = (LayerName.CONTACTS, *TRUTH, *PREDICTION, LayerName.FINDING)


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
        self._beside: list[Layer] = []
        self._looks = Looks()
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
        ours = {id(layer) for layer in (*self._layers.values(), *self._beside)}
        return [layer for layer in self.viewer.layers if id(layer) not in ours]

    def add_result(self, layer: Layer) -> None:
        """Show one more layer of the results, under their points, as the presets say."""
        layers = self.viewer.layers
        marks = (self._layers.get(name) for name in _MARKS)
        above = [layers.index(mark) for mark in marks if mark is not None and mark in layers]
        with self.showing.applying(), self._keeping_selection():
            self._add(layer, min(above, default=len(layers)))
        self.showing.apply()

    def add_beside(self, layer: Layer) -> None:
        """Show a layer that is not one of the run's results; it stays until it is removed."""
        self._beside.append(layer)
        self._cut_here()
        with self._keeping_selection():
            self.viewer.add_layer(layer)

    def remove_beside(self, layer: Layer) -> None:
        """Take a layer away that ``add_beside`` showed."""
        self._beside.remove(layer)
        if layer in self.viewer.layers:
            self.viewer.layers.remove(layer)

    def show_results(self) -> None:
        """Show the layers of the session's results in place of those of the results before.

        Camera and place stay where they were if layers were shown before, and so do the order of
        layers and the selection; what the user changed of a layer stays within a project.
        """
        results, viewer = self._session.results, self.viewer
        camera, had_layers = viewer.scene.camera, bool(viewer.layers)
        place = (camera.center, camera.zoom, viewer.dims.point)
        self._looks.note(self._layers)
        if self._session.project != self._project:
            self._project = self._session.project
            self._looks.forget()
        if results is None:
            self._replace(())
            return
        built = [*build_layers(results, self._layers), finding_layer(results.grid)]
        with self.showing.applying(), self._keeping_selection():
            self._replace(built)
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
        row = self._session.selected_row()
        if finding is None or row is None:
            return
        self.look(fit=self._is_first_jump)
        self._is_first_jump = False
        self._thin_points()
        self._light_up(int(row["pre_segment"]), int(row["post_segment"]))
        self._ring(finding_points_nm(row))
        self.showing.apply()

    def look(self, *, fit: bool) -> None:
        """Bring the selected finding into view; ``fit`` chooses the zoom anew."""
        row, results = self._session.selected_row(), self._session.results
        if row is None or results is None:
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
        layer = self._layers.get(LayerName.CONTACTS)
        if isinstance(layer, Points):
            layer.shown = (layer.features["area_nm2"] >= area_nm2).to_numpy(np.bool_)
            layer.visible = True

    def layer(self, name: str) -> Layer | None:
        """The layer of the run, or beside it, called ``name``; None where there is none."""
        beside = {layer.name: layer for layer in self._beside}
        return self._layers.get(name, beside.get(name))

    def _add(self, layer: Layer, at: int) -> None:
        name = layer.name  # napari renames a layer whose name is taken already
        self.showing.watch(layer, name)  # first: those who hear of a new layer ask whose it is
        self._looks.give(name, layer)
        self.viewer.layers.insert(at, layer)

    def _replace(self, new: Sequence[Layer]) -> None:
        """Put each new layer where that of its name was, any other above the one before it.

        Those of which there is no new one are taken away. The first ones lie above all others,
        but under points and paths that stay beside them.
        """
        layers, old = self.viewer.layers, dict(self._layers)
        marks = [mark for mark in self._beside if isinstance(mark, Points | Shapes)]
        stood = [layers.index(layer) for layer in (*old.values(), *marks) if layer in layers]
        at = min(stood, default=len(layers))
        for layer in new:
            before = old.pop(layer.name, None)
            if before is not None and before in layers:
                at = layers.index(before)
                layers.remove(before)
            self._add(layer, at)
            self._widen_slice(layer)
            at += 1
        for name, layer in old.items():
            del self._layers[name]
            if layer in layers:
                layers.remove(layer)

    @contextmanager
    def _keeping_selection(self) -> Iterator[None]:
        """A block after which the layers are selected that were before, or those in their place."""
        selection, ours = self.viewer.layers.selection, dict(self._layers)
        chosen = set(selection)
        yield
        kept = {layer for layer in chosen if layer in self.viewer.layers}
        kept |= {
            self._layers[name]
            for name, layer in ours.items()
            if layer in chosen and name in self._layers
        }
        selection.intersection_update(kept)
        selection.update(kept)

    def _widen_slice(self, layer: Layer) -> None:
        dims = self.viewer.dims
        voxel = np.array(layer.scale[-3:]) * nm_to_world(dims.units)
        margin = (0.0,) * (dims.ndim - 3) + tuple((voxel * SECTIONS_SHOWN).tolist())
        if dims.margin_left != margin:
            dims.margin_left = dims.margin_right = margin

    def _turn(self) -> None:
        """Show what suits two or three dimensions."""
        self._cut_here()
        self._thin_points()
        self.showing.apply()

    def _cut_here(self) -> None:
        """In 3D show the section of all our images at which the sliders of the viewer stand."""
        dims = self.viewer.dims
        if dims.ndim >= 3:  # it has two while there is no layer
            self._cut(np.asarray(dims.point[-3:]) / nm_to_world(dims.units))

    def _cut(self, place_nm: NDArray[np.float64]) -> None:
        """In 3D show the section of all our images that is at this place."""
        for layer in (*self._layers.values(), *self._beside):
            if isinstance(layer, Image):
                move_section(layer, place_nm)

    def _thin_points(self) -> None:
        """In 3D show only the synapses around the selected finding, in 2D those of the slice."""
        row, results = self._session.selected_row(), self._session.results
        is_solid = self.viewer.dims.ndisplay == 3 and row is not None
        for name in (LayerName.TRUTH, LayerName.PREDICTION):
            layer = self._layers.get(name)
            if not isinstance(layer, Points) or results is None:
                continue
            focus = None
            if is_solid and row is not None:
                focus = finding_points_nm(row)[ENDS.index("cleft")]
            show_near(layer, focus, results.grid)

    # The two below change data in place: a new array would make napari measure all layers anew.

    def _light_up(self, pre: int, post: int) -> None:
        partners = self._layers.get(LayerName.PARTNERS)
        if isinstance(partners, Labels) and isinstance(partners.data, PartnerVolume):
            partners.data.light_up(pre, post)
            partners.refresh(extent=False)

    def _ring(self, ends_nm: NDArray[np.float64]) -> None:
        ring, results = self._layers.get(LayerName.FINDING), self._session.results
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
