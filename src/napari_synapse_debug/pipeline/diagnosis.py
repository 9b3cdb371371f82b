"""The step `diagnose`: the stage and cause of every error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from napari_synapse_debug.diagnose import Evidence, Tools
from napari_synapse_debug.diagnose import diagnose as diagnose_errors
from napari_synapse_debug.domain.events import StepContext
from napari_synapse_debug.domain.records import MATCHES, points
from napari_synapse_debug.evaluate import look_up_segments
from napari_synapse_debug.io import Volume, read_json, read_table, write_table
from napari_synapse_debug.pipeline.case import Case, case_of_run
from napari_synapse_debug.pipeline.local import LocalStages
from napari_synapse_debug.pipeline.plan import StepDone
from napari_synapse_debug.pipeline.work import Work

_ID_REACH_NM = 100.0
"""A truth's cleft point may lie this far beside its mask."""


def diagnose(work: Work) -> StepDone:
    """Write ``findings.parquet`` of the run.

    Raises
    ------
    ProjectError
        The run was not evaluated.
    StepCancelledError
        Stopped.
    """
    matches = read_table(work.folder / "matches.parquet", MATCHES)
    judge = read_json(work.folder / "evaluation.json")["row_judge"]
    findings = diagnose_case(case_of_run(work), matches, judge, work.context)
    write_findings(findings, work.folder)
    stages = findings["stage"].value_counts()
    made = ", ".join(f"{stage} {count}" for stage, count in stages.items()) or "no errors"
    confirmed = int(findings["confirmed"].fillna(False).sum())
    counts = {"errors": len(findings), "confirmed": confirmed}
    return StepDone(f"{len(findings)} errors ({confirmed} confirmed): {made}", counts)


def diagnose_case(
    case: Case, matches: pd.DataFrame, judge: str, context: StepContext
) -> pd.DataFrame:
    """The findings (``records.FINDINGS``) of a case.

    Parameters
    ----------
    case : Case
        What is known.
    matches : DataFrame
        ``records.MATCHES`` of rule ``three_point``.
    judge : str
        Who judged them.
    context : StepContext
        Takes progress.
    """
    evidence = Evidence(
        truth=case.truth,
        prediction=case.prediction,
        matches=matches,
        grid=case.grid,
        box=case.box,
        evaluate=case.evaluate.model_copy(update={"rule": "three_point"}),
        judge=judge,
        threshold=case.synapses.threshold or 0.0,
        min_size_vx=case.synapses.min_size_vx or 0,
        classes=case.classes,
        candidates=case.candidates,
        contacts=case.contacts,
        fates=case.pairs,
        probability=_array(case.probability),
        candidate_labels=_array(case.candidate_labels),
        segmentation=_array(case.segmentation),
        true_segmentation=_array(case.true_segmentation),
        true_clefts=_array(_with_truth_ids(case)),
    )
    stages = LocalStages(case)
    can_rerun = case.segmentation is not None and case.candidate_labels is not None
    tools = Tools(
        look_up_segments,
        faces=None if case.segmentation is None else stages.faces,
        stages=stages if can_rerun else None,
    )
    return diagnose_errors(evidence, case.diagnose, tools, context)


def write_findings(findings: pd.DataFrame, folder: Path) -> None:
    """Write ``findings.parquet`` and ``findings.csv`` into ``folder``."""
    write_table(findings, folder / "findings.csv")
    write_table(findings, folder / "findings.parquet")


def _array(volume: Volume | None) -> Any:
    return None if volume is None else volume.array


def _with_truth_ids(case: Case) -> Volume | None:
    """The true cleft masks, if their ids are the ``synapse`` ids of the truth.

    A mask of one id for all clefts, or of other ids, does not say which cleft a voxel belongs
    to; zones are balls around the true cleft points then.
    """
    known = case.truth["synapse"].notna()
    if case.clefts is None or not known.any():
        return None
    rows = case.truth[known]
    ids = look_up_segments(points(rows, "cleft"), case.clefts.array, case.clefts.grid, _ID_REACH_NM)
    agree = ids == rows["synapse"].to_numpy(np.uint64)
    return case.clefts if agree.mean() > 0.5 else None
