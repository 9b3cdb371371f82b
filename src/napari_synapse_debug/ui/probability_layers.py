"""Layers of probabilities that are being written."""

from __future__ import annotations

from napari.layers import Image

from napari_synapse_debug.ui.palette import CLASS_COLORMAPS
from napari_synapse_debug.ui.placing import placed
from napari_synapse_debug.ui.ports import Volume
from napari_synapse_debug.ui.volume_layers import Channel, in_section


def probability_layers(volume: Volume | None, mark: str) -> list[Image]:
    """A visible layer ``P(CLASS) MARK`` of each channel; none without a volume."""
    if volume is None:
        return []
    return [
        Image(
            Channel(volume.array, number),
            name=f"P({channel}) {mark}",
            colormap=CLASS_COLORMAPS[number % len(CLASS_COLORMAPS)],
            contrast_limits=(0, 255),
            blending="additive",
            opacity=0.6,
            projection_mode="none",
            **in_section(volume.grid),
            **placed(volume.grid),
        )
        for number, channel in enumerate(volume.channels or ())
    ]
