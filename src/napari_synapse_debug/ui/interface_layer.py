"""The interface of the two partners of an error as a layer: where they touch, if they do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from napari.layers import Labels
from napari.utils.colormaps import CyclicLabelColormap
from numpy.typing import NDArray
from psygnal import Signal

from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.records import ENDS
from napari_synapse_debug.ui import palette
from napari_synapse_debug.ui.background import Background
from napari_synapse_debug.ui.finding_table import finding_points_nm
from napari_synapse_debug.ui.names import LayerName
from napari_synapse_debug.ui.placing import placed
from napari_synapse_debug.ui.ports import Results
from napari_synapse_debug.ui.session import Session
from napari_synapse_debug.ui.viewer_adapter import ViewerAdapter

HALF_NM = 700.0
_TASK = "interface"


class InterfaceLayer:
    """Follows the selection: the interface is looked for in a thread, around the error."""

    failed = Signal(object)

    def __init__(self, session: Session, adapter: ViewerAdapter, background: Background) -> None:
        self._session, self._adapter, self._background = session, adapter, background
        self.shown: int | None = None
        session.finding_selected.connect(self.update)

    def update(self, _: object = None) -> None:
        """Draw the interface of the selected error's partners."""
        results, row = self._session.results, self._session.selected_row()
        if results is None or row is None or "segmentation" not in results.volumes:
            self._background.forget(_TASK)
            self.shown = None
            return
        found, chosen = results, row
        self._background.run(
            _TASK,
            lambda: (int(chosen["finding"]), *partner_interface(found, chosen)),
            self._show,
            self.failed.emit,
        )

    def _show(self, made: tuple[int, NDArray[np.uint8], Grid]) -> None:
        self.shown, drawn, grid = made
        layer = self._adapter.layer(LayerName.INTERFACE)
        if layer is None:
            self._adapter.add_result(_layer(drawn, grid))
        elif layer.data.shape == drawn.shape:
            layer.data[:] = drawn  # in place: a new array would make napari measure all layers
            layer.translate = grid.offset_nm
            layer.refresh(extent=False)
        else:
            layer.data, layer.translate = drawn, grid.offset_nm


def partner_interface(results: Results, row: pd.Series) -> tuple[NDArray[np.uint8], Grid]:
    """Voxels on both sides of the interface of an error's partners, 1, else 0, and their grid.

    Within 700 nm of the cleft point; with the gap that the run bridges. Nothing where one of
    the partners is not known, or both are one segment.
    """
    # numba takes half a second to import, and is not needed to open the window
    from napari_synapse_debug.contacts import interface_labels

    ids, crop = partner_crop(results, row)
    pre, post = int(row["pre_segment"]), int(row["post_segment"])
    if not pre or not post or pre == post:
        return np.zeros(crop.shape, np.uint8), crop
    params = results.config.params.contacts
    return interface_labels(ids, crop, params, (pre, post)).astype(np.uint8), crop


def partner_crop(results: Results, row: pd.Series) -> tuple[NDArray[Any], Grid]:
    """The segmentation within 700 nm of an error's cleft point, (z, y, x), and its grid.

    Voxels of the background layer that contacts know are background.
    """
    grid, volume = results.grid, results.volumes["segmentation"]
    z, y, x = grid.to_index(finding_points_nm(row)[ENDS.index("cleft")])[0].tolist()
    middle = Box((z, y, x), (z + 1, y + 1, x + 1))
    box = middle.grow(grid.margin_vx(HALF_NM), within=grid.box)
    if box.is_empty:  # a point outside the volume
        box = Box((0, 0, 0), (1, 1, 1))
    ids = np.asarray(volume.array[box.slices])
    name = results.config.params.contacts.background_layer
    background = results.volumes.get(f"mask:{name}", results.volumes.get(f"extra:{name}"))
    if name is not None and background is not None:
        ids = np.where(np.asarray(background.array[box.slices]) != 0, 0, ids).astype(ids.dtype)
    return ids, grid.crop(box)


def _layer(drawn: NDArray[np.uint8], grid: Grid) -> Labels:
    layer = Labels(
        drawn,
        name=str(LayerName.INTERFACE),
        colormap=CyclicLabelColormap(colors=["transparent", palette.stage_hue("contact")]),
        opacity=0.8,
        projection_mode="none",
        visible=False,
        **placed(grid),
    )
    layer.editable = False
    return layer
