"""In 3D the partners of the selected error and its cleft stand as surfaces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from napari.layers import Surface
from napari.utils.colormaps import Colormap
from numpy.typing import NDArray
from psygnal import Signal

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.records import ENDS
from napari_synapse_debug.ui.background import Background
from napari_synapse_debug.ui.finding_table import finding_points_nm
from napari_synapse_debug.ui.meshes import NO_MESH, Mesh, read_thinned, surface_of
from napari_synapse_debug.ui.names import LayerName
from napari_synapse_debug.ui.palette import CLEFT, POST, PRE
from napari_synapse_debug.ui.placing import placed
from napari_synapse_debug.ui.ports import Results
from napari_synapse_debug.ui.session import Session
from napari_synapse_debug.ui.viewer_adapter import ViewerAdapter

HALF_NM = 700.0

_HUES = {
    LayerName.PRE_SURFACE: PRE,
    LayerName.POST_SURFACE: POST,
    LayerName.CLEFT_SURFACE: CLEFT,
}

_ABOVE = (
    LayerName.TRUTH_LINKS,
    LayerName.TRUTH,
    LayerName.PREDICTION_LINKS,
    LayerName.PREDICTION,
    LayerName.FINDING,
)

# napari wants at least one triangle; this one has no area
_NOTHING = (np.zeros((3, 3), np.float32), np.array([[0, 1, 2]], np.int64))


class PartnerSurfaces:
    """Follows the selection while the viewer shows three dimensions; emits ``failed(error)``."""

    failed = Signal(object)

    def __init__(self, session: Session, adapter: ViewerAdapter, background: Background) -> None:
        self._session, self._adapter, self._background = session, adapter, background
        self._layers: dict[str, Surface] = {}
        self.shown: int | None = None
        session.finding_selected.connect(self.update)
        session.results_changed.connect(self._take_away)
        adapter.viewer.dims.events.ndisplay.connect(self.update)

    def update(self, _: object = None) -> None:
        """Show the surfaces of the selected error in 3D; in 2D none."""
        results, row = self._session.results, self._session.selected_row()
        is_solid = self._adapter.viewer.dims.ndisplay == 3
        if not is_solid or results is None or row is None:
            self._background.forget("surfaces")
            self._show_layers(is_shown=False)
            return
        self._background.run(
            "surfaces",
            lambda: (int(row["finding"]), error_meshes(results, row)),
            lambda made: self._show(results.grid, *made),
            self.failed.emit,
        )

    def _show(self, grid: Grid, finding: int, meshes: Mapping[str, Mesh]) -> None:
        self.shown = finding
        for name, hue in _HUES.items():
            mesh, layer = meshes[name], self._layers.get(name)
            if layer is not None and self._adapter.holds(layer):
                layer.data = _data_of(mesh)
                continue
            if layer is not None:  # deleted by hand
                self._adapter.remove_beside(self._layers.pop(name))
            if not mesh.is_empty:
                self._add(_layer(mesh, name, hue, grid))
        self._show_layers(is_shown=True)

    def _add(self, layer: Surface) -> None:
        layers = self._adapter.viewer.layers
        active = layers.selection.active
        self._adapter.add_beside(layer)
        marks = (self._adapter.layer(name) for name in _ABOVE)
        below = [layers.index(mark) for mark in marks if mark is not None and mark in layers]
        if below:  # points are drawn over what lies under them in the list
            layers.move(layers.index(layer), min(below))
        layers.selection.active = active
        self._layers[layer.name] = layer

    def _show_layers(self, *, is_shown: bool) -> None:
        for layer in self._layers.values():
            if layer.visible != is_shown:
                layer.visible = is_shown

    def _take_away(self) -> None:
        self.shown = None
        for layer in self._layers.values():
            self._adapter.remove_beside(layer)
        self._layers.clear()


def error_meshes(results: Results, row: pd.Series[Any]) -> dict[str, Mesh]:
    """Surfaces of pre, post and cleft of an error, by the name of their layer.

    The cleft is the candidate that was found, or else what lies in the masks of the synapse
    classes. Where both partners are one segment it is pre.
    """
    center = finding_points_nm(row)[ENDS.index("cleft")]
    meshes = dict.fromkeys(map(str, _HUES), NO_MESH)
    segmentation = results.volumes.get("segmentation")
    if segmentation is not None:
        part = read_thinned(segmentation.array, results.grid, center, HALF_NM)
        pre, post = int(row["pre_segment"]), int(row["post_segment"])
        meshes[LayerName.PRE_SURFACE] = surface_of(part, pre)
        meshes[LayerName.POST_SURFACE] = surface_of(part, post if post != pre else 0)
    candidates = results.volumes.get("candidates")
    if candidates is not None and not pd.isna(row["candidate"]):
        part = read_thinned(candidates.array, results.grid, center, HALF_NM)
        meshes[LayerName.CLEFT_SURFACE] = surface_of(part, int(row["candidate"]))
    else:
        meshes[LayerName.CLEFT_SURFACE] = _true_cleft(results, center)
    return meshes


def _true_cleft(results: Results, center: NDArray[np.float64]) -> Mesh:
    for mask in results.config.masks:
        volume = results.volumes.get(f"mask:{mask.name}")
        if mask.role.is_synapse and volume is not None:
            part = read_thinned(volume.array, results.grid, center, HALF_NM / 2)
            ids = np.unique(part.labels)
            mesh = surface_of(part, ids[ids > 0])
            if not mesh.is_empty:
                return mesh
    return NO_MESH


def _data_of(mesh: Mesh) -> tuple[NDArray[Any], NDArray[Any]]:
    return _NOTHING if mesh.is_empty else (mesh.vertices, mesh.faces)


def _layer(mesh: Mesh, name: str, hue: str, grid: Grid) -> Surface:
    vertices, faces = _data_of(mesh)
    return Surface(
        (vertices, faces),
        name=str(name),
        colormap=Colormap([hue, hue], name=f"plain {hue}"),
        opacity=0.95 if name == LayerName.CLEFT_SURFACE else 0.7,
        shading="smooth",
        blending="translucent",
        **placed(grid),
    )
