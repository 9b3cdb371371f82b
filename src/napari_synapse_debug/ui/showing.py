"""Which layers of a run show: what suits the stage of the error, unless the user chose by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from napari.components import ViewerModel
from napari.layers import Layer

from napari_synapse_debug.ui import presets
from napari_synapse_debug.ui.names import LayerName
from napari_synapse_debug.ui.session import Session

TRUTH = (LayerName.TRUTH, LayerName.TRUTH_LINKS)
PREDICTION = (LayerName.PREDICTION, LayerName.PREDICTION_LINKS)

_LINKS = (LayerName.TRUTH_LINKS, LayerName.PREDICTION_LINKS)
_FLAT = {LayerName.PARTNERS, LayerName.INTERFACE, *_LINKS}
"""What does not show in 3D, where partners stand as surfaces: a volume would be read whole, and
links would hide them."""

_TURNS = ((True, True), (True, False), (False, True))


class Showing:
    """Shows and hides the layers of a run.

    A layer that the user has shown or hidden by hand is left alone until ``reset``.

    Parameters
    ----------
    viewer : callable
        Gives the viewer, which may close at any time.
    session : Session
        What is selected, and the results.
    """

    def __init__(self, viewer: Callable[[], ViewerModel], session: Session) -> None:
        self._viewer, self._session = viewer, session
        self.kept: dict[str, list[str]] = {}
        self.layers: dict[str, Layer] = {}
        self._by_hand: dict[str, bool] = {}
        self._is_applying = False

    def watch(self, layer: Layer, name: str) -> None:
        """Show and hide ``layer`` from now on, by its ``name`` in the presets."""
        self.layers[name] = layer
        layer.events.visible.connect(lambda: self._note_by_hand(name))

    @contextmanager
    def applying(self) -> Iterator[None]:
        """A block in which what shows does not change by hand."""
        self._is_applying = True
        try:
            yield
        finally:
            self._is_applying = False

    def apply(self, stage: str | None = None) -> None:
        """Show the layers of ``stage``; that of the selected finding if it is not given."""
        results = self._session.results
        if results is None:
            return
        wanted = self._stage() if stage is None else stage
        shown = presets.preset(wanted, results.config, self.kept)
        if self._session.selected is None:
            shown -= {LayerName.FINDING}
        if self._viewer().dims.ndisplay == 3:
            shown -= _FLAT
        with self.applying():
            for name, is_shown in presets.visibility(self.layers, shown, self._by_hand).items():
                if self.layers[name].visible != is_shown:
                    self.layers[name].visible = is_shown

    def toggle_sides(self) -> None:
        """Show truth and prediction, then truth alone, then prediction alone, then both again."""
        layers = self.layers
        if LayerName.TRUTH not in layers or LayerName.PREDICTION not in layers:
            return
        now = (layers[LayerName.TRUTH].visible, layers[LayerName.PREDICTION].visible)
        turn = _TURNS[(_TURNS.index(now) + 1) % len(_TURNS)] if now in _TURNS else _TURNS[0]
        for names, visible in ((TRUTH, turn[0]), (PREDICTION, turn[1])):
            for name in names:
                layers[name].visible = visible

    def reset(self) -> None:
        """Forget what was shown or hidden by hand and show the layers of the stage."""
        self._by_hand.clear()
        self.apply()

    def keep(self) -> None:
        """Make what shows now the preset of the stage of the selected finding.

        In 3D what shows in 2D alone stays as it was.
        """
        stage, results = self._stage(), self._session.results
        kept = [name for name, layer in self.layers.items() if layer.visible]
        if results is not None and self._viewer().dims.ndisplay == 3:
            before = presets.preset(stage, results.config, self.kept)
            kept += [name for name in _FLAT & before if name not in kept]
        self.kept[stage] = kept
        self._by_hand.clear()

    def restore(self) -> None:
        """Give the stage of the selected finding its own preset back, and show it."""
        self.kept.pop(self._stage(), None)
        self.reset()

    def toggle_oracle(self) -> None:
        """Show what the stage of the selected finding should have given, or hide it."""
        names = presets.oracle_layers(self._stage(), self._session.results)
        layers = [self.layers[name] for name in sorted(names) if name in self.layers]
        is_shown = not all(layer.visible for layer in layers)
        with self.applying():
            for layer in layers:
                layer.visible = is_shown

    def show_prediction(self, *, is_shown: bool) -> None:
        """Show or hide the prediction for a moment; it does not count as done by hand."""
        with self.applying():
            for name in PREDICTION:
                if name in self.layers:
                    self.layers[name].visible = is_shown

    def _stage(self) -> str:
        row = self._session.selected_row()
        return "" if row is None else str(row["stage"])

    def _note_by_hand(self, name: str) -> None:
        if not self._is_applying and name in self.layers:
            self._by_hand[name] = self.layers[name].visible
