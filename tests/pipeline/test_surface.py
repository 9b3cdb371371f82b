"""F1 around the threshold in use, and the warning of a choice by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from napari_synapse_debug.domain.events import QuietContext
from napari_synapse_debug.domain.records import empty
from napari_synapse_debug.io import load_project, read_json
from napari_synapse_debug.pipeline import change_params, run_steps
from napari_synapse_debug.pipeline.surface import (
    SURFACE,
    doubt_choice,
    measure_surface,
    sizes_to_try,
)
from napari_synapse_debug.pipeline.synapses import resolve_params
from napari_synapse_debug.pipeline.whatif import load_whatif
from napari_synapse_debug.pipeline.work import Work

STEPS = ("contacts", "synapses", "evaluate")


def work_in(folder: Path) -> Work:
    return Work(load_project(folder), "main", "", QuietContext())


def at(table: pd.DataFrame, box: str, threshold: float, size: int) -> dict[str, Any]:
    here = (table["box"] == box) & (table["threshold"] == threshold)
    (row,) = table[here & (table["min_size_vx"] == size)].to_dict("records")
    return {str(name): value for name, value in row.items()}


def test_the_surface_holds_the_score_of_the_run_and_those_around_it(predicted: Path) -> None:
    change_params(predicted, {"synapses": {"threshold": 0.4}})
    run_steps(predicted, STEPS)
    whatif = load_whatif(predicted)
    assert sizes_to_try(whatif) == (2, 4, 9, 48), "all candidates have 48 voxels"
    table = measure_surface(whatif, work_in(predicted))
    assert len(table) == 2 * 3 * 4, "boxes, thresholds and sizes"
    assert sorted(set(table["threshold"])) == [0.3, 0.4, 0.5]

    score = read_json(predicted / "runs" / "main" / "evaluation.json")
    used = at(table, "eval", 0.4, 9)
    assert (used["tp"], used["fn"], used["fp"]) == (score["tp"], score["fn"], score["fp"])
    assert (used["tp"], used["fn"], used["fp"]) == (4, 3, 2)
    assert used["f1"] == pytest.approx(8 / 13)
    weak = at(table, "eval", 0.3, 9)
    assert (weak["tp"], weak["fn"], weak["fp"]) == (5, 2, 2), "synapse 2 is found from 0.3 on"
    learnt = at(table, "train", 0.4, 9)
    assert (learnt["tp"], learnt["fn"], learnt["fp"]) == (2, 0, 0), "synapses 7 and 9"


def test_without_judged_predictions_there_is_no_surface(predicted: Path) -> None:
    change_params(predicted, {"evaluate": {"scope": "sparse"}})
    run_steps(predicted, STEPS)
    table = measure_surface(load_whatif(predicted), work_in(predicted))
    assert list(table.columns) == list(SURFACE)
    assert len(table) == 0


def test_a_choice_by_hand_is_doubted_and_the_calibrated_is_not(predicted: Path) -> None:
    def told(**set_by_hand: Any) -> list[str]:
        change_params(predicted, {"synapses": set_by_hand})
        work = work_in(predicted)
        return doubt_choice(work, resolve_params(work), empty(SURFACE))

    assert told() == []
    assert told(threshold=0.5, min_size_vx=9) == [], "the same as calibrated"
    (text,) = told(threshold=0.4)
    assert "threshold 0.4 (calibrated 0.5)" in text
    assert "smallest size" not in text
    (text,) = told(min_size_vx=20)
    assert "smallest size 20 (calibrated 9)" in text
    (predicted / "models" / "main" / "calibration.json").unlink()
    (text,) = told(threshold=0.5, min_size_vx=9)
    assert "threshold 0.5 (no calibration), smallest size 9 (no calibration)" in text


@pytest.mark.parametrize(
    ("f1", "is_optimum"), [((0.7, 0.8), True), ((0.8, 0.7), False), ((0.8, 0.8), False)]
)
def test_the_optimum_of_the_evaluation_box_is_named(
    predicted: Path, f1: tuple[float, float], is_optimum: bool
) -> None:
    change_params(predicted, {"synapses": {"threshold": 0.4}})
    work = work_in(predicted)
    rows = {"box": "eval", "threshold": [0.3, 0.4], "min_size_vx": 9, "f1": f1}
    (text,) = doubt_choice(work, resolve_params(work), pd.DataFrame(rows))
    assert ("highest F1 of the evaluation box" in text) == is_optimum
    assert "is optimistic" in text
