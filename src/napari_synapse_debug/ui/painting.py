"""Layers that were painted for annotated boxes: which have changed since they were written."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from napari.layers import Labels, Layer

from napari_synapse_debug.ui.annotation_request import AnnotationRequest
from napari_synapse_debug.ui.session import PROJECT, JobState, Session


class PaintWatch:
    """Remembers requests and notices when a layer that one of them names is painted again.

    A layer is known by itself, not by its name, which may change.

    Parameters
    ----------
    session : Session
        Tells of the open project, whose boxes these are, and whether a box could be written.
    """

    def __init__(self, session: Session) -> None:
        self._project = _place(session.project)
        self._painted: dict[str, _Painted] = {}
        self._before: _Painted | None = None
        self._writing: str | None = None
        self._changed: set[str] = set()
        session.project_changed.connect(self._begin)
        session.job_changed.connect(self._go_on)

    def remember(self, request: AnnotationRequest, layers: Iterable[Layer]) -> None:
        """Watch the ``layers`` that ``request`` names; they count as written now.

        To be called when the writing begins, so that what is painted meanwhile is noticed; where
        it fails, a box that was written before is still to be written again.
        """
        box = str(request.box)
        named = {
            layer.name: layer
            for layer in layers
            if isinstance(layer, Labels) and request.classes.get(layer.name)
        }
        self._writing, self._before = box, self._painted.get(box)
        self._painted[box] = _Painted(request, {n: weakref.ref(x) for n, x in named.items()})
        self._changed.discard(box)
        for layer in named.values():
            for event in (layer.events.paint, layer.events.labels_update, layer.events.data):
                event.connect(self._note)

    def forget(self, box: str) -> None:
        """Watch for ``box`` no longer."""
        self._painted.pop(box, None)
        self._changed.discard(box)

    def changed(self) -> list[AnnotationRequest]:
        """The requests of which a layer was painted since; their layers by their present names."""
        return [self._painted[box].request_now() for box in sorted(self._changed)]

    def layers_of(self, request: AnnotationRequest) -> list[Layer]:
        """The layers that were painted for the box of ``request``, as far as they still exist."""
        return list(self._painted[str(request.box)].layers_now().values())

    def _begin(self, folder: Path | None) -> None:
        """Forget the boxes of the project before; another run has the same ones."""
        if (project := _place(folder)) != self._project:
            self._project, self._writing = project, None
            self._painted.clear()
            self._changed.clear()

    def _go_on(self, job: JobState) -> None:
        if job.step != PROJECT or job.is_running:
            return
        box, self._writing = self._writing, None
        if box is None or job.status == "done":
            return
        if self._before is None:
            self.forget(box)
        else:
            self._painted[box] = self._before
            self._changed.add(box)

    def _note(self, event: Any) -> None:
        for box, painted in self._painted.items():
            if any(layer is event.source for layer in painted.layers_now().values()):
                self._changed.add(box)


@dataclass(frozen=True)
class _Painted:
    """A request and the layers that it names."""

    request: AnnotationRequest
    layers: Mapping[str, weakref.ref[Layer]]

    def layers_now(self) -> dict[str, Layer]:
        """The layers that still exist by the name that they had."""
        return {name: layer for name, ref in self.layers.items() if (layer := ref()) is not None}

    def request_now(self) -> AnnotationRequest:
        """The request with the names that its layers have now; one that is gone keeps its own."""
        now = {name: layer.name for name, layer in self.layers_now().items()}
        used = {name: chosen for name, chosen in self.request.classes.items() if chosen}
        return replace(
            self.request, classes={now.get(name, name): chosen for name, chosen in used.items()}
        )


def _place(folder: Path | None) -> Path | None:
    return None if folder is None else folder.resolve()
