"""Layers of volumes: the EM image, segmentations, partners, probabilities, masks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from napari.layers import Image, Labels, Layer
from napari.utils.colormaps import Colormap, CyclicLabelColormap
from numpy.typing import NDArray

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.ui import palette
from napari_synapse_debug.ui.layer_info import SOURCE_KEY
from napari_synapse_debug.ui.names import LayerName, mask_name, probability_name
from napari_synapse_debug.ui.partner_volume import PartnerVolume
from napari_synapse_debug.ui.placing import placed
from napari_synapse_debug.ui.ports import Results, Volume

HEADROOM = 0.3
"""Part of the range of greys that is kept free above the brightest tissue."""


_WINDOWS = 12
"""So many windows, each a part of one section, tell the contrast of a volume."""

_WINDOW_VX = 256

_STEPS = (0.8192, 0.6711, 0.5497)
"""Multiples of these, modulo 1, fill a cube evenly (Roberts 2018, the R3 sequence)."""


def raw_layer(raw: Volume, before: Layer | None = None) -> Image:
    """The EM image; contrast from small windows, or as in ``before`` if it shows the same data."""
    if isinstance(before, Image) and _shows(before, raw):
        limits = before.contrast_limits
    else:
        limits = _raw_contrast(raw.array)
    return Image(
        raw.array,
        name=str(LayerName.RAW),
        colormap="gray",
        contrast_limits=limits,
        projection_mode="none",
        metadata=_origin(raw),
        **in_section(raw.grid),
        **placed(raw.grid),
    )


def in_section(grid: Grid) -> dict[str, Any]:
    """What has an image show one section in 3D, the middle one: a volume would hide all else."""
    middle = tuple((edge - 1) / 2 for edge in grid.shape)
    plane = {"position": middle, "normal": (1, 0, 0), "thickness": 1}
    return {"depiction": "plane", "plane": plane}


def move_section(image: Image, place_nm: NDArray[np.float64]) -> None:
    """In 3D show the section of ``image`` at ``place_nm``, (3,), zyx."""
    image.plane.position = tuple(((place_nm - image.translate) / image.scale).tolist())


def label_layers(results: Results) -> Iterator[Labels]:
    """Segmentations and candidates, hidden, and the partners of the selected finding."""
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


def class_layers(results: Results) -> Iterator[Image]:
    """Probabilities, masks and further volumes, all hidden."""
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
        kind, _, of = key.partition(":")
        is_mask = kind == "mask"
        name, top = (
            (mask_name(of), 1.0) if is_mask else (f"{kind} {of}", _contrast(volume.array)[1])
        )
        yield _overlay(volume.array, volume.grid, name, colormap, top)


def _partners(segmentation: Volume) -> Labels:
    # labels 0, 1, 2; a direct colormap would have napari compile its mapping for a second
    hues = CyclicLabelColormap(colors=["transparent", palette.PRE, palette.POST])
    layer = Labels(
        PartnerVolume(segmentation.array),
        name=str(LayerName.PARTNERS),
        colormap=hues,
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
        **in_section(grid),
        **placed(grid),
    )


def _origin(volume: Volume) -> dict[str, str]:
    """Metadata that tell where the data of a layer were read from, if from a file."""
    name = getattr(volume.array, "name", None)
    return {} if name is None else {SOURCE_KEY: str(name)}


def _shows(layer: Image, volume: Volume) -> bool:
    """Whether ``layer`` shows the array of ``volume``, or one that was read from the same file."""
    shown, array, origin = layer.data, volume.array, _origin(volume)
    if shown is array:
        return True
    is_alike = (shown.shape, shown.dtype) == (array.shape, array.dtype)
    return is_alike and bool(origin) and layer.metadata.get(SOURCE_KEY) == origin[SOURCE_KEY]


def _raw_contrast(array: Any) -> tuple[float, float]:
    """Contrast limits that leave cytoplasm light grey, so that marks on it can be seen."""
    low, high = _contrast(array)
    return low, high + HEADROOM * (high - low)


def _contrast(array: Any) -> tuple[float, float]:
    windows = [window[::2, ::2].ravel() for window in _windows(array)]
    sample = np.concatenate(windows or [np.zeros(1)])
    low, high = np.percentile(sample, (0.5, 99.5))
    return float(low), float(high) if high > low else float(low) + 1.0


def _windows(array: Any) -> Iterator[NDArray[Any]]:
    """Parts of sections spread over ``array``, (y, x), none larger than a chunk."""
    chunks = getattr(array, "chunks", None) or array.shape
    height, width = (max(1, min(edge, _WINDOW_VX)) for edge in chunks[-2:])
    for number in range(_WINDOWS if 0 not in array.shape else 0):
        places = ((0.5 + number * step) % 1 for step in _STEPS)
        z, y, x = (int(place * edge) for place, edge in zip(places, array.shape, strict=True))
        top, left = y // height * height, x // width * width
        yield np.asarray(array[z, top : top + height, left : left + width])


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
