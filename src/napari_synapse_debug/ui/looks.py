"""How the user wants our layers to look; new layers of the same name are given it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from napari.layers import Layer

_LOOKS = ("opacity", "blending", "colormap", "contrast_limits", "gamma", "contour")


class Looks:
    """What the user changed of layers since they were made, by their name in the run."""

    def __init__(self) -> None:
        self._made: dict[str, dict[str, Any]] = {}
        self._chosen: dict[str, dict[str, Any]] = {}

    def note(self, layers: Mapping[str, Layer]) -> None:
        """Remember how these layers, given by ``give`` before, look now."""
        for name, layer in layers.items():
            made = self._made.get(name, {})
            now = _looks_of(layer)
            self._chosen[name] = {key: now[key] for key in made if now[key] != made[key]}

    def give(self, name: str, layer: Layer) -> None:
        """Make the new ``layer`` look as the user wants the one called ``name``.

        What is made otherwise than the layer before, such as the contrast of other data, stays.
        """
        before, self._made[name] = self._made.get(name, {}), _looks_of(layer)
        for key, value in self._chosen.get(name, {}).items():
            if key in before and self._made[name].get(key) == before[key]:
                setattr(layer, key, value)

    def forget(self) -> None:
        """Leave all layers as they are made from now on."""
        self._made.clear()
        self._chosen.clear()


def _looks_of(layer: Layer) -> dict[str, Any]:
    return {key: getattr(layer, key) for key in _LOOKS if hasattr(layer, key)}
