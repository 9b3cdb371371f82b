"""Projects made from volumes, truth and boxes, as a user names them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from napari_synapse_debug.domain.errors import ProjectError
from napari_synapse_debug.domain.grid import Box, TripleNm
from napari_synapse_debug.domain.project import Annotation, Mask, ProjectConfig, Source
from napari_synapse_debug.domain.roles import ClassSpec, Kind, Role, parse_class
from napari_synapse_debug.io import (
    Project,
    check_annotations,
    check_project,
    load_project,
    move_annotation,
    open_volume,
    parse_source,
    read_synapses,
    save_config,
)
from napari_synapse_debug.io import create_project as write_project

Use = Literal["train", "validation"]


def create_project(  # noqa: PLR0913  one for each thing that a project names
    folder: Path,
    *,
    raw: str,
    segmentation: str | None = None,
    true_segmentation: str | None = None,
    masks: Mapping[str, str] | None = None,
    extra_layers: Mapping[str, str] | None = None,
    truth: str | None = None,
    train_box: str | None = None,
    eval_box: str | None = None,
    more_train_boxes: Sequence[str] = (),
    validation_boxes: Sequence[str] = (),
    point_classes: Sequence[str] = (),
    voxel_size_nm: TripleNm | None = None,
) -> Path:
    """A new project in ``folder``, after all that it names was opened and checked; its path.

    Parameters
    ----------
    folder : Path
        Is made; must not hold a project.
    raw, segmentation, true_segmentation : str
        ``FILE[:DATASET]``, from the working directory.
    masks : mapping
        ``CLASS[:ROLE]`` to ``FILE[:DATASET]``.
    extra_layers : mapping
        Name to ``FILE[:DATASET]``.
    truth : str
        CSV or Parquet.
    train_box, eval_box : str
        ``z0:z1,y0:y1,x0:x1``.
    more_train_boxes, validation_boxes : sequence of str
        Further boxes in which all masks (or the rows of the truth) are complete.
    point_classes : sequence of str
        ``CLASS[:ROLE]`` to be painted from the rows of the truth. Empty: the kinds in the
        truth, if there is a box to train on and no mask of synapses.
    voxel_size_nm : tuple of float
        z, y, x; needed where the raw file does not tell it.

    Raises
    ------
    InputError
        Something that is named is not there, cannot be used, or does not fit the rest.
    ProjectError
        There is a project already, or boxes overlap.
    """
    base = Path.cwd()
    raw_source = parse_source(raw)
    grid = open_volume(raw_source, base, voxel_size_nm).grid
    painted = _masks(masks or {})
    points = tuple(parse_class(text) for text in point_classes)
    if truth is not None and train_box is not None and not points:
        points = _kinds_without_mask(truth, [mask.spec for mask in painted])
    point_truth = truth if points else None
    config = ProjectConfig(
        name=folder.absolute().name,
        voxel_size_nm=grid.voxel_size_nm,
        offset_nm=grid.offset_nm,
        raw=raw_source,
        segmentation=_source(segmentation),
        true_segmentation=_source(true_segmentation),
        masks=painted,
        point_classes=points,
        annotations=(
            *(_plain_box(text, "train", point_truth) for text in more_train_boxes),
            *(_plain_box(text, "validation", point_truth) for text in validation_boxes),
        ),
        extra_layers={name: parse_source(text) for name, text in (extra_layers or {}).items()},
        truth=truth,
        train_box=None if train_box is None else str(Box.parse(train_box)),
        eval_box=None if eval_box is None else str(Box.parse(eval_box)),
    )
    check_project(Project(base, config))
    return write_project(folder, config, base).folder


def annotate_box(  # noqa: PLR0913  one for each thing that an annotation names
    folder: Path,
    box: str,
    *,
    masks: Mapping[str, str | None] | None = None,
    truth: str | None = None,
    use: Use = "train",
    raw: str | None = None,
    voxel_size_nm: TripleNm | None = None,
    config: ProjectConfig | None = None,
) -> Annotation:
    """The annotated box that was added to the project in ``folder``, after it was checked.

    Parameters
    ----------
    folder : Path
        The project.
    box : str
        ``z0:z1,y0:y1,x0:x1``, voxels of ``raw``.
    masks : mapping
        ``CLASS[:ROLE]`` to ``FILE[:DATASET]``, from the working directory; for a class of the
        project the role may be left out, and None stands for the project's own mask.
        None: all masks of the project, or with a truth none of them.
    truth : str
        3-point rows, complete in the box: synapses without a mask here are painted from them.
    use : str
        ``train`` or ``validation``.
    raw : str
        ``FILE[:DATASET]`` of another volume than that of the project.
    voxel_size_nm : tuple of float
        z, y, x of that volume, where its file does not tell.
    config : ProjectConfig
        The configuration to add it to in place of the stored one; both are saved at once.

    Raises
    ------
    InputError
        Something that is named is not there, cannot be used, or does not fit the rest.
    ProjectError
        There is no such project, it has no such mask, or boxes overlap.
    """
    project = load_project(folder)
    config = config or project.config
    base = Path.cwd()
    painted = None if masks is None else _masks_of(project, masks)
    if painted is None and truth is not None:
        painted = ()
    annotation = Annotation(
        box=str(Box.parse(box)),
        use=use,
        masks=painted,
        truth=truth,
        raw=_source(raw),
        voxel_size_nm=voxel_size_nm,
    )
    points = config.point_classes
    if truth is not None:
        specs = [*config.classes, *(mask.spec for mask in painted or ())]
        points = points or _kinds_without_mask(truth, specs)
    moved = move_annotation(annotation, base, project.folder)
    changed = Project(
        project.folder,
        config.model_copy(
            update={"annotations": (*config.annotations, moved), "point_classes": points}
        ),
    )
    check_annotations(changed)
    save_config(changed)
    return moved


def _source(text: str | None) -> Source | None:
    return None if text is None else parse_source(text)


def _masks(named: Mapping[str, str]) -> tuple[Mask, ...]:
    return tuple(_mask(parse_class(name), text) for name, text in named.items())


def _mask(spec: ClassSpec, text: str) -> Mask:
    return Mask(name=spec.name, role=spec.role, source=parse_source(text))


def _masks_of(project: Project, named: Mapping[str, str | None]) -> tuple[Mask, ...]:
    """Masks of an annotation; those of the project keep their role, and their file if None."""
    known = {mask.name: mask for mask in project.config.masks}
    roles = {spec.name: spec for spec in project.config.classes}
    masks = []
    for name, text in named.items():
        if text is not None:
            masks.append(_mask(roles.get(name) or parse_class(name), text))
        elif name in known:
            mask = known[name]
            path = str(project.path_of(mask.source))
            source = Source(path=path, dataset=mask.source.dataset)
            masks.append(mask.model_copy(update={"source": source}))
        else:
            raise ProjectError(
                f"The project has no mask {name!r}",
                found=", ".join(known) or "no mask",
                expected="one of them, or a file",
                fix=f"write --mask {name}:synapse=FILE[:DATASET]",
            )
    return tuple(masks)


def _plain_box(box: str, use: Use, truth: str | None) -> Annotation:
    return Annotation(box=str(Box.parse(box)), use=use, truth=truth)


def _kinds_without_mask(truth: str, specs: Sequence[ClassSpec]) -> tuple[ClassSpec, ...]:
    """A class for each kind in the table ``truth``; none where ``specs`` mark synapses."""
    if any(spec.role.is_synapse for spec in specs):
        return ()
    kinds = set(read_synapses(Path(truth).expanduser())["kind"])
    roles = [role for role in Role if role.is_synapse and role.kind in kinds - {Kind.UNKNOWN}]
    return tuple(ClassSpec(role.value, role) for role in roles or [Role.SYNAPSE])
