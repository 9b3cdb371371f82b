"""Outlines of the interface of the two partners of an error, section by section."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from psygnal import Signal

from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.ui.background import Background
from napari_synapse_debug.ui.interface_layer import partner_crop
from napari_synapse_debug.ui.names import LayerName
from napari_synapse_debug.ui.palette import stage_hue
from napari_synapse_debug.ui.ports import Results
from napari_synapse_debug.ui.session import Session
from napari_synapse_debug.ui.sketch import Sketch, Strokes
from napari_synapse_debug.ui.viewer_adapter import ViewerAdapter

_TASK = "outlines"
_WIDTH_VX = 1.0
"""In 3D the outline is one section high then, so that outlines stand upon one another."""

Paths = list[NDArray[np.float64]]


class ContactOutlines:
    """Follows the selection while it is switched on; the outlines are found in a thread."""

    failed = Signal(object)

    def __init__(
        self,
        session: Session,
        adapter: ViewerAdapter,
        background: Background,
        *,
        is_on: bool = False,
    ) -> None:
        self._session, self._background = session, background
        self._sketch = Sketch(adapter, str(LayerName.OUTLINES))
        self.is_on = is_on
        session.finding_selected.connect(self.update)
        session.results_changed.connect(self.update)

    def switch(self, is_on: bool) -> None:
        """Show the outlines, or no more."""
        self.is_on = is_on
        self.update()

    def update(self, _: object = None) -> None:
        """Draw the interface of the selected error's partners."""
        results, row = self._session.results, self._session.selected_row()
        if not self.is_on or results is None or row is None:
            self._background.forget(_TASK)
            if self.is_on:
                self._sketch.clear()
            else:
                self._sketch.put_away()
            return
        found, chosen = results, row
        self._background.run(
            _TASK,
            lambda: (partner_outlines(found, chosen), chosen, found.grid),
            lambda made: self._sketch.draw(_strokes(*made), made[2]),
            self.failed.emit,
        )


def partner_outlines(results: Results, row: pd.Series) -> Paths:
    """The interface of an error's partners in each section, as paths of (N, 3) zyx, nm.

    Within 700 nm of the cleft point, with the gap that the run bridges. None where a partner is
    not known, both are one segment, or there is no segmentation.
    """
    # numba takes half a second to import, and is not needed to open the window
    from napari_synapse_debug.contacts import outline_paths

    pre, post = int(row["pre_segment"]), int(row["post_segment"])
    if not pre or not post or pre == post or "segmentation" not in results.volumes:
        return []
    ids, crop = partner_crop(results, row)
    whole = Box.of_shape(crop.shape)
    paths = outline_paths(ids, crop, results.config.params.contacts, (pre, post), whole)
    return [corners(path) for path in paths]


def corners(path: NDArray[np.float64]) -> NDArray[np.float64]:
    """The ends of a path (N, 3) and the points at which it turns, in their order: (M, 3)."""
    steps = np.diff(path, axis=0)
    turns = ~np.isclose(steps[1:], steps[:-1]).all(axis=1)
    return path[np.concatenate([[True], turns, [True]])]


def _strokes(paths: Paths, row: pd.Series, grid: Grid) -> Strokes:
    count = len(paths)
    told = row[["finding", "pre_segment", "post_segment"]]
    return Strokes(
        [grid.to_fraction(path) for path in paths],
        [stage_hue("contact")] * count,
        [_WIDTH_VX] * count,
        pd.DataFrame([told.to_dict()] * count),
    )
