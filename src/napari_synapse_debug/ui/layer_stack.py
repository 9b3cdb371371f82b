"""Our layers among those of the user: added, put in place of one another, brought back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from napari.components import ViewerModel
from napari.layers import Layer, Points, Shapes

from napari_synapse_debug.ui.camera import nm_to_world
from napari_synapse_debug.ui.layers import build_layers
from napari_synapse_debug.ui.looks import Looks
from napari_synapse_debug.ui.names import LayerName
from napari_synapse_debug.ui.ports import Results
from napari_synapse_debug.ui.showing import PREDICTION, TRUTH, Showing
from napari_synapse_debug.ui.synapse_layers import finding_layer

SECTIONS_SHOWN = 2.2
"""Points and links show this many sections before and behind, smaller and fainter."""

_MARKS = (LayerName.CONTACTS, *TRUTH, *PREDICTION, LayerName.FINDING)


class LayerStack:
    """The part of the adapter that adds layers to the list of the viewer and removes them.

    ``beside`` are those that are no results of the run.

    Parameters
    ----------
    viewer : callable
        Gives the viewer, which may close at any time.
    showing : Showing
        Shows and hides the layers of the run, and knows them by name.
    """

    def __init__(self, viewer: Callable[[], ViewerModel], showing: Showing) -> None:
        self._viewer, self._showing = viewer, showing
        self._layers, self._looks = showing.layers, Looks()
        self.beside: list[Layer] = []

    @property
    def all(self) -> list[Layer]:
        """Our layers, also those that the user has deleted."""
        return [*self._layers.values(), *self.beside]

    def holds(self, layer: Layer | None) -> bool:
        """Whether the viewer has ``layer``: the user may have deleted it."""
        return layer is not None and layer in self._viewer().layers

    def forget_looks(self) -> None:
        """Leave layers as they are made: what the user changed was about another project."""
        self._looks.forget()

    def note_looks(self) -> None:
        """Remember what the user changed of the layers of the run."""
        self._looks.note(self._layers)

    def show(self, results: Results | None) -> None:
        """Show the layers of ``results`` in place of those of the results before."""
        if results is None:
            self._replace(())
            return
        with self._showing.applying(), self.keeping_selection():
            self._replace(self._build(results))

    def bring_back(self, results: Results, names: Collection[str] | None = None) -> None:
        """Add the layers of the run anew that the user has deleted; of ``names`` if given."""
        layers, at = self._viewer().layers, self._lowest()
        gone = {name for name, layer in self._layers.items() if layer not in layers}
        gone &= gone if names is None else set(names)
        if not gone:
            return
        self.note_looks()
        with self._showing.applying(), self.keeping_selection():
            for layer in self._build(results):
                before = self._layers.get(layer.name)
                if before is not None and before in layers:
                    at = layers.index(before) + 1
                elif layer.name in gone:
                    self._add(layer, at)
                    self._widen_slice(layer)  # it is narrow where all layers were deleted
                    at += 1

    def add_result(self, layer: Layer) -> None:
        """Show one more layer of the results, under their points."""
        layers = self._viewer().layers
        marks = (self._layers.get(name) for name in _MARKS)
        above = [layers.index(mark) for mark in marks if mark is not None and mark in layers]
        with self._showing.applying(), self.keeping_selection():
            self._add(layer, min(above, default=len(layers)))

    def add_beside(self, layer: Layer) -> None:
        """Show a layer that is not one of the run's results; it stays until it is removed."""
        self.beside.append(layer)
        with self.keeping_selection():
            self._viewer().layers.append(layer)

    def remove_beside(self, layer: Layer) -> None:
        """Take a layer away that ``add_beside`` showed."""
        self.beside.remove(layer)
        if self.holds(layer):
            self._viewer().layers.remove(layer)

    @contextmanager
    def keeping_selection(self) -> Iterator[None]:
        """A block after which the layers are selected that were before, or those in their place."""
        selection, ours = self._viewer().layers.selection, dict(self._layers)
        chosen = set(selection)
        yield
        kept = {layer for layer in chosen if self.holds(layer)}
        kept |= {
            self._layers[name]
            for name, layer in ours.items()
            if layer in chosen and name in self._layers
        }
        selection.intersection_update(kept)
        selection.update(kept)

    def _build(self, results: Results) -> list[Layer]:
        return [*build_layers(results, self._layers), finding_layer(results.grid)]

    def _add(self, layer: Layer, at: int) -> None:
        name = layer.name  # napari renames a layer whose name is taken already
        self._showing.watch(layer, name)  # first: those who hear of a new layer ask whose it is
        self._looks.give(name, layer)
        self._viewer().layers.insert(at, layer)

    def _replace(self, new: Sequence[Layer]) -> None:
        """Put each new layer where that of its name was, any other above the one before it.

        Those of which there is no new one are taken away. The first ones lie above all others,
        but under points and paths that stay beside them.
        """
        layers, old, at = self._viewer().layers, dict(self._layers), self._lowest()
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

    def _lowest(self) -> int:
        """Place of the lowest layer of the run or mark beside it; without one above all others."""
        marks = [mark for mark in self.beside if isinstance(mark, Points | Shapes)]
        layers = self._viewer().layers
        ours = (*self._layers.values(), *marks)
        return min((layers.index(layer) for layer in ours if layer in layers), default=len(layers))

    def _widen_slice(self, layer: Layer) -> None:
        dims = self._viewer().dims
        voxel = np.array(layer.scale[-3:]) * nm_to_world(dims.units)
        margin = (0.0,) * (dims.ndim - 3) + tuple((voxel * SECTIONS_SHOWN).tolist())
        if dims.margin_left != margin:
            dims.margin_left = dims.margin_right = margin
