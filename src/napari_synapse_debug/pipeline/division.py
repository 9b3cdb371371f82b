"""A part of the evaluation box is learnt from with what its review taught; the rest judges."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import numpy as np

from napari_synapse_debug.domain.errors import InputError, ProjectError
from napari_synapse_debug.domain.events import Event, StepContext
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.params import AgainParams
from napari_synapse_debug.domain.records import points
from napari_synapse_debug.io import Project, load_project, read_json, write_json
from napari_synapse_debug.pipeline.annotations import annotate_again
from napari_synapse_debug.pipeline.corrections import CORRECTED, write_corrected_truth
from napari_synapse_debug.pipeline.review import Review

STEP = "again"
DIVISION = "division.json"
"""In the folder of the model: which part of the evaluation box was, or was to be, learnt from."""

_LEAST_MARKED = 0.8
"""Part of the true synapses that the masks must mark for these to be learnt from."""

_NEAR_NM = 50.0
"""A mask so near to a cleft point marks it."""


def learn_reviewed(
    review: Review, params: AgainParams, model: str, context: StepContext
) -> Project:
    """The project with a part of its evaluation box annotated by the corrected truth."""
    project = review.project
    config, folder = project.config, project.model_folder(model)
    if config.eval_box is not None and config.eval_box == _judged(folder):
        return project  # this was done by a call that was killed then
    if config.truth is None:
        raise ProjectError(
            "There is no truth to learn from in the evaluation box",
            fix="add a 3-point table to the project, or learn from annotated boxes",
        )
    if config.eval_box is None and any(known.raw is None for known in config.annotated):
        raise ProjectError(
            "There is no evaluation box of which a part could be learnt from",
            found="the whole volume judges, with the boxes in which it was annotated",
            expected="an evaluation box apart from them",
            fix="write `eval_box: z0:z1,y0:y1,x0:x1` in project.yaml",
        )
    judged = config.box("eval") or project.raw().grid.box
    learnt, rest = _split(project, judged, params.learn_share)
    table = review.corrected_truth()
    for box, what in ((learnt, "to learn from"), (rest, "to judge by")):
        if not box.contains(project.raw().grid.to_index(points(table, "cleft"))).any():
            raise InputError(
                "The evaluation box cannot be divided so",
                found=f"no true synapse in {box}, the part {what}",
                expected="true synapses in both parts",
                fix="choose another share to learn from",
            )
    write_corrected_truth(project.folder)
    by_masks = params.learn_by == "masks" or (
        params.learn_by == "auto" and _are_marked(project, learnt)
    )
    by = {} if by_masks else {"truth": str(project.folder / CORRECTED)}
    with _dividing(learnt, rest, folder), _set_aside(project, review.run):
        annotate_again(project.folder, str(learnt), judged=rest, **by)
    how = "masks" if by_masks else "points"
    context.report(Event(STEP, f"learns {learnt} by its {how}; {rest} judges from now on"))
    return load_project(project.folder)


def _split(project: Project, box: Box, share: float) -> tuple[Box, Box]:
    """The first ``share`` of ``box`` along its longest axis in nm, and the rest."""
    lengths = np.multiply(box.shape, project.raw().grid.voxel_size_nm)
    axis = max((1, 2, 0), key=lambda k: float(lengths[k]))
    cut = box.start[axis] + max(1, min(box.shape[axis] - 1, round(share * box.shape[axis])))
    stop, start = list(box.stop), list(box.start)
    stop[axis] = start[axis] = cut
    return (
        Box(box.start, (stop[0], stop[1], stop[2])),
        Box((start[0], start[1], start[2]), box.stop),
    )


def _are_marked(project: Project, box: Box) -> bool:
    """Whether the masks of all classes of synapses mark the true clefts in ``box``."""
    names = [spec.name for spec in project.config.classes if spec.role.is_synapse]
    masks = {mask.name for mask in project.config.masks}
    if not names or not set(names) <= masks:
        return False
    grid, truth = project.raw().grid, project.truth()
    voxels = grid.to_index(points(truth[~truth["ignore"]], "cleft"))
    voxels = voxels[box.contains(voxels)]
    volumes = [project.mask(name) for name in names]
    marked = 0
    for z, y, x in voxels.tolist():
        near = Box((z, y, x), (z + 1, y + 1, x + 1)).grow(grid.margin_vx(_NEAR_NM), within=box)
        marked += any((volume.read(near) > 0).any() for volume in volumes)
    return marked >= _LEAST_MARKED * len(voxels)


@contextmanager
def _set_aside(project: Project, run: str) -> Iterator[None]:
    """A copy of the evaluation of ``run`` in a folder in it, named by the time."""
    folder = project.run_folder(run)
    place = folder / f"evaluated-{datetime.now().strftime('%Y%m%d-%H%M%S')}"
    files = [path for path in folder.iterdir() if path.is_file()]
    place.mkdir()
    try:
        for path in files:
            shutil.copy2(path, place / path.name)
        yield
    except BaseException:
        shutil.rmtree(place)
        raise


@contextmanager
def _dividing(learnt: Box, judged: Box, model_folder: Path) -> Iterator[None]:
    """A block that makes ``judged`` the evaluation box, noted before, and forgotten if it raises.

    A call that was killed learns by the note whether that had been done (``_judged``).
    """
    write_json(model_folder / DIVISION, {"learnt": str(learnt), "judged": str(judged)})
    try:
        yield
    except BaseException:
        (model_folder / DIVISION).unlink(missing_ok=True)
        if not any(model_folder.iterdir()):
            model_folder.rmdir()
        raise


def read_learnt(model_folder: Path) -> Box | None:
    """The part of the evaluation box that the model is to learn; None where there is none."""
    path = model_folder / DIVISION
    return Box.parse(str(read_json(path)["learnt"])) if path.exists() else None


def _judged(model_folder: Path) -> str | None:
    """The evaluation box that was noted by ``_dividing``; None where none was."""
    path = model_folder / DIVISION
    return str(read_json(path)["judged"]) if path.exists() else None
