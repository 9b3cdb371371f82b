"""The layers of a run, in their order; nothing here touches a viewer.

Every layer carries the grid as scale, translate and nm, with points as voxel indices: a layer of
another scale would change the steps of the slider, one without units would switch units off.
"""

from __future__ import annotations

from collections.abc import Mapping

from napari.layers import Layer

from napari_synapse_debug.ui.names import LayerName
from napari_synapse_debug.ui.ports import Results
from napari_synapse_debug.ui.synapse_layers import table_layers
from napari_synapse_debug.ui.volume_layers import class_layers, label_layers, raw_layer


def build_layers(results: Results, before: Mapping[str, Layer] | None = None) -> list[Layer]:
    """All layers of ``results``, the lowest first; those that most need hide begin hidden.

    What was measured for the layers shown ``before``, by name, is not measured again.
    """
    volumes = results.volumes
    layers: list[Layer] = []
    if "raw" in volumes:
        layers.append(raw_layer(volumes["raw"], (before or {}).get(LayerName.RAW)))
    layers += label_layers(results)
    layers += class_layers(results)
    layers += table_layers(results)
    return layers
