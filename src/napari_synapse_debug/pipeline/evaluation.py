"""The step `evaluate`: match prediction and truth, score, and say how the clefts alone fare."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.records import points
from napari_synapse_debug.evaluate import (
    ROW_RULES,
    Evaluation,
    Identities,
    OverlapCounts,
    check_counted,
    check_same_space,
    cremi_look_up,
    judge_ids,
    match_clefts,
    match_in_box,
    match_synapses,
    merge_overlaps,
    missing_segments,
    overlap_counts_in_block,
    score,
    score_clefts,
    score_overlap,
)
from napari_synapse_debug.io import write_json, write_table
from napari_synapse_debug.pipeline.case import Case, case_of_run, with_rule
from napari_synapse_debug.pipeline.overlay import cleft_instances
from napari_synapse_debug.pipeline.plan import StepDone
from napari_synapse_debug.pipeline.work import Work, as_made

ASKED = "asked_matches.parquet"
"""The matches by the rule asked for, where it is another than ``three_point``."""

TOLERANCES_NM = (400.0, 200.0)
"""At which the clefts alone are compared by distance."""

_BLOCK_VX = (64, 256, 256)

_LEARNT = (
    "No evaluation box is given: the whole volume is judged, with the boxes that are learnt from, "
    "so the score is too good."
)


@dataclass(frozen=True)
class Judged:
    """The matches (``records.MATCHES``, rule ``three_point``) and the content of evaluation.json.

    ``content`` holds the evaluation by the rule asked for, and under ``clefts`` detection alone:
    ``overlap``, ``cleft_400``, ``cleft_200``, as far as the inputs allow; ``row_judge`` is who
    judged the rows of ``matches``. ``asked`` are the matches by the rule asked for, if that is
    another one than ``three_point``; the rule ``overlap`` compares voxels and has none.
    """

    matches: pd.DataFrame
    content: dict[str, Any]
    asked: pd.DataFrame | None = None


def evaluate(work: Work) -> StepDone:
    """Write ``matches.parquet`` and ``evaluation.json`` of the run.

    Raises
    ------
    ProjectError
        No truth.
    InputError
        The truth is empty in the box.
    """
    judged = judge(case_of_run(as_made(work, "contacts", "synapses")))
    if work.box_is_learnt:
        judged.content["notes"] += [_LEARNT]
    work.forget("evaluate")
    write_judged(judged, work.folder)
    content = judged.content
    made = f"{content['tp']} right, {content['fn']} missed, {content['fp']} false"
    counts = {name: content[name] for name in ("tp", "fn", "fp", "f1")}
    return StepDone(made, counts)


def write_judged(judged: Judged, folder: Path) -> None:
    """Write the results into ``folder``: tables of matches, and the scores."""
    write_table(judged.matches, folder / "matches.parquet")
    if judged.asked is None:
        (folder / ASKED).unlink(missing_ok=True)
    else:
        write_table(judged.asked, folder / ASKED)
    write_json(folder / "evaluation.json", judged.content)


def judge(case: Case) -> Judged:
    """The matches and scores of ``case``.

    Raises
    ------
    InputError
        No true synapse of the box counts, truth and prediction are in different units or orders of
        axes, or an input lacks that the rule needs.
    """
    notes = check_same_space(case.truth, case.prediction, case.grid.voxel_size_nm)
    rows = with_rule(case, "three_point")
    identities = identities_of(rows)
    check_counted(case.truth, identities, rows.evaluate, case.grid, case.box)
    notes += _nameless(identities) + _unknown_ids(case, identities)
    matches, by_rows = _judge_rows(rows, identities)
    clefts = _score_clefts(case)
    asked, headline = None, by_rows
    if case.evaluate.rule in ROW_RULES[1:]:
        asked, headline = _judge_rows(case, identities_of(case))
    elif case.evaluate.rule != "three_point":
        asked, headline = _headline_of_clefts(case, clefts)
    content = headline.model_dump(mode="json")
    content["summary"] = headline.summary()
    content["notes"] = [*content["notes"], *notes]
    content["row_judge"] = identities.judge
    content["clefts"] = {name: _brief(part) for name, part in clefts.items()}
    return Judged(matches, content, asked)


def identities_of(case: Case) -> Identities:
    """Who judges the rows of ``case`` by its rule, and what they are."""
    in_gt = case.look_up("gt")
    if case.evaluate.rule == "cremi" and case.true_segmentation is not None:
        in_gt = cremi_look_up(case.true_segmentation.array, case.true_segmentation.grid)
    return judge_ids(case.truth, case.prediction, case.evaluate, in_gt, case.look_up("in_use"))


def _judge_rows(case: Case, identities: Identities) -> tuple[pd.DataFrame, Evaluation]:
    known = (case.truth, case.prediction, identities, case.evaluate, case.grid, case.box)
    matches = match_synapses(*known)
    return matches, score(matches, *known)


def _headline_of_clefts(
    case: Case, clefts: dict[str, Evaluation]
) -> tuple[pd.DataFrame | None, Evaluation]:
    """Matches and scores by the rules that compare clefts."""
    rule = case.evaluate.rule
    if rule == "overlap" and "overlap" in clefts:
        return None, clefts["overlap"]
    if rule == "cleft" and case.candidates is not None:
        return _judge_clefts(case, case.candidates, case.evaluate.tolerance_nm)
    raise InputError(
        f"The rule {rule} cannot be used",
        found="no true clefts, or no candidates, as voxels",
        expected="a mask of the true clefts and the candidates of a prediction",
        fix="use the rule three_point, or give the mask",
    )


def _nameless(identities: Identities) -> tuple[str, ...]:
    """What to say where one side has no ids at all, so that nothing can match."""
    sides = {"truth": identities.truth, "prediction": identities.prediction}
    return tuple(
        f"No row of the {name} is known to join any segments (judge {identities.judge}), so that "
        "nothing can match: give a segmentation, or choose evaluate.judge=none."
        for name, ids in sides.items()
        if identities.judge != "none" and len(ids) and not ids.any()
    )


def _unknown_ids(case: Case, identities: Identities) -> tuple[str, ...]:
    """What to say about ids in columns that no segmentation at hand has in or near the box."""
    volumes = [v for v in (case.segmentation, case.true_segmentation) if v is not None]
    seen = np.concatenate([identities.truth.ravel(), identities.prediction.ravel()])
    if not volumes:
        return ()
    around = case.box.grow(case.grid.margin_vx(case.evaluate.tolerance_nm), within=case.grid.box)
    notes = []
    for name, table in (("truth", case.truth), ("prediction", case.prediction)):
        inside = around.contains(case.grid.to_index(points(table, "cleft")))
        named = table.loc[inside, ["pre_segment", "post_segment"]].to_numpy(np.uint64)
        missing = np.setdiff1d(named, seen) if identities.judge in ("gt", "in_use") else named
        for volume in volumes:
            missing = missing_segments(missing, volume.array, volume.grid, around)
        if len(missing):
            rows = int(np.isin(named, missing).any(axis=1).sum())
            notes.append(
                f"{rows} of {len(named)} rows of the {name} name segments that are in no "
                f"segmentation in or near the box ({_first(missing)}); their columns pre_segment "
                "and post_segment seem to come from another volume."
            )
    return tuple(notes)


def _first(ids: NDArray[np.uint64]) -> str:
    shown = ", ".join(str(i) for i in ids[:3])
    return shown + (f" and {len(ids) - 3} more" if len(ids) > 3 else "")


def _score_clefts(case: Case) -> dict[str, Evaluation]:
    found: dict[str, Evaluation | None] = {"overlap": _by_overlap(case)}
    for tolerance in TOLERANCES_NM:
        found[f"cleft_{tolerance:.0f}"] = _by_distance(case, tolerance)
    return {name: part for name, part in found.items() if part is not None}


def _by_distance(case: Case, tolerance_nm: float) -> Evaluation | None:
    if case.candidates is None:
        return None
    return _judge_clefts(case, case.candidates, tolerance_nm)[1]


def _judge_clefts(
    case: Case, candidates: pd.DataFrame, tolerance_nm: float
) -> tuple[pd.DataFrame, Evaluation]:
    rule = with_rule(case, "cleft", tolerance_nm)
    matches = match_clefts(rule.truth, candidates, rule.evaluate, rule.grid, rule.box)
    interface = None if case.contacts is None else points(case.contacts, "point")
    return matches, score_clefts(
        matches, rule.truth, candidates, rule.evaluate, rule.grid, rule.box, interface
    )


def _by_overlap(case: Case) -> Evaluation | None:
    labels, clefts, candidates = case.candidate_labels, case.clefts, case.candidates
    if labels is None or clefts is None or candidates is None:
        return None
    kept = candidates.loc[candidates["is_kept"], "candidate"].to_numpy(np.int64)
    margin = case.grid.margin_vx(case.evaluate.tolerance_nm)
    around = case.box.grow(margin, within=case.grid.box)
    instances = cleft_instances(clefts, around)
    if instances is None:
        return None

    def count(block: Box) -> OverlapCounts:
        found = labels.read(block).astype(np.int64)
        return overlap_counts_in_block(
            np.where(np.isin(found, kept), found, 0), instances.read(block).astype(np.int64)
        )

    counts = {
        box: merge_overlaps(count(block) for block in box.blocks(_BLOCK_VX))
        for box in {case.box, around}  # one where the whole volume judges
    }
    match = match_in_box(counts[case.box], counts[around], case.evaluate.overlap_mode)
    return score_overlap(match, with_rule(case, "overlap").evaluate, case.box)


def _brief(evaluation: Evaluation) -> dict[str, Any]:
    names = ("rule", "n_truth", "n_prediction", "tp", "fp", "fn", "precision", "recall", "f1")
    content = {name: getattr(evaluation, name) for name in names}
    content["chance_f1"] = evaluation.chance_f1
    content["tolerance_nm"] = evaluation.params.tolerance_nm
    content["summary"] = evaluation.summary()
    return content
