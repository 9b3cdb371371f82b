"""Faults planted into a finished run of the toy are told apart by the diagnosis."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from napari_synapse_debug.domain.errors import InputError, ProjectError
from napari_synapse_debug.io import load_project, read_table
from napari_synapse_debug.pipeline import plant_faults, run_steps
from napari_synapse_debug.pipeline.simulation import PLANTED
from napari_synapse_debug.simulate import score_events

STEPS = ("contacts", "synapses", "evaluate", "diagnose")
WRONG_BEFORE = {2, 3, 8}


def read_events(project: Path) -> pd.DataFrame:
    events = pd.read_csv(project / PLANTED, dtype={"also_rows": "str"})
    return events.fillna({"also_rows": ""})


def test_planted_faults_are_named(finished: Path, tmp_path: Path) -> None:
    target = tmp_path / "planted"
    made = plant_faults(finished, target, ["no_signal", "reversed"], seed=3)
    assert [event["cause"] for event in made.events] == ["no_signal", "reversed"]
    assert made.not_planted == {}
    events = read_events(target)
    assert set(events["truth_row"]).isdisjoint(WRONG_BEFORE), "only right synapses are spoiled"
    assert len(set(events["truth_row"])) == 2
    run_steps(target, STEPS)
    scores = score_events(events, read_table(target / "runs/main/findings.parquet"))
    assert scores["had_effect"].all()
    assert list(scores["named_cause"]) == ["no_signal", "reversed"]
    assert scores["stage_is_right"].all()


def test_the_planted_run_is_not_the_old_one(finished: Path, tmp_path: Path) -> None:
    before = (finished / "truth.csv").read_bytes()
    target = tmp_path / "planted"
    plant_faults(finished, target, ["partner_in_background"], seed=1)
    assert (finished / "truth.csv").read_bytes() == before
    old, new = load_project(finished), load_project(target)
    assert (new.segmentation().array[:] != old.segmentation().array[:]).any()
    assert (new.true_segmentation().array[:] == old.true_segmentation().array[:]).all()


def test_what_the_parameters_do_not_allow_is_told(finished: Path, tmp_path: Path) -> None:
    made = plant_faults(finished, tmp_path / "planted", ["contact_too_small"], seed=1)
    assert made.events == ()
    assert "min_area_nm2" in made.not_planted["contact_too_small"]


def test_an_unknown_cause_is_refused(finished: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such cause"):
        plant_faults(finished, tmp_path / "planted", ["bad_luck"])
    assert not (tmp_path / "planted").exists()


def test_a_project_is_never_overwritten(finished: Path) -> None:
    with pytest.raises(ProjectError, match="a project already"):
        plant_faults(finished, finished)


def test_a_run_without_evaluation_cannot_be_spoiled(predicted: Path, tmp_path: Path) -> None:
    with pytest.raises((ProjectError, InputError)):
        plant_faults(predicted, tmp_path / "planted", ["no_signal"])
