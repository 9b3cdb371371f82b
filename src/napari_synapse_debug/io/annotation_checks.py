"""Whether the annotated boxes of a project fit their volumes, and each other."""

from __future__ import annotations

from collections.abc import Iterator

from napari_synapse_debug.domain.errors import InputError, ProjectError
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.project import Annotation
from napari_synapse_debug.io.checks import check_mask, check_raw
from napari_synapse_debug.io.project import Project
from napari_synapse_debug.io.sound import SoundVolumes
from napari_synapse_debug.io.volumes import Volume


def check_annotations(project: Project, sound: SoundVolumes | None = None) -> None:
    """Refuse annotated boxes that cannot be learnt from, or that spoil the score.

    Parameters
    ----------
    project : Project
        That of the boxes.
    sound : SoundVolumes, optional
        Its volumes that were found sound; by default as they are kept with it.

    Raises
    ------
    InputError
        A box outside of its volume, a mask that does not fit it or is none, or a class with
        two roles.
    ProjectError
        A training box shares voxels with a validation box, or any with the evaluation box.
    DataError
        A file is damaged.
    """
    sound = sound or SoundVolumes(project)
    for annotation in project.config.annotations:
        raw = project.raw_of(annotation)
        sound.check(check_raw, raw, annotation.raw or project.config.raw)
        _check_box(annotation, raw)
        _check_masks(project, annotation, raw, sound)
    _check_roles(project)
    _check_apart(project)


def _check_box(annotation: Annotation, raw: Volume) -> None:
    box = Box.parse(annotation.box)
    if raw.grid.box.holds(box):
        return
    hint = f"; for example {box.intersect(raw.grid.box)}" if box.overlaps(raw.grid.box) else ""
    raise InputError(
        f"The {annotation} reaches out of its raw volume",
        found=str(box),
        expected=f"a box within {raw.grid.box}",
        fix=f"correct the box; it is in voxels z, y, x{hint}",
    )


def _check_masks(
    project: Project, annotation: Annotation, raw: Volume, sound: SoundVolumes
) -> None:
    if annotation.masks is None and annotation.raw is not None and project.config.masks:
        raise InputError(
            f"The {annotation} names no masks",
            found="a volume of its own, which the masks of the project do not belong to",
            expected="the masks that were painted on it, or none of them and a truth",
            fix="add --mask CLASS[:ROLE]=FILE[:DATASET], or masks: [] in project.yaml",
        )
    for mask in annotation.masks or ():
        volume = project.mask_of(annotation, mask)
        sound.check(check_mask, volume, mask.source)
        shapes = (raw.grid.shape, Box.parse(annotation.box).shape)
        if volume.grid.shape not in shapes:
            raise InputError(
                f"The mask {mask.name!r} of the {annotation} has another shape",
                found=f"{volume.name}: {volume.grid.shape} (z, y, x)",
                expected=f"{shapes[0]}, that of the raw volume, or {shapes[1]}, that of the box",
                fix="choose the mask that was painted on this volume",
            )


def _check_roles(project: Project) -> None:
    config = project.config
    masks = [mask for found in config.annotated for mask in config.masks_in(found)]
    roles = {spec.name: spec.role for spec in config.classes}
    for spec in (*(mask.spec for mask in masks), *config.point_classes):
        if roles[spec.name] is not spec.role:
            raise InputError(
                f"The class {spec.name!r} has two roles",
                found=f"{roles[spec.name]} and {spec.role}",
                expected="one role for each class",
                fix="give one of the two another name",
            )


def _check_apart(project: Project) -> None:
    config = project.config
    judged = config.box("eval")
    boxes = [(found, Box.parse(found.box)) for found in config.annotated]
    for first, second in _pairs(boxes, project):
        if first[0].use != second[0].use and first[1].overlaps(second[1]):
            raise _overlap(f"The {first[0]} and the {second[0]}", first[1], second[1])
    for annotation, box in boxes:
        is_same = _volume_of(annotation, project) == _volume_of(None, project)
        if judged is not None and is_same and box.overlaps(judged):
            is_short = annotation not in config.annotations
            name = "train box" if is_short else str(annotation)
            raise _overlap(f"The {name} and the evaluation box", box, judged)


Placed = tuple[Annotation, Box]


def _pairs(boxes: list[Placed], project: Project) -> Iterator[tuple[Placed, Placed]]:
    """Each two boxes that lie in one volume."""
    for number, first in enumerate(boxes):
        for second in boxes[number + 1 :]:
            if _volume_of(first[0], project) == _volume_of(second[0], project):
                yield first, second


def _volume_of(annotation: Annotation | None, project: Project) -> tuple[str, str | None]:
    named = None if annotation is None else annotation.raw
    source = project.config.raw if named is None else named
    return str(project.path_of(source).resolve()), source.dataset


def _overlap(what: str, first: Box, second: Box) -> ProjectError:
    return ProjectError(
        f"{what} overlap",
        found=f"{first} and {second}",
        expected="boxes without a common voxel, or the score is too good",
        fix="move one of them",
    )
