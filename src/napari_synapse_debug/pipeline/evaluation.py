"""The step `evaluate`: match prediction and truth, score, and say how the clefts alone fare."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.records import points
from napari_synapse_debug.evaluate import (
    Evaluation,
    OverlapCounts,
    judge_ids,
    match_clefts,
    match_in_box,
    match_synapses,
    merge_overlaps,
    overlap_counts_in_block,
    score,
    score_clefts,
    score_overlap,
)
from napari_synapse_debug.io import write_json, write_table
from napari_synapse_debug.pipeline.case import Case, case_of_run, with_rule
from napari_synapse_debug.pipeline.plan import StepDone
from napari_synapse_debug.pipeline.work import Work

TOLERANCES_NM = (400.0, 200.0)
"""At which the clefts alone are compared by distance."""

_BLOCK_VX = (64, 256, 256)


@dataclass(frozen=True)
class Judged:
    """The matches (``records.MATCHES``, rule ``three_point``) and the content of evaluation.json.

    ``content`` holds the evaluation by the rule asked for, and under ``clefts`` detection alone:
    ``overlap``, ``cleft_400``, ``cleft_200``, as far as the inputs allow; ``row_judge`` is who
    judged the rows of ``matches``.
    """

    matches: pd.DataFrame
    content: dict[str, Any]


def evaluate(work: Work) -> StepDone:
    """Write ``matches.parquet`` and ``evaluation.json`` of the run.

    Raises
    ------
    ProjectError
        No truth.
    InputError
        The truth is empty in the box.
    """
    judged = judge(case_of_run(work))
    work.forget("evaluate")
    write_judged(judged, work.folder)
    content = judged.content
    made = f"{content['tp']} right, {content['fn']} missed, {content['fp']} false"
    counts = {name: content[name] for name in ("tp", "fn", "fp", "f1")}
    return StepDone(made, counts)


def write_judged(judged: Judged, folder: Path) -> None:
    """Write both results into ``folder``."""
    write_table(judged.matches, folder / "matches.parquet")
    write_json(folder / "evaluation.json", judged.content)


def judge(case: Case) -> Judged:
    """The matches and scores of ``case``.

    Raises
    ------
    InputError
        No true synapse lies in the box.
    """
    _check_truth(case)
    rows = with_rule(case, "three_point")
    identities = judge_ids(
        rows.truth, rows.prediction, rows.evaluate, case.look_up("gt"), case.look_up("in_use")
    )
    matches = match_synapses(
        rows.truth, rows.prediction, identities, rows.evaluate, rows.grid, rows.box
    )
    by_rows = score(
        matches, rows.truth, rows.prediction, identities, rows.evaluate, rows.grid, rows.box
    )
    clefts = _score_clefts(case)
    headline = {
        "three_point": by_rows,
        "overlap": clefts.get("overlap"),
        "cleft": _by_distance(case, case.evaluate.tolerance_nm),
    }[case.evaluate.rule]
    if headline is None:
        raise InputError(
            f"The rule {case.evaluate.rule} cannot be used",
            found="no true clefts, or no candidates, as voxels",
            expected="a mask of the true clefts and the candidates of a prediction",
            fix="use the rule three_point, or give the mask",
        )
    content = headline.model_dump(mode="json")
    content["summary"] = headline.summary()
    content["row_judge"] = identities.judge
    content["clefts"] = {name: _brief(part) for name, part in clefts.items()}
    return Judged(matches, content)


def _check_truth(case: Case) -> None:
    inside = case.box.contains(case.grid.to_index(points(case.truth, "cleft")))
    if not inside.any():
        raise InputError(
            "There is no true synapse to compare with",
            found=f"0 of {len(case.truth)} rows with their cleft in the box {case.box}",
            expected="at least one",
            fix="choose the box that was annotated; points are zyx in nm, boxes in voxels",
        )


def _score_clefts(case: Case) -> dict[str, Evaluation]:
    found: dict[str, Evaluation | None] = {"overlap": _by_overlap(case)}
    for tolerance in TOLERANCES_NM:
        found[f"cleft_{tolerance:.0f}"] = _by_distance(case, tolerance)
    return {name: part for name, part in found.items() if part is not None}


def _by_distance(case: Case, tolerance_nm: float) -> Evaluation | None:
    if case.candidates is None:
        return None
    rule = with_rule(case, "cleft", tolerance_nm)
    matches = match_clefts(rule.truth, case.candidates, rule.evaluate, rule.grid, rule.box)
    interface = None if case.contacts is None else points(case.contacts, "point")
    return score_clefts(
        matches, rule.truth, case.candidates, rule.evaluate, rule.grid, rule.box, interface
    )


def _by_overlap(case: Case) -> Evaluation | None:
    labels, clefts, candidates = case.candidate_labels, case.clefts, case.candidates
    if labels is None or clefts is None or candidates is None:
        return None
    kept = candidates.loc[candidates["is_kept"], "candidate"].to_numpy(np.int64)

    def count(block: Box) -> OverlapCounts:
        found = labels.read(block).astype(np.int64)
        return overlap_counts_in_block(
            np.where(np.isin(found, kept), found, 0), clefts.read(block).astype(np.int64)
        )

    margin = case.grid.margin_vx(case.evaluate.tolerance_nm)
    around = case.box.grow(margin, within=case.grid.box)
    counts = {
        box: merge_overlaps(count(block) for block in box.blocks(_BLOCK_VX))
        for box in (case.box, around)
    }
    match = match_in_box(counts[case.box], counts[around])
    return score_overlap(match, with_rule(case, "overlap").evaluate, case.box)


def _brief(evaluation: Evaluation) -> dict[str, Any]:
    names = ("rule", "n_truth", "n_prediction", "tp", "fp", "fn", "precision", "recall", "f1")
    content = {name: getattr(evaluation, name) for name in names}
    content["chance_f1"] = evaluation.chance_f1
    content["tolerance_nm"] = evaluation.params.tolerance_nm
    content["summary"] = evaluation.summary()
    return content
