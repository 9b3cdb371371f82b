"""Predict here: a box that someone is looking at, as fast as it can be shown.

The window names these functions, and a worker runs them: torch is imported there only.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.events import Event, QuietContext, StepContext
from napari_synapse_debug.domain.grid import Box, Triple
from napari_synapse_debug.domain.params import PredictParams
from napari_synapse_debug.io import Project, StoredArray, create_volume, load_project
from napari_synapse_debug.io.model_files import WEIGHTS

if TYPE_CHECKING:
    from napari_synapse_debug.predict import Predictor, ResamplingPredictor

PREVIEW = "preview.zarr"

_MODELS = 2
"""Models that a worker keeps: the one in use, and the one it is compared with."""

_FIRST_VX = 2_000_000
_LATER_VX = 6_000_000
"""Most voxels (of the network) of the first tile, about a second on two cores, and of others."""

_WIDTH = 16
"""Finest channels of the network for which that holds (size small); a wider one is given less."""

_CHUNK_VX = (16, 64, 64)


@dataclass(frozen=True)
class Preview:
    """Where a preview lies.

    Parameters
    ----------
    path : Path
        An OME-Zarr of probabilities, (class, z, y, x) uint8, of the box alone and with its
        place in the volume.
    box : Box
        Voxels of the raw volume.
    """

    path: Path
    box: Box


def predict_here(
    folder: Path,
    box: Box,
    *,
    run: str = "main",
    focus: Triple | None = None,
    context: StepContext | None = None,
) -> Preview:
    """Predict ``box`` into ``preview.zarr`` of the run, what is at ``focus`` first.

    The first event has no box and says that the (empty) preview is there to be shown. Each
    later one tells of a part that is written (``box_of`` the event, voxels of the raw volume).
    The small part around the focus comes first and is then done again with the rest, to the
    same values. Called again in the same process it finds the model loaded.

    Parameters
    ----------
    folder : Path
        The project.
    box : Box
        Voxels of the raw volume; it is cut to it.
    run : str
        Whose model predicts.
    focus : tuple of int, optional
        Voxel of the raw volume (zyx); default the middle of the box.
    context : StepContext, optional
        Hears of each part, and stops between two.

    Raises
    ------
    ProjectError
        There is no such project, or no model.
    InputError
        The box lies outside of the volume, or the volume does not fit the model.
    StepCancelledError
        A stop was asked for.
    """
    from napari_synapse_debug.pipeline.fit import choose_fit
    from napari_synapse_debug.predict import ResamplingPredictor, predict_blocks

    context = context or QuietContext()
    project = load_project(folder)
    raw = project.raw()
    inside = box.intersect(raw.grid.box)
    if inside.is_empty:
        raise InputError(
            "What is in view lies outside of the volume",
            found=str(box),
            expected=f"a part of {raw.grid.box}",
            fix="move the view to the volume",
        )
    predictor = warm_predictor(project, run)
    fit = choose_fit(raw, predictor.plan)
    used: Predictor | ResamplingPredictor = predictor
    if fit.is_resampled:
        used = ResamplingPredictor(predictor, fit.source.grid, fit.target)
    path = project.run_folder(run) / PREVIEW
    names = tuple(spec.name for spec in predictor.plan.classes)
    out = create_volume(path, raw.grid.crop(inside), "uint8", channels=names, chunks=_CHUNK_VX)
    context.report(Event("preview", "; ".join(("predicting what is in view", *fit.notes))))
    width = max(_WIDTH, predictor.plan.filters[0])
    most = tuple(voxels * _WIDTH // width for voxels in (_FIRST_VX, _LATER_VX))
    parts = _parts(inside, focus, used, most)
    array = cast(StoredArray, out.array)
    # a stop may come within a part: who does not heed it for two seconds is ended, model and all
    with predictor.stopping(context.should_stop):
        for blocks in (parts[:1], parts[1:]):  # apart, or the first would wait for the second
            for _ in predict_blocks(
                fit.source.array, blocks, used, array, context, origin=inside.start
            ):
                pass
    return Preview(path, inside)


def warm_up(folder: Path, *, run: str = "main", context: StepContext | None = None) -> None:
    """Load torch and the run's model into this process, so that ``predict_here`` starts at once.

    Raises
    ------
    ProjectError
        There is no such project, or no model.
    """
    (context or QuietContext()).report(Event("preview", "loading the model"))
    predictor = warm_predictor(load_project(folder), run)
    z, y, x = predictor.plan.align_vx  # twice that: what is thin is computed in another format
    predictor.predict(np.zeros((2 * z, 2 * y, 2 * x), np.uint8))


def warm_predictor(project: Project, run: str = "main") -> Predictor:
    """The predictor of the run's model, from memory where it was used before.

    Raises
    ------
    ProjectError
        There is no model.
    DataError
        A file of the model is damaged.
    """
    folder, params = project.model_folder(run), project.config.params.predict
    weights = folder / WEIGHTS
    changed = weights.stat().st_mtime_ns if weights.is_file() else 0
    return _load_predictor(folder, changed, params)


# One of the few things with a life of their own: a worker serves one user, who asks again and
# again for the same model. A model that is trained again has another time, hence another entry.
@lru_cache(maxsize=_MODELS)
def _load_predictor(folder: Path, changed: int, params: PredictParams) -> Predictor:  # noqa: ARG001
    from napari_synapse_debug.io.checkpoint import load_model
    from napari_synapse_debug.predict import Predictor

    return Predictor(load_model(folder), params.device, views=params.views)


def _parts(
    box: Box,
    focus: Triple | None,
    predictor: Predictor | ResamplingPredictor,
    most: tuple[int, ...],
) -> list[Box]:
    """A small part of ``box`` at ``focus``, and then all of it, the nearest first.

    ``most``: voxels that the network may see for the first, and for each later one.
    """
    middle = np.add(box.start, box.stop) // 2 if focus is None else np.asarray(focus)
    first, later = (_part_shape(box.shape, predictor, voxels) for voxels in most)

    def distance(part: Box) -> float:
        return float(np.linalg.norm(np.add(part.start, part.stop) / 2 - middle))

    rest = sorted((p.shift(box.start) for p in Box.of_shape(box.shape).blocks(later)), key=distance)
    if first == box.shape:
        return rest
    z, y, x = np.clip(middle - np.array(first) // 2, box.start, np.subtract(box.stop, first))
    return [Box.of_shape(first).shift((int(z), int(y), int(x))), *rest]


def _part_shape(shape: Triple, predictor: Predictor | ResamplingPredictor, most: int) -> Triple:
    """``shape``, or a part of it for which the network sees no more than ``most`` voxels."""
    part = shape
    while predictor.network_voxels(part) > most:
        smaller = predictor.smaller_block(part, (1, 1, 1))
        if smaller is None:
            break
        part = smaller
    return part
