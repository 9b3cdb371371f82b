"""Faults planted into a finished run of the toy are told apart by the diagnosis."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from napari_synapse_debug.domain.errors import InputError, ProjectError
from napari_synapse_debug.io import load_project, read_table
from napari_synapse_debug.pipeline import annotate_box, change_params, plant_faults, run_steps
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


def test_boxes_that_were_painted_in_the_project_are_found_from_the_new_one(
    finished: Path, tmp_path: Path
) -> None:
    shutil.copytree(finished / "vesicle.zarr", finished / "painted.zarr")
    painted = {"vesicle": str(finished / "painted.zarr")}
    annotate_box(finished, "0:2,0:20,0:20", masks=painted)
    change_params(finished, {"predict": {"within": "vesicle.zarr"}})
    plant_faults(finished, tmp_path / "planted", ["reversed"], seed=3)
    planted = load_project(tmp_path / "planted")
    (box,) = planted.config.annotations
    assert planted.mask_of(box, box.masks[0]).grid == planted.raw().grid
    assert Path(planted.config.params.predict.within) == finished / "vesicle.zarr"


def test_what_could_not_be_planted_leaves_no_half_of_a_project(
    finished: Path, tmp_path: Path
) -> None:
    shutil.rmtree(finished / "models/main")
    settings = {"synapses": {"threshold": 0.5, "min_size_vx": 9}}
    change_params(finished, settings)  # no model, so no calibration
    run_steps(finished, ["synapses", "evaluate"])
    for name, is_there in (("new", False), ("old", True)):
        if is_there:
            (tmp_path / name).mkdir()
        with pytest.raises(FileNotFoundError):
            plant_faults(finished, tmp_path / name, ["reversed"], seed=3)
        assert (tmp_path / name).exists() is is_there
