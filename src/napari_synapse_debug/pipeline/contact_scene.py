"""What contacts are looked for in: the segmentation, and the layers and the box that limit them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_synapse_debug.contacts import Masks
from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.io import Project, SoundVolumes, Volume, check_mask, check_segmentation


@dataclass(frozen=True)
class ContactScene:
    """What contacts are looked for in.

    Parameters
    ----------
    segmentation : Volume
        (Z, Y, X) integers.
    background, region : Volume or None
        Of the same shape; background where the one is not 0, contacts only where the other is not.
    box : Box
        Contacts are looked for inside.
    limits : str
        What limits them, in words; empty where they are looked for everywhere.
    """

    segmentation: Volume
    background: Volume | None
    region: Volume | None
    box: Box
    limits: str

    def masks(self, read: Box) -> Masks:
        """The masks of a block; what lies outside the box is outside the region."""
        background = None if self.background is None else self.background.read(read)
        region = None if self.region is None else self.region.read(read) != 0
        if not self.box.holds(read):
            inside = np.zeros(read.shape, dtype=bool)
            inside[self.box.intersect(read).relative_to(read).slices] = True
            region = inside if region is None else region & inside
        return Masks(background, region)


def open_contact_scene(project: Project) -> ContactScene:
    """What the parameters of contacts of a project name, opened and checked.

    Raises
    ------
    ProjectError
        The project has no segmentation, or lacks a layer that the parameters name.
    InputError
        It does not hold whole numbers, or a layer or the box does not fit it.
    """
    segmentation, sound = project.segmentation(), SoundVolumes(project)
    if (source := project.config.segmentation) is not None:
        sound.check(check_segmentation, segmentation, source)
    params = project.config.params.contacts
    whole = segmentation.grid.box
    box = whole if params.box is None else Box.parse(params.box)
    if not whole.holds(box):
        raise InputError(
            "The box for contacts lies outside the segmentation",
            found=str(box),
            expected=f"a box in {whole}",
            fix="correct contacts.box",
        )
    named = {
        "the box": params.box,
        "the region layer": params.region_layer,
        "what is left by the background layer": params.background_layer,
    }
    return ContactScene(
        segmentation,
        _layer(sound, project, params.background_layer, segmentation),
        _layer(sound, project, params.region_layer, segmentation),
        box,
        " and ".join(f"{what} {name}" for what, name in named.items() if name is not None),
    )


def _layer(
    sound: SoundVolumes, project: Project, name: str | None, segmentation: Volume
) -> Volume | None:
    """The mask or extra layer ``name``, checked to fit the segmentation."""
    if name is None:
        return None
    masks = {mask.name: mask.source for mask in project.config.masks}
    layer = project.mask(name) if name in masks else project.extra_layer(name)
    sound.check(check_mask, layer, (project.config.extra_layers | masks)[name])
    if layer.grid.shape != segmentation.grid.shape:
        raise InputError(
            f"The layer {name!r} and the segmentation differ in size",
            found=f"shape {layer.grid.shape}",
            expected=f"shape {segmentation.grid.shape}",
            fix="name a mask or extra layer of the same volume",
        )
    return layer
