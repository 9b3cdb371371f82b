"""Layers that were painted for annotated boxes: which have changed since they were written."""

from __future__ import annotations

import weakref
from collections.abc import Iterable

from napari.layers import Labels, Layer

from napari_synapse_debug.ui.annotation_request import AnnotationRequest


class PaintWatch:
    """Remembers requests and notices when a layer that one of them names is painted again."""

    def __init__(self) -> None:
        self._requests: dict[str, AnnotationRequest] = {}
        self._before: AnnotationRequest | None = None
        self._watched: weakref.WeakSet[Layer] = weakref.WeakSet()
        self._changed: set[str] = set()

    def remember(self, request: AnnotationRequest, layers: Iterable[Layer]) -> None:
        """Watch the ``layers`` that ``request`` names; they count as written now.

        To be called when the writing begins, so that what is painted meanwhile is noticed;
        ``give_up`` takes it back where the writing failed.
        """
        self._before = self._requests.get(str(request.box))
        self._requests[str(request.box)] = request
        self._changed.discard(str(request.box))
        for layer in layers:
            named = request.classes.get(layer.name)
            if named and isinstance(layer, Labels) and layer not in self._watched:
                self._watched.add(layer)
                for event in (layer.events.paint, layer.events.labels_update, layer.events.data):
                    event.connect(self._note)

    def give_up(self, request: AnnotationRequest) -> None:
        """Take back ``remember``: a box that was written before is still to be written again."""
        box = str(request.box)
        if self._before is None:
            self.forget(box)
        else:
            self._requests[box] = self._before
            self._changed.add(box)

    def forget(self, box: str) -> None:
        """Watch for ``box`` no longer."""
        self._requests.pop(box, None)
        self._changed.discard(box)

    def changed(self) -> list[AnnotationRequest]:
        """The requests of which a layer was painted since it was written."""
        return [self._requests[box] for box in sorted(self._changed)]

    def _note(self, event: object) -> None:
        name = getattr(getattr(event, "source", None), "name", None)
        for box, request in self._requests.items():
            if request.classes.get(str(name)):
                self._changed.add(box)
