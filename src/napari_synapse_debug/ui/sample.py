"""The sample of the File menu: simulated neuropil with complete truth."""

from __future__ import annotations

from typing import Any

from napari_synapse_debug.ui.layers import build_layers

LayerData = tuple[Any, dict[str, Any], str]


def simulated_neuropil() -> list[LayerData]:
    """Layers of the embedded sample: the EM image, the segmentation, the masks, and the truth.

    Volumes are read when they are looked at; all carry their scale in nm.
    """
    from napari_synapse_debug import pipeline

    results = pipeline.open_results(pipeline.sample_folder())
    found: list[LayerData] = []
    for layer in build_layers(results):
        data, values, kind = layer.as_layer_data_tuple()
        found.append((data, values, kind))
    return found
