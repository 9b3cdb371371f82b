"""What the Train dock asks for: a box in which layers were painted, or rows are complete."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.project import ProjectConfig
from napari_synapse_debug.domain.roles import Role
from napari_synapse_debug.ui.layer_info import LayerInfo
from napari_synapse_debug.ui.project_request import check_classes, class_name

StoreCrop = Callable[[Path, LayerInfo, Box, str], str]
"""Writes the part of a layer in a box, of a named class, into the project; returns its path."""


@dataclass(frozen=True)
class AnnotationRequest:
    """An annotated box.

    Parameters
    ----------
    box : Box
        Voxels of the project's raw volume.
    use : str
        ``train`` or ``validation``.
    classes : mapping of str to str
        ``CLASS`` or ``CLASS:ROLE`` by name of the labels layer in which it was painted.
    has_truth : bool
        The rows of the project's truth are complete in the box; synapses are painted from them.
    """

    box: Box
    use: str
    classes: Mapping[str, str] = field(default_factory=dict)
    has_truth: bool = False

    @property
    def chosen(self) -> dict[str, str]:
        """The classes without the layers that are not used."""
        return {layer: name for layer, name in self.classes.items() if name}


def class_choices(config: ProjectConfig, layer: LayerInfo) -> dict[str, str]:
    """What ``layer`` can be: the classes of the project, or a new one of each role; with words."""
    known = {spec.name: f"{spec.name} ({_words(spec.role)})" for spec in config.classes}
    names = {role: class_name(layer.name, role) for role in Role}
    new = {f"{n}:{r}": f"new: {_words(r)}" for r, n in names.items() if n not in known}
    return {"": "not used", **known, **new}


def annotation_arguments(
    request: AnnotationRequest,
    folder: Path,
    layers: Sequence[LayerInfo],
    grid: Grid,
    truth: str | None,
    store: StoreCrop,
) -> dict[str, Any]:
    """The arguments of ``pipeline.annotate_box`` after folder and box.

    Parameters
    ----------
    request : AnnotationRequest
        What was asked for.
    folder : Path
        The project.
    layers : sequence of LayerInfo
        The layers there are.
    grid : Grid
        Of the project's raw volume.
    truth : str or None
        File of the project's truth.
    store : callable
        Writes the crop of a layer.

    Raises
    ------
    InputError
        A layer does not lie on the raw volume, two layers are one class, or there is nothing to
        learn from.
    """
    check_classes(request.chosen)
    by_name = {layer.name: layer for layer in layers}
    masks = {}
    for name, chosen in request.chosen.items():
        _check_fits(_layer(name, by_name), grid)
        masks[chosen] = store(folder, by_name[name], request.box, chosen.partition(":")[0])
    if not masks and not request.has_truth:
        raise InputError(
            "Nothing was annotated in this box",
            found="no layer with a class, and no rows of the truth",
            expected="at least one",
            fix="choose the class of a labels layer, or tick the rows of the truth",
        )
    return {
        "masks": masks or None,
        "truth": truth if request.has_truth else None,
        "use": request.use,
    }


def _layer(name: str, layers: Mapping[str, LayerInfo]) -> LayerInfo:
    if name not in layers:
        raise InputError(
            f"The layer {name!r} that was painted for a box is gone",
            found=", ".join(layers) or "no labels layer",
            expected=f"a labels layer {name!r}",
            fix="add the box again from another layer, or take it out of the list (✕)",
        )
    return layers[name]


def _check_fits(layer: LayerInfo, grid: Grid) -> None:
    if layer.grid.shape != grid.shape:
        raise InputError(
            f"The layer {layer.name!r} does not lie on the EM volume",
            found=f"{layer.grid.shape} voxels (z, y, x)",
            expected=f"{grid.shape}, those of the EM volume",
            fix="paint on a labels layer made from the EM image (New labels layer)",
        )


def _words(role: Role) -> str:
    return str(role).replace("_", " ")
