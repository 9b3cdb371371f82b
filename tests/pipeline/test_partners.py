"""Who tells the partners: the toy has two true synapses in its train box, too few for a model."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from napari_synapse_debug.domain.errors import InputError, ProjectError
from napari_synapse_debug.domain.events import QuietContext
from napari_synapse_debug.domain.partner_model import PartnerCalibration, PartnerModel, Tree
from napari_synapse_debug.domain.records import CANDIDATES, CONNECTOME, PAIRS
from napari_synapse_debug.io import load_project, read_run, read_table
from napari_synapse_debug.io.partner_model import save_partner_model
from napari_synapse_debug.pipeline import change_params, export_connectome, run_steps
from napari_synapse_debug.pipeline import inputs as inputs_module
from napari_synapse_debug.pipeline.inputs import inputs_of
from napari_synapse_debug.pipeline.partners import (
    known_links,
    partner_lessons,
    partners_of_run,
)
from napari_synapse_debug.pipeline.synapses import resolve_params
from napari_synapse_debug.pipeline.work import Work

STEPS = ("contacts", "synapses")

VESICLES_TELL = PartnerModel(
    features=("vesicle against",),
    start=0.0,
    rate=1.0,
    trees=(
        Tree(
            feature=(0, 0, 0),
            threshold=(0, 0, 0),
            left=(1, 0, 0),
            right=(2, 0, 0),
            value=(0, 5, -5),
        ),
    ),
    calibration=PartnerCalibration(
        slope=1, shift=0, min_score=0.4, f1=1, direction_accuracy=1, brier=0, brier_of_rate=0.2
    ),
    synapses=24,
    pairs=70,
    candidates=31,
    polyadic=False,
)
"""Upside down: the side with fewer vesicles is pre."""


@pytest.fixture
def quick(predicted: Path) -> Path:
    """The toy with a painted prediction, and no thresholds beside the one in use."""
    change_params(predicted, {"synapses": {"live_levels": 0}})
    return predicted


def test_with_too_few_true_synapses_the_rule_serves_and_says_so(quick):
    summary = run_steps(quick, STEPS)
    assert "partners by the rule (2 true synapses" in summary.steps[-1].made
    assert partners_of_run(quick / "runs" / "main") is None
    pairs = read_table(quick / "runs" / "main" / "pairs.parquet", PAIRS)
    assert len(pairs) == 8
    assert pairs["p_synapse"].isna().all()
    assert pairs[["raw_a", "texture_b", "mitochondrion_a"]].notna().all(axis=None)


def test_a_model_that_came_along_is_used_and_kept_with_the_run(quick):
    run_steps(quick, STEPS)
    place = quick / "runs" / "main"
    before = read_table(place / "synapses.parquet")
    save_partner_model(quick / "models" / "main" / "partners.json", VESICLES_TELL)
    summary = run_steps(quick, STEPS, again=True)
    assert "own partner model" in summary.steps[-1].made
    after = read_table(place / "synapses.parquet")
    assert after["pre_segment"].tolist() == before["post_segment"].tolist()
    assert after["score"].tolist() == pytest.approx([1 / (1 + np.exp(-5))] * 8)
    assert partners_of_run(place) == VESICLES_TELL
    work = Work(load_project(quick), "main", "", QuietContext())
    assert resolve_params(work).min_score == 0.4
    change_params(quick, {"synapses": {"partners": "rule"}})
    run_steps(quick, STEPS)
    assert partners_of_run(place) is None
    assert resolve_params(Work(load_project(quick), "main", "", QuietContext())).min_score == 0


def test_a_model_that_cannot_be_had_is_refused(quick):
    change_params(quick, {"synapses": {"partners": "model"}})
    with pytest.raises(ProjectError, match="no model of partners"):
        run_steps(quick, STEPS)
    assert "synapses" not in read_run(quick / "runs" / "main").steps


def test_rows_of_the_evaluation_box_are_never_learnt_from(quick):
    lessons = partner_lessons(load_project(quick))
    assert lessons.rows["row"].tolist() == [7, 9]
    assert lessons.held_out is None
    config = quick / "project.yaml"
    text = config.read_text()
    config.write_text(text.replace("0:5,0:56,0:96", "0:14,0:56,0:96"))
    assert text != config.read_text()
    wide = partner_lessons(load_project(quick))
    assert wide.rows["row"].tolist() == [7, 9]
    assert wide.held_out is not None
    assert wide.fingerprint != lessons.fingerprint


def test_candidates_of_the_evaluation_box_are_never_learnt_from(quick):
    run_steps(quick, STEPS)
    place = quick / "runs" / "main"
    candidates = read_table(place / "candidates.parquet", CANDIDATES)
    pairs = read_table(place / "pairs.parquet", PAIRS)
    project = load_project(quick)
    work = Work(project, "main", "", QuietContext())
    is_known, links = known_links(
        work, pairs, candidates, project.segmentation(), partner_lessons(project)
    )
    assert sorted(links) == ["a_to_b", "b_to_a"]  # 7 is A → B, 9 is F → D
    start = candidates.set_index("candidate")["start_z"]
    assert start.loc[pairs.loc[is_known, "candidate"]].max() < 5
    assert start.loc[pairs.loc[~is_known, "candidate"]].min() >= 5


def test_the_connectome_of_a_run_is_written_in_every_format(quick, tmp_path):
    with pytest.raises(ProjectError, match="no connectome"):
        export_connectome(quick, tmp_path / "c.csv")
    run_steps(quick, STEPS)
    table = export_connectome(quick, tmp_path / "new" / "c.csv")
    assert table["synapses"].sum() == 8
    assert table["area_nm2"].gt(0).all()
    both = table[(table["pre_segment"] == 1) & (table["post_segment"] == 2)]
    assert both["synapses"].tolist() == [2]  # sites 1 and 7
    pd.testing.assert_frame_equal(read_table(tmp_path / "new" / "c.csv", CONNECTOME), table)
    for ending in ("parquet", "graphml", "npz"):
        export_connectome(quick, tmp_path / f"c.{ending}")
    assert scipy.sparse.load_npz(tmp_path / "c.npz").sum() == 8
    assert "<graphml" in (tmp_path / "c.graphml").read_text()
    with pytest.raises(InputError, match=r"\.xlsx.*\.graphml"):
        export_connectome(quick, tmp_path / "c.xlsx")
    shutil.rmtree(tmp_path / "new")


def test_what_no_truth_names_is_no_lesson_where_the_truth_is_complete_for_some_only(quick):
    run_steps(quick, STEPS)
    place = quick / "runs" / "main"
    tables = [read_table(place / "pairs.parquet", PAIRS)]
    tables.append(read_table(place / "candidates.parquet", CANDIDATES))
    lessons = partner_lessons(load_project(quick))
    one = replace(lessons, rows=lessons.rows[lessons.rows["row"] == 9])
    for scope, told in ({}, "none"), ({"scope_kinds": "spine_head"}, "unknown"):
        change_params(quick, {"evaluate": scope})
        project = load_project(quick)
        work = Work(project, "main", "", QuietContext())
        _, links = known_links(work, *tables, project.segmentation(), one)
        assert sorted(links) == sorted(["b_to_a", told]), "7, a shaft, is in no row"


def test_partners_are_learnt_anew_when_other_rows_belong_to_candidates(quick, monkeypatch):
    def inputs():
        return inputs_of(load_project(quick), "main", "synapses")

    before = inputs()
    change_params(quick, {"evaluate": {"tolerance_nm": 90}})
    assert inputs() == before, "too few rows to learn from"
    monkeypatch.setattr(inputs_module, "LEAST_SYNAPSES", 2)
    farther = inputs()
    change_params(quick, {"evaluate": {"tolerance_nm": 80}})
    assert inputs() != farther
    change_params(quick, {"synapses": {"partners": "rule"}})
    ruled = inputs()
    change_params(quick, {"evaluate": {"tolerance_nm": 120}})
    assert inputs() == ruled, "the rule asks no truth"
