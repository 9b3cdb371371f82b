"""The corrected truth beside the original: computed in a thread, shown, and scored on demand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from napari.layers import Points
from psygnal import Signal

from napari_synapse_debug.domain.errors import SynapseDebugError
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.records import ENDS, TRUTH, empty, points
from napari_synapse_debug.domain.verdicts import TruthEdit
from napari_synapse_debug.review import replay
from napari_synapse_debug.ui.backend import Backend
from napari_synapse_debug.ui.background import Background
from napari_synapse_debug.ui.names import LayerName
from napari_synapse_debug.ui.palette import END_HUE
from napari_synapse_debug.ui.placing import placed
from napari_synapse_debug.ui.reviewing import Reviewing
from napari_synapse_debug.ui.session import Session
from napari_synapse_debug.ui.truth_editor import TruthEditor
from napari_synapse_debug.ui.viewer_adapter import ViewerAdapter

_POINT_NM = 70.0


class Corrections:
    """Keeps the corrected truth of the open project up to date, and what the score is by it.

    Emits ``corrected(counts)``: rows by what was done to them; ``drawn(rows)``: those that
    were added or changed, as ``records.TRUTH``; ``scored(result)`` and
    ``failed(error)``.
    """

    corrected = Signal(object)
    drawn = Signal(object)
    scored = Signal(object)
    failed = Signal(object)

    def __init__(
        self,
        session: Session,
        adapter: ViewerAdapter,
        reviewing: Reviewing,
        background: Background,
        backend: Callable[[], Backend],
    ) -> None:
        self._session, self._adapter, self._reviewing = session, adapter, reviewing
        self._background, self._backend = background, backend
        self.editor = TruthEditor(adapter, session)
        self._layer: Points | None = None
        self.editor.edit_made.connect(self._edit)
        reviewing.edits_changed.connect(self.update)
        session.results_changed.connect(self._begin)

    def update(self) -> None:
        """Compute the corrected truth anew."""
        results = self._session.results
        if results is None or not self._reviewing.is_open:
            return
        truth = empty(TRUTH) if results.truth is None else results.truth
        actions = self._reviewing.review.actions()  # to be replayed in the thread: there are many
        self._background.run(
            "corrected truth",
            lambda: self._backend().correct_truth(truth, replay(actions)),
            self._show,
            self.failed.emit,
        )

    def score(self) -> None:
        """Score the run by the truth as it was and as it is corrected."""
        folder, run = self._session.project, self._session.run
        if folder is None:
            return
        self._background.run(
            "score", lambda: self._score(folder, run), self.scored.emit, self.failed.emit
        )

    def _score(self, folder: Path, run: str) -> Any:
        review = self._backend().open_review(folder, run)  # a file is of one thread
        try:
            return self._backend().score_corrected(review)
        finally:
            review.close()

    def _begin(self) -> None:
        self._take_away()
        self.editor.target.set_truth(None)
        has_words = self._reviewing.is_open and bool(self._reviewing.review.actions())
        if has_words:
            self.update()

    def _edit(self, edit: TruthEdit) -> None:
        try:
            self._reviewing.edit(edit)
        except SynapseDebugError as error:
            self.editor.target.tell()  # what was dragged is where it was
            self.failed.emit(error)

    def _show(self, truth: pd.DataFrame) -> None:
        results = self._session.results
        if results is None:
            return
        self.editor.target.set_truth(truth)
        changed = truth[truth["correction"] != ""]
        self._draw(changed, results.grid)
        self.drawn.emit(changed)
        counts = {str(k): int(v) for k, v in changed["correction"].value_counts().items()}
        before = 0 if results.truth is None else len(results.truth)
        added = counts.get("added", 0) + counts.get("accepted", 0)
        if removed := before + added - len(truth):
            counts["deleted"] = removed
        self.corrected.emit(counts)

    def _draw(self, changed: pd.DataFrame, grid: Grid) -> None:
        ends = np.stack([points(changed, end) for end in ENDS], axis=1).reshape(-1, 3)
        voxels = grid.to_fraction(ends)
        hues = [END_HUE[end] for end in ENDS] * len(changed)
        if self._layer is None or not self._adapter.holds(self._layer):
            self._take_away()
            if not len(changed):
                return
            self._layer = _layer(grid)
            self._adapter.add_beside(self._layer)
        self._layer.data = voxels
        self._layer.features = {"row": np.repeat(changed["row"].to_numpy(np.int64), len(ENDS))}
        if len(changed):
            self._layer.face_color = hues

    def _take_away(self) -> None:
        layer, self._layer = self._layer, None
        if layer is not None:
            self._adapter.remove_beside(layer)


def _layer(grid: Grid) -> Points:
    layer = Points(
        np.empty((0, 3)),
        ndim=3,
        name=str(LayerName.CORRECTED),
        symbol="diamond",
        size=_POINT_NM / grid.voxel_size_nm[2],
        border_color="white",
        border_width=0.12,
        projection_mode="rescale_linear",
        blending="translucent_no_depth",
        **placed(grid),
    )
    layer.editable = False
    return layer
