"""The step `diagnose`: the stage and cause of every error."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from napari_synapse_debug.diagnose import (
    Budget,
    Evidence,
    Survey,
    Tools,
    diagnose_survey,
    error_budget,
    queue_suspects,
    survey_run,
)
from napari_synapse_debug.domain.events import StepContext
from napari_synapse_debug.domain.records import MATCHES, points
from napari_synapse_debug.evaluate import look_up_segments
from napari_synapse_debug.io import Volume, read_json, read_table, write_json, write_table
from napari_synapse_debug.pipeline.case import Case, case_of_run
from napari_synapse_debug.pipeline.local import LocalStages
from napari_synapse_debug.pipeline.plan import StepDone
from napari_synapse_debug.pipeline.tiles import TiledArray
from napari_synapse_debug.pipeline.work import Work, as_made

_ID_REACH_NM = 100.0
"""A truth's cleft point may lie this far beside its mask."""


BUDGET = "budget.json"
SUSPECTS = "suspects.parquet"


def diagnose(work: Work) -> StepDone:
    """Write ``findings.parquet``, ``suspects.parquet`` and ``budget.json`` of the run.

    Raises
    ------
    ProjectError
        The run was not evaluated.
    StepCancelledError
        Stopped; what was there before is unchanged.
    """
    matches, judge = matches_of_run(work)
    case = case_of_run(as_made(work, "contacts", "synapses", "evaluate"))
    survey = survey_case(case, matches, judge)
    findings = diagnose_survey(survey, work.context)
    wants_budget = case.diagnose.counterfactuals and case.diagnose.budget
    has_f1 = case.evaluate.scope == "complete"
    budget = error_budget(survey, findings, work.context) if wants_budget and has_f1 else None
    work.forget("diagnose")
    write_findings(findings, work.folder)
    suspects = queue_suspects(findings, matches, is_sparse=not has_f1)
    write_table(suspects, work.folder / SUSPECTS)
    if budget is None:
        (work.folder / BUDGET).unlink(missing_ok=True)
    else:
        write_json(work.folder / BUDGET, describe_budget(budget, case, judge))
    stages = findings["stage"].value_counts()
    made = ", ".join(f"{stage} {count}" for stage, count in stages.items()) or "no errors"
    confirmed = int(findings["confirmed"].fillna(False).sum())
    counts = {"errors": len(findings), "confirmed": confirmed}
    if wants_budget and not has_f1:
        made += "; no error budget, as a sparse truth has no F1"
    return StepDone(f"{len(findings)} errors ({confirmed} confirmed): {made}", counts)


def describe_budget(budget: Budget, case: Case, judge: str) -> dict[str, Any]:
    """The budget with all that its numbers go by, as it is written to ``budget.json``."""
    return {
        "rule": "three_point",
        "judge": judge,
        "tolerance_nm": case.evaluate.tolerance_nm,
        "scope": case.evaluate.scope_told,
        "box": str(case.box),
        **asdict(budget),
        "unexplained": budget.unexplained,
    }


def matches_of_run(work: Work) -> tuple[pd.DataFrame, str]:
    """The matches (``records.MATCHES``) of rule ``three_point``, and who judged them."""
    judge = str(read_json(work.folder / "evaluation.json")["row_judge"])
    return read_table(work.folder / "matches.parquet", MATCHES), judge


def diagnose_case(
    case: Case, matches: pd.DataFrame, judge: str, context: StepContext
) -> pd.DataFrame:
    """The findings (``records.FINDINGS``) of a case; see ``survey_case``."""
    return diagnose_survey(survey_case(case, matches, judge), context)


def survey_case(case: Case, matches: pd.DataFrame, judge: str) -> Survey:
    """A case made ready for diagnosis.

    Parameters
    ----------
    case : Case
        What is known.
    matches : DataFrame
        ``records.MATCHES`` of rule ``three_point``.
    judge : str
        Who judged them.
    """
    case = _in_tiles(case)
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
        high_threshold=case.synapses.high_threshold,
        classes=case.classes,
        candidates=case.candidates,
        contacts=case.contacts,
        fates=case.pairs,
        probability=_array(case.probability),
        predicted_box=case.predicted_box,
        candidate_labels=_array(case.candidate_labels),
        segmentation=_array(case.segmentation),
        true_segmentation=_array(case.true_segmentation),
        true_clefts=_array(_with_truth_ids(case)),
        contact_limits="" if case.contact_scene is None else case.contact_scene.limits,
        left_out=(*case.contact_params.excluded_segments, *case.contact_params.background),
    )
    stages = LocalStages(case)
    can_rerun = case.segmentation is not None and case.candidate_labels is not None
    tools = Tools(
        look_up_segments,
        faces=None if case.segmentation is None else stages.faces,
        stages=stages if can_rerun else None,
    )
    return survey_run(evidence, case.diagnose, tools)


def write_findings(findings: pd.DataFrame, folder: Path) -> None:
    """Write ``findings.parquet`` and ``findings.csv`` into ``folder``."""
    write_table(findings, folder / "findings.csv")
    write_table(findings, folder / "findings.parquet")


def _in_tiles(case: Case) -> Case:
    """The case with volumes whose tiles stay in memory, as crops of errors overlap."""
    names = ("segmentation", "true_segmentation", "probability", "candidate_labels", "clefts")
    volumes = {name: getattr(case, name) for name in (*names, "raw")}
    tiled = {
        name: replace(volume, array=TiledArray(volume.array))
        for name, volume in volumes.items()
        if volume is not None
    }
    return replace(case, **tiled)


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
