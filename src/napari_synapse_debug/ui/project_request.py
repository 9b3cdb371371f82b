"""What the Project dock asks for: which layer is what, and how a project is made of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Any

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box, TripleNm
from napari_synapse_debug.domain.roles import Role
from napari_synapse_debug.ui.layer_info import LayerInfo

Store = Callable[[LayerInfo, str], str]
"""Gives the ``FILE[:DATASET]`` of a layer, which it writes under a name where it must."""

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
    """What ``layer`` is by its name; an image whose name tells nothing is the EM image.

    Labels are never the EM image, an image is never the segmentation.
    """
    name, impossible = layer.name.lower(), RAW if layer.is_labels else SEGMENTATION
    for pattern, use in _HINTS:
        if re.search(pattern, name) and use != impossible:
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
        Gives the ``FILE[:DATASET]`` of a layer.

    Raises
    ------
    InputError
        No layer, or more than one, is the raw image; or two are one segmentation, or one class.
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
    classes = mask_classes({x.name: use for use, found in by_use.items() for x in found})
    check_classes(classes)
    extra: dict[str, LayerInfo] = {}
    for layer in by_use.get(EXTRA, ()):
        extra[free_name(class_name(layer.name), extra.__contains__)] = layer

    def source(layer: LayerInfo | None) -> str | None:
        return None if layer is None else store(layer, class_name(layer.name))

    named = {layer.name: layer for layer in layers}
    masks = {chosen: source(named[name]) for name, chosen in classes.items()}
    return {
        **{use: source(layer) for use, layer in single.items()},
        "masks": masks,
        "extra_layers": {name: source(layer) for name, layer in extra.items()},
        "truth": request.truth,
        "train_box": None if request.train_box is None else str(request.train_box),
        "eval_box": None if request.eval_box is None else str(request.eval_box),
        "voxel_size_nm": request.voxel_size_nm,
    }


def class_name(layer_name: str, default: str = "layer") -> str:
    """A name for a class made of ``layer_name``: small letters a–z, digits and underscores.

    ``default`` where it has none of these, as a name in another script.
    """
    name = layer_name.lower().removeprefix("mask")
    return re.sub(r"[^0-9a-z]+", "_", name).strip("_") or default


def free_name(name: str, is_taken: Callable[[str], bool]) -> str:
    """``name``, or the first of ``name_2``, ``name_3`` … that is not taken."""
    names = chain([name], (f"{name}_{number}" for number in count(2)))
    return next(free for free in names if not is_taken(free))


def mask_classes(uses: Mapping[str, str]) -> dict[str, str]:
    """``CLASS:ROLE`` of the layers that are masks, by layer name, of the ``uses`` by layer name."""
    roles = {name: use.removeprefix(MASK) for name, use in uses.items() if use.startswith(MASK)}
    return {name: f"{class_name(name, role)}:{role}" for name, role in roles.items()}


def check_classes(chosen: Mapping[str, str]) -> None:
    """Refuse one class for two layers, of which one would be lost.

    Parameters
    ----------
    chosen : mapping of str to str
        ``CLASS[:ROLE]`` by layer name.

    Raises
    ------
    InputError
        A class is there twice.
    """
    by_class: dict[str, list[str]] = {}
    for layer, text in chosen.items():
        by_class.setdefault(text.partition(":")[0], []).append(layer)
    for name, found in by_class.items():
        if len(found) > 1:
            raise InputError(
                f"More than one layer is the class {name!r}",
                found=", ".join(found),
                expected="one",
                fix="set the others to “not used”, or rename them if they are other classes",
            )


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
