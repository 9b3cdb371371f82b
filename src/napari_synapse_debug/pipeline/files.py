"""Evaluation and diagnosis of files that other programs made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.events import QuietContext, StepContext
from napari_synapse_debug.domain.grid import Box, Grid, TripleNm
from napari_synapse_debug.domain.project import StepParams
from napari_synapse_debug.domain.records import (
    CANDIDATES,
    CONTACTS,
    ENDS,
    PREDICTION,
    conform,
    points,
)
from napari_synapse_debug.domain.roles import ClassSpec, Role
from napari_synapse_debug.evaluate import look_up_segments
from napari_synapse_debug.io import (
    Volume,
    check_points,
    read_synapses,
    read_table,
)
from napari_synapse_debug.pipeline.case import Case
from napari_synapse_debug.pipeline.diagnosis import diagnose_case, write_findings
from napari_synapse_debug.pipeline.evaluation import judge, write_judged
from napari_synapse_debug.pipeline.file_volumes import as_probability, open_volumes
from napari_synapse_debug.pipeline.outcome import describe_score, error_rows

DEFAULT_THRESHOLD = 0.5

_COARSE_NM = 10.0
"""Voxels where there are no volumes: fine enough to tell clefts apart, few enough to hold."""


@dataclass(frozen=True)
class Files:
    """What is to be judged: two tables, and whatever else there is.

    Volumes are ``FILE[:DATASET]``. Without any volume the voxel size is that given, or 10 nm,
    and the box is everything.
    """

    prediction: Path
    truth: Path
    segmentation: str | None = None
    true_segmentation: str | None = None
    probability: str | None = None
    mask: str | None = None
    candidates: Path | None = None
    contacts: Path | None = None
    params: Path | None = None
    box: str | None = None
    voxel_size_nm: TripleNm | None = None


@dataclass(frozen=True)
class FilesJudged:
    """The score in words, and the errors by stage (empty for ``evaluate``)."""

    score: str
    errors: tuple[Mapping[str, Any], ...]


def judge_files(
    step: str, files: Files, folder: Path, context: StepContext | None = None
) -> FilesJudged:
    """Evaluate ``files``, and diagnose them where ``step`` is ``diagnose``; writes to ``folder``.

    Raises
    ------
    InputError
        A file that is not there, cannot be used, or does not fit the others.
    """
    case = case_of_files(files)
    judged = judge(case)
    write_judged(judged, folder)
    if step == "diagnose":
        judge_name = judged.content["row_judge"]
        context = context or QuietContext()
        write_findings(diagnose_case(case, judged.matches, judge_name, context), folder)
        return FilesJudged(describe_score(folder), error_rows(folder))
    return FilesJudged(describe_score(folder), ())


def case_of_files(files: Files) -> Case:
    """The case that ``files`` describe, checked.

    Raises
    ------
    InputError, DataError
        See ``judge_files``.
    """
    named = {
        "segmentation": files.segmentation,
        "true segmentation": files.true_segmentation,
        "mask": files.mask,
        "probability": files.probability,
    }
    volumes = open_volumes(named, files.voxel_size_nm)
    truth = read_synapses(files.truth)
    prediction = _read_prediction(files.prediction)
    grid = next((v.grid for v in volumes.values()), None)
    if grid is None:
        everything = np.concatenate([points(t, e) for t in (truth, prediction) for e in ENDS])
        grid = _grid_around(everything, files.voxel_size_nm)
    else:
        check_points(truth, grid, str(files.truth))
        check_points(prediction, grid, str(files.prediction))
    params = _read_params(files.params)
    if "segmentation" in volumes and params.evaluate.judge != "column":
        in_use = volumes["segmentation"]
        prediction = _with_segments(prediction, in_use, params.evaluate.snap_nm)
    synapses = params.synapses.model_copy(
        update={
            "threshold": DEFAULT_THRESHOLD
            if params.synapses.threshold is None
            else params.synapses.threshold,
            "min_size_vx": params.synapses.min_size_vx or 0,
        }
    )
    probability = volumes.get("probability")
    return Case(
        grid=grid,
        box=_read_box(files.box, grid),
        truth=truth,
        prediction=prediction,
        evaluate=params.evaluate,
        diagnose=params.diagnose,
        synapses=synapses,
        contact_params=params.contacts,
        classes=() if probability is None else (ClassSpec("synapse", Role.SYNAPSE),),
        candidates=_read(files.candidates, CANDIDATES),
        contacts=_read(files.contacts, CONTACTS),
        segmentation=volumes.get("segmentation"),
        true_segmentation=volumes.get("true segmentation"),
        probability=None if probability is None else as_probability(probability),
        clefts=volumes.get("mask"),
    )


def _with_segments(prediction: pd.DataFrame, in_use: Volume, snap_nm: float) -> pd.DataFrame:
    """The rows with the segments under their points; the columns of a file may be of another."""
    found = {
        f"{end}_segment": look_up_segments(
            points(prediction, end), in_use.array, in_use.grid, snap_nm
        )
        for end in ("pre", "post")
    }
    return prediction.assign(**found)


def _read_prediction(path: Path) -> Any:
    table = read_synapses(path, may_be_empty=True)
    missing = {"score": np.nan, "candidate": None, "contact": None}
    table = table.assign(**{name: v for name, v in missing.items() if name not in table.columns})
    return conform(table, PREDICTION, str(path))


def _read(path: Path | None, columns: Mapping[str, str]) -> Any:
    return None if path is None else read_table(path, columns)


def _read_params(path: Path | None) -> StepParams:
    if path is None:
        return StepParams()
    if not path.exists():
        raise InputError(
            "The file of parameters is not there", found=str(path), fix="correct the path"
        )
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise _unreadable(path, " ".join(str(error).split())) from error
    if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
        raise _unreadable(path, "no sections by name")
    return StepParams.build(**content)


def _unreadable(path: Path, found: str) -> InputError:
    return InputError(
        f"The file of parameters {path} cannot be read",
        found=found,
        expected="YAML with sections evaluate, diagnose, synapses, contacts",
        fix="write for example evaluate: {tolerance_nm: 200}",
    )


def _read_box(text: str | None, grid: Grid) -> Box:
    if text is None:
        return grid.box
    box = Box.parse(text)
    if not grid.box.holds(box):
        raise InputError(
            "The box reaches out of the volume",
            found=str(box),
            expected=f"a box within {grid.box}",
            fix="give the box in voxels zyx of the volume",
        )
    return box


def _grid_around(points_nm: NDArray[np.float64], voxel_size_nm: TripleNm | None) -> Grid:
    """A grid that holds all points, for tables without any volume."""
    size = voxel_size_nm or (_COARSE_NM, _COARSE_NM, _COARSE_NM)
    low = np.floor(points_nm.min(axis=0)) if len(points_nm) else np.zeros(3)
    high = points_nm.max(axis=0) if len(points_nm) else np.zeros(3)
    z, y, x = (int(n) for n in np.ceil((high - low) / np.asarray(size)) + 1)
    return Grid((z, y, x), size, (float(low[0]), float(low[1]), float(low[2])))
