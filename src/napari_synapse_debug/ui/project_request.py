"""What the Project dock asks for: which layer is what, and how a project is made of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box, TripleNm
from napari_synapse_debug.domain.roles import Role
from napari_synapse_debug.ui.layer_info import LayerInfo

Store = Callable[[Path, LayerInfo], str]
"""Writes a layer into the project folder and returns its ``FILE[:DATASET]``."""

RAW, SEGMENTATION, TRUE_SEGMENTATION, EXTRA = "raw", "segmentation", "true_segmentation", "extra"
MASK = "mask:"

USES: Mapping[str, str] = {
    "": "not used",
    RAW: "EM image",
    SEGMENTATION: "neuron segmentation",
    TRUE_SEGMENTATION: "true neuron segmentation",
    **{f"{MASK}{role}": f"mask: {role.replace('_', ' ')}" for role in Role},
    EXTRA: "only to look at",
}
"""What a layer can be, and how it is called in the window."""

_HINTS = (
    (r"true.*(seg|neuron)|gt.*seg", TRUE_SEGMENTATION),
    (r"seg|neuron", SEGMENTATION),
    (r"spine", f"{MASK}{Role.SPINE_HEAD}"),
    (r"shaft", f"{MASK}{Role.SHAFT}"),
    (r"soma", f"{MASK}{Role.SOMA}"),
    (r"cleft|syn", f"{MASK}{Role.SYNAPSE}"),
    (r"vesic", f"{MASK}{Role.VESICLE}"),
    (r"mito", f"{MASK}{Role.MITOCHONDRION}"),
    (r"membr", f"{MASK}{Role.MEMBRANE}"),
    (r"raw|em\b|image", RAW),
)


@dataclass(frozen=True)
class ProjectRequest:
    """A project to be made.

    Parameters
    ----------
    folder : Path
        Where.
    uses : mapping of str to str
        Use (a key of ``USES``) by layer name.
    truth : str or None
        File of the 3-point synapses.
    train_box, eval_box : Box or None
        Voxels of the raw volume.
    voxel_size_nm : tuple of float
        zyx.
    """

    folder: Path
    uses: Mapping[str, str]
    truth: str | None
    train_box: Box | None
    eval_box: Box | None
    voxel_size_nm: TripleNm


def guess_use(layer: LayerInfo) -> str:
    """What ``layer`` is by its name; an image whose name tells nothing is the EM image."""
    name = layer.name.lower()
    for pattern, use in _HINTS:
        if re.search(pattern, name) and (layer.is_labels or use != SEGMENTATION):
            return use
    return "" if layer.is_labels else RAW


def create_arguments(
    request: ProjectRequest,
    layers: Sequence[LayerInfo],
    store: Store,
) -> dict[str, Any]:
    """The arguments of ``pipeline.create_project`` after the folder.

    Parameters
    ----------
    request : ProjectRequest
        What was asked for.
    layers : sequence of LayerInfo
        The layers there are.
    store : callable
        Writes a layer that lives in memory and returns its ``FILE[:DATASET]``.

    Raises
    ------
    InputError
        No layer, or more than one, is the raw image; or two are one segmentation.
    """
    by_use: dict[str, list[LayerInfo]] = {}
    for layer in layers:
        by_use.setdefault(request.uses.get(layer.name, ""), []).append(layer)
    single = {use: _single(use, by_use) for use in (RAW, SEGMENTATION, TRUE_SEGMENTATION)}
    if single[RAW] is None:
        raise InputError(
            "No layer is the EM image",
            found="; ".join(f"{k}: {USES[v]}" for k, v in request.uses.items()) or "no layer",
            expected=f"one layer with the use “{USES[RAW]}”",
            fix="open a volume, or choose the use in the list of layers",
        )

    def source(layer: LayerInfo | None) -> str | None:
        return None if layer is None else layer.source or store(request.folder, layer)

    masks = {
        f"{class_name(layer.name)}:{use.removeprefix(MASK)}": source(layer)
        for use, found in by_use.items()
        if use.startswith(MASK)
        for layer in found
    }
    return {
        **{use: source(layer) for use, layer in single.items()},
        "masks": masks,
        "extra_layers": {class_name(x.name): source(x) for x in by_use.get(EXTRA, [])},
        "truth": request.truth,
        "train_box": None if request.train_box is None else str(request.train_box),
        "eval_box": None if request.eval_box is None else str(request.eval_box),
        "voxel_size_nm": request.voxel_size_nm,
    }


def class_name(layer_name: str) -> str:
    """A name for a class made of ``layer_name``: small letters, digits and underscores."""
    name = layer_name.lower().removeprefix("mask")
    return re.sub(r"[^0-9a-z]+", "_", name).strip("_") or "layer"


def _single(use: str, by_use: Mapping[str, Sequence[LayerInfo]]) -> LayerInfo | None:
    found = by_use.get(use, ())
    if len(found) > 1:
        raise InputError(
            f"More than one layer is the {USES[use]}",
            found=", ".join(layer.name for layer in found),
            expected="one",
            fix="set the others to “not used”",
        )
    return found[0] if found else None
