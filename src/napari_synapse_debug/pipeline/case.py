"""A case: all that is known about a prediction and its truth, from a project or from files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import ProjectError
from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.params import (
    ContactParams,
    DiagnoseParams,
    EvaluateParams,
    SynapseParams,
)
from napari_synapse_debug.domain.partner_model import PartnerModel
from napari_synapse_debug.domain.project import Source
from napari_synapse_debug.domain.records import CANDIDATES, CONTACTS, PAIRS, PREDICTION
from napari_synapse_debug.domain.roles import ClassSpec
from napari_synapse_debug.evaluate import look_up_segments
from napari_synapse_debug.io import Project, Volume, open_volume, read_table
from napari_synapse_debug.pipeline.candidate_pairs import SOMATA
from napari_synapse_debug.pipeline.contact_scene import ContactScene, open_contact_scene
from napari_synapse_debug.pipeline.overlay import true_clefts
from napari_synapse_debug.pipeline.package_file import refuse_package
from napari_synapse_debug.pipeline.partners import partners_of_run
from napari_synapse_debug.pipeline.predicted import PREDICTION as PROBABILITY
from napari_synapse_debug.pipeline.predicted import predicted_box
from napari_synapse_debug.pipeline.synapses import resolve_params
from napari_synapse_debug.pipeline.work import Work


@dataclass(frozen=True)
class Case:
    """A prediction, its truth, and what lies between; all but the two tables may be missing.

    Parameters
    ----------
    grid : Grid
        Grid of the volumes.
    box : Box
        What is evaluated, in voxels of ``grid``.
    truth, prediction : DataFrame
        ``records.TRUTH`` and ``records.PREDICTION``.
    evaluate, diagnose, synapses, contact_params
        Parameters; threshold and smallest size are filled in.
    classes : tuple of ClassSpec
        Channels of ``probability``.
    predicted_box : Box, optional
        Where there is a prediction; None: everywhere.
    partners : PartnerModel, optional
        That the run used; None: the rule.
    somata : DataFrame, optional
        Where neurons are as thick as somata, as the run found them.
    contact_scene : ContactScene, optional
        Layers and a box that the run's contacts were limited by; None: nothing limits them.
    """

    grid: Grid
    box: Box
    truth: pd.DataFrame
    prediction: pd.DataFrame
    evaluate: EvaluateParams
    diagnose: DiagnoseParams
    synapses: SynapseParams
    contact_params: ContactParams
    classes: tuple[ClassSpec, ...] = ()
    candidates: pd.DataFrame | None = None
    contacts: pd.DataFrame | None = None
    pairs: pd.DataFrame | None = None
    segmentation: Volume | None = None
    true_segmentation: Volume | None = None
    probability: Volume | None = None
    predicted_box: Box | None = None
    candidate_labels: Volume | None = None
    clefts: Volume | None = None
    raw: Volume | None = None
    partners: PartnerModel | None = None
    somata: pd.DataFrame | None = None
    contact_scene: ContactScene | None = None

    def look_up(self, which: str) -> Callable[[NDArray[np.float64]], NDArray[np.uint64]] | None:
        """Segments under points (N, 3) in the ``gt`` or ``in_use`` segmentation, if it is there."""
        volume = self.true_segmentation if which == "gt" else self.segmentation
        if volume is None:
            return None
        found = volume
        return lambda points_nm: look_up_segments(
            points_nm, found.array, found.grid, self.evaluate.snap_nm
        )


def case_of_run(work: Work) -> Case:
    """The case of a project's run.

    Raises
    ------
    ProjectError
        The project has no truth, or the run no synapses, or it is a work package.
    """
    config, folder = work.project.config, work.folder
    refuse_package(work.project.folder, "to score")
    if config.truth is None:
        raise ProjectError(
            "There is no truth to compare with",
            found="a project without a 3-point table",
            expected="truth: TABLE.csv in project.yaml",
            fix="make the project with --truth, or look at the prediction alone with `view`",
        )
    raw = work.project.raw()
    has_true = config.true_segmentation is not None
    return Case(
        grid=raw.grid,
        box=config.box("eval") or raw.grid.box,
        truth=work.project.truth(),
        prediction=read_table(folder / "synapses.parquet", PREDICTION),
        evaluate=work.params.evaluate,
        diagnose=work.params.diagnose,
        synapses=resolve_params(work),
        contact_params=work.params.contacts,
        classes=config.classes,
        candidates=read_table(folder / "candidates.parquet", CANDIDATES),
        contacts=read_table(folder / "contacts.parquet", CONTACTS),
        pairs=read_table(folder / "pairs.parquet", PAIRS),
        segmentation=work.project.segmentation(),
        true_segmentation=work.project.true_segmentation() if has_true else None,
        probability=_stored(folder / PROBABILITY),
        predicted_box=predicted_box(folder),
        candidate_labels=_stored(folder / "candidates.zarr"),
        clefts=true_clefts(work.project),
        raw=raw,
        partners=partners_of_run(folder),
        somata=_table(folder / SOMATA),
        contact_scene=_limits_of_contacts(work.project),
    )


def with_rule(case: Case, rule: str, tolerance_nm: float | None = None) -> Case:
    """The case under another rule, and tolerance if one is given."""
    update: dict[str, object] = {"rule": rule}
    if tolerance_nm is not None:
        update["tolerance_nm"] = tolerance_nm
    return replace(case, evaluate=case.evaluate.model_copy(update=update))


def _limits_of_contacts(project: Project) -> ContactScene | None:
    scene = open_contact_scene(project)
    return scene if scene.limits else None


def _table(path: Path) -> pd.DataFrame | None:
    return read_table(path) if path.exists() else None


def _stored(path: Path) -> Volume:
    return open_volume(Source(path=str(path)))
