"""The layers of a run: one function a sort, from values to napari layers; none touches a viewer.

Every layer carries the grid as scale, translate and nm, with points as voxel indices: a layer of
another scale would change the steps of the slider, one without units would switch units off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from napari.layers import Image, Labels, Layer, Points, Vectors
from napari.utils.colormaps import Colormap, DirectLabelColormap

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.records import ENDS, points
from napari_synapse_debug.ui import palette
from napari_synapse_debug.ui.layer_info import SOURCE_KEY
from napari_synapse_debug.ui.names import LayerName, probability_name
from napari_synapse_debug.ui.partner_volume import POST_LABEL, PRE_LABEL, PartnerVolume
from napari_synapse_debug.ui.ports import Results, Volume
from napari_synapse_debug.ui.synapse_points import SynapsePoints, predicted_points, truth_points

POINT_NM = 45.0
"""Width of a point in nm; ``canvas_size_limits`` keeps it legible at any zoom."""


HEADROOM = 0.3
"""Part of the range of greys that is kept free above the brightest tissue."""


def placed(grid: Grid) -> dict[str, Any]:
    """What puts a layer of voxel indices in its place in nm."""
    return {
        "scale": grid.voxel_size_nm,
        "translate": grid.offset_nm,
        "units": ("nm", "nm", "nm"),
        "axis_labels": ("z", "y", "x"),
    }


def build_layers(results: Results) -> list[Layer]:
    """All layers of ``results``, the lowest first; those that most need hide begin hidden."""
    volumes = results.volumes
    layers: list[Layer] = []
    if "raw" in volumes:
        layers.append(raw_layer(volumes["raw"]))
    layers += _label_layers(results)
    layers += _class_layers(results)
    layers += _table_layers(results)
    return layers


def raw_layer(raw: Volume) -> Image:
    """The EM image; contrast from a few sections, so that a large volume is not read whole."""
    return Image(
        raw.array,
        name=str(LayerName.RAW),
        colormap="gray",
        contrast_limits=_raw_contrast(raw.array),
        projection_mode="none",
        depiction="plane",  # in 3D the section of the finding, or the volume would hide all else
        plane={"position": (0, 0, 0), "normal": (1, 0, 0), "thickness": 1},
        metadata=_origin(raw),
        **placed(raw.grid),
    )


def finding_layer(grid: Grid) -> Points:
    """Circles with names around pre, cleft and post of the selected finding; hidden at first."""
    layer = Points(
        np.zeros((3, 3)),
        name=str(LayerName.FINDING),
        size=POINT_NM * 2 / grid.voxel_size_nm[2],
        face_color="transparent",
        border_color=[palette.END_HUE[end] for end in ENDS],
        border_width=0.05,
        features={"label": ["pre", "", "post"]},
        text={
            "string": "{label}",
            "color": "white",
            "size": 11,
            "translation": (0, -POINT_NM * 1.6 / grid.voxel_size_nm[1], 0),
        },
        projection_mode="all",
        canvas_size_limits=(24, 40),
        blending="translucent_no_depth",
        visible=False,
        **placed(grid),
    )
    layer.editable = False
    return layer


def _label_layers(results: Results) -> Iterator[Labels]:
    names = {
        "segmentation": LayerName.SEGMENTATION,
        "true_segmentation": LayerName.TRUE_SEGMENTATION,
        "candidates": LayerName.CANDIDATES,
    }
    for key, name in names.items():
        if key in results.volumes:
            volume = results.volumes[key]
            yield _labels(volume, name, opacity=0.35)
    if "segmentation" in results.volumes:
        yield _partners(results.volumes["segmentation"])


def _partners(segmentation: Volume) -> Labels:
    hues = {None: "transparent", PRE_LABEL: palette.PRE, POST_LABEL: palette.POST}
    layer = Labels(
        PartnerVolume(segmentation.array),
        name=str(LayerName.PARTNERS),
        colormap=DirectLabelColormap(color_dict=hues),
        opacity=0.38,
        projection_mode="none",
        **placed(segmentation.grid),
    )
    layer.editable = False
    return layer


def _labels(volume: Volume, name: str, *, opacity: float) -> Labels:
    layer = Labels(
        volume.array,
        name=str(name),
        opacity=opacity,
        visible=False,
        projection_mode="none",
        metadata=_origin(volume),
        **placed(volume.grid),
    )
    layer.editable = False  # painting would write into the file at once
    return layer


def _class_layers(results: Results) -> Iterator[Image]:
    prediction = results.volumes.get("prediction")
    if prediction is not None:
        for i, channel in enumerate(prediction.channels or ()):
            colormap = palette.CLASS_COLORMAPS[i % len(palette.CLASS_COLORMAPS)]
            image = Channel(prediction.array, i)
            yield _overlay(image, prediction.grid, probability_name(channel), colormap, 255)
    hidden = [(k, v) for k, v in results.volumes.items() if k.startswith(("mask:", "extra:"))]
    for i, (key, volume) in enumerate(hidden):
        hue = palette.MASK_HUES[i % len(palette.MASK_HUES)]
        colormap = Colormap(["#000000", hue], name=f"black to {hue}")
        top = 1.0 if key.startswith("mask:") else _contrast(volume.array)[1]
        yield _overlay(volume.array, volume.grid, key.replace(":", " "), colormap, top)


def _overlay(array: Any, grid: Grid, name: str, colormap: Any, top: float) -> Image:
    return Image(
        array,
        name=str(name),
        colormap=colormap,
        contrast_limits=(0, top),
        blending="additive",
        opacity=0.6,
        visible=False,
        projection_mode="none",
        rendering="mip",
        **placed(grid),
    )


def _table_layers(results: Results) -> Iterator[Layer]:
    grid = results.grid
    if results.contacts is not None:
        yield Points(
            grid.to_fraction(points(results.contacts, "point")),
            name=str(LayerName.CONTACTS),
            features=results.contacts[["contact", "segment_a", "segment_b", "area_nm2"]],
            symbol="diamond",
            size=POINT_NM * 0.6 / grid.voxel_size_nm[2],
            face_color=palette.stage_hue("contact"),
            border_width=0,
            visible=False,
            canvas_size_limits=(4, 12),
            projection_mode="rescale_linear",
            **placed(grid),
        )
    if results.truth is not None:
        truth = truth_points(results.truth, results.matches, grid)
        yield _links(truth, LayerName.TRUTH_LINKS, grid)
        yield _points(truth, LayerName.TRUTH, grid)
    if results.synapses is not None:
        found = predicted_points(results.synapses, results.matches, grid)
        yield _links(found, LayerName.PREDICTION_LINKS, grid)
        yield _points(found, LayerName.PREDICTION, grid)


def _points(synapses: SynapsePoints, name: str, grid: Grid) -> Points:
    return Points(
        synapses.voxels,
        ndim=3,
        name=str(name),
        features=synapses.features,
        symbol=synapses.symbols or "disc",
        size=POINT_NM / grid.voxel_size_nm[2],
        face_color=synapses.colors or "white",
        border_width=0,
        # nm and voxels differ per axis: the spherical mode measures depth in voxels (napari#6914)
        projection_mode="rescale_linear",
        blending="translucent_no_depth",  # in 3D nothing hides a synapse
        **placed(grid),
    )


def _links(synapses: SynapsePoints, name: str, grid: Grid) -> Vectors:
    return Vectors(
        synapses.links,
        ndim=3,
        name=str(name),
        edge_color=synapses.link_colors or "white",
        edge_width=4.0 / grid.voxel_size_nm[2],
        vector_style="line",
        projection_mode="fade",
        blending="translucent_no_depth",
        opacity=0.8,
        **placed(grid),
    )


def _origin(volume: Volume) -> dict[str, str]:
    """Metadata that tell where the data of a layer were read from, if from a file."""
    name = getattr(volume.array, "name", None)
    return {} if name is None else {SOURCE_KEY: str(name)}


def _contrast(array: Any) -> tuple[float, float]:
    sections = array.shape[0]
    sample = np.concatenate(
        [np.asarray(array[i])[::8, ::8].ravel() for i in _spread(sections)] or [np.zeros(1)]
    )
    low, high = np.percentile(sample, (0.5, 99.5)) if sample.size else (0.0, 1.0)
    return float(low), float(high) if high > low else float(low) + 1.0


def _raw_contrast(array: Any) -> tuple[float, float]:
    """Contrast limits that leave cytoplasm light grey, so that marks on it can be seen."""
    low, high = _contrast(array)
    return low, high + HEADROOM * (high - low)


def _spread(count: int) -> Iterable[int]:
    return sorted({0, count // 2, count - 1}) if count else ()


class Channel:
    """One channel of a (C, Z, Y, X) array, read when it is sliced: (Z, Y, X)."""

    def __init__(self, array: Any, channel: int) -> None:
        self._array, self._channel = array, channel
        self.shape: tuple[int, ...] = tuple(array.shape[1:])
        self.dtype = np.dtype(array.dtype)
        self.ndim = len(self.shape)

    def __getitem__(self, index: Any) -> Any:
        parts = index if isinstance(index, tuple) else (index,)
        return np.asarray(self._array[(self._channel, *parts)])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self._array[self._channel], dtype=dtype)
