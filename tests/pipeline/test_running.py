"""What is run, what is left alone, and what is kept when a step fails."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from napari_synapse_debug.domain.errors import (
    DataError,
    InputError,
    ProjectError,
    StorageError,
)
from napari_synapse_debug.domain.events import Event, QuietContext
from napari_synapse_debug.domain.params import EvaluateParams
from napari_synapse_debug.io import (
    Project,
    load_project,
    lock_run,
    read_json,
    read_run,
    read_table,
    run_lock,
    save_config,
    write_labels,
    write_run,
)
from napari_synapse_debug.pipeline import (
    STEPS,
    RunSummary,
    change_params,
    check_params,
    compare_runs,
    copy_run,
    run_steps,
)
from napari_synapse_debug.pipeline.candidate_pairs import open_scene
from napari_synapse_debug.pipeline.inputs import inputs_of, older_than
from napari_synapse_debug.pipeline.running import _is_current
from napari_synapse_debug.pipeline.work import Work

AFTER_CONTACTS = ("synapses", "evaluate", "diagnose", "report")


def done(summary: RunSummary) -> tuple[str, ...]:
    return tuple(step.name for step in summary.steps)


def run_folder(project: Path) -> Path:
    return load_project(project).run_folder("main")


def test_a_second_call_does_nothing_and_says_so(predicted: Path) -> None:
    assert not (predicted / "runs/main/report.html").exists()
    first = run_steps(predicted, STEPS)
    assert done(first) == STEPS[2:]
    assert first.skipped == ("train", "predict")
    made = {step.name: step.made for step in first.steps}
    assert made["contacts"] == "8 contacts between 8 pairs of segments"
    assert made["synapses"].startswith("8 synapses from 8 candidates (0 smaller than 9 voxels)")
    assert made["evaluate"] == "4 right, 3 missed, 2 false"
    assert made["diagnose"].startswith("5 errors (0 confirmed): classifier 3, assignment 2")
    assert made["report"] == "report.html with 5 errors"
    before = (predicted / "runs/main/run.json").read_bytes()

    second = run_steps(predicted, STEPS)
    assert done(second) == ()
    assert second.skipped == STEPS
    assert (second.score, second.errors) == (first.score, first.errors)
    assert (predicted / "runs/main/run.json").read_bytes() == before


def test_a_training_that_is_done_again_makes_the_prediction_due(finished: Path) -> None:
    project = load_project(finished)
    before = inputs_of(project, "main", "predict")
    record = read_run(run_folder(finished))
    later = record.steps["train"].model_copy(update={"finished": "2031-01-02T03:04:05+00:00"})
    write_run(run_folder(finished), record.with_step(later))
    assert inputs_of(project, "main", "predict") != before


def test_the_summary_tells_score_and_errors_by_stage(finished: Path) -> None:
    summary = run_steps(finished, ["evaluate"])
    first, *clefts = summary.score.splitlines()
    assert first.startswith("P .67 R .57 F1 .62 ")
    assert first.endswith("three_point · judge gt · T 400 nm · complete · n 7/6")
    assert [line.split(":")[0] for line in clefts] == ["clefts alone"] * 3
    assert summary.errors == (
        {"stage": "classifier", "missed": 2, "false": 1, "mistyped": 0},
        {"stage": "assignment", "missed": 1, "false": 1, "mistyped": 0},
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"contacts": {"min_area_nm2": 1.0}}, ("contacts", *AFTER_CONTACTS)),
        ({"synapses": {"threshold": 0.6}}, AFTER_CONTACTS),
        ({"evaluate": {"tolerance_nm": 300.0}}, AFTER_CONTACTS[1:]),
        ({"diagnose": {"zone_growth_nm": 60}}, AFTER_CONTACTS[2:]),
        (
            {
                "train": {"device": "cpu"},
                "predict": {"device": "cpu", "block_vx": [14, 16, 16]},
                "contacts": {"block_vx": [5, 20, 30]},
                "synapses": {"block_vx": [5, 20, 30]},
            },
            (),
        ),
    ],
    ids=lambda value: "-".join(value) or "nothing",
)
def test_a_changed_parameter_redoes_exactly_what_depends_on_it(
    finished: Path, change: Mapping[str, Mapping[str, Any]], expected: tuple[str, ...]
) -> None:
    assert done(run_steps(finished, STEPS)) == ()
    change_params(finished, change)
    summary = run_steps(finished, STEPS)
    assert done(summary) == expected
    assert set(summary.skipped) == set(STEPS) - set(expected)
    assert done(run_steps(finished, STEPS)) == ()


def test_changed_files_and_boxes_redo_what_reads_them(finished: Path) -> None:
    truth = pd.read_csv(finished / "truth.csv")
    truth[truth["row"] != 8].to_csv(finished / "truth.csv", index=False)
    assert done(run_steps(finished, STEPS)) == ("evaluate", "diagnose", "report")
    assert read_json(run_folder(finished) / "evaluation.json")["n_truth"] == 6

    config = finished / "project.yaml"
    content = yaml.safe_load(config.read_text())
    config.write_text(yaml.safe_dump({**content, "eval_box": "6:14,0:56,0:96"}))
    assert done(run_steps(finished, STEPS)) == ("evaluate", "diagnose", "report")

    shutil.copytree(finished / "segmentation.zarr", finished / "other.zarr")
    content["segmentation"]["path"] = "other.zarr"
    config.write_text(yaml.safe_dump({**content, "eval_box": "6:14,0:56,0:96"}))
    assert done(run_steps(finished, STEPS)) == ("contacts", *AFTER_CONTACTS)


def test_another_voxel_size_redoes_all_that_measures(finished: Path) -> None:
    path = finished / "project.yaml"
    content = yaml.safe_load(path.read_text())
    assert content["voxel_size_nm"] == [40.0, 8.0, 10.0]
    content["voxel_size_nm"] = [40.1, 8.0, 10.0]
    path.write_text(yaml.safe_dump(content))
    summary = run_steps(finished, ("contacts", "synapses", "evaluate"))
    assert done(summary) == ("contacts", "synapses", "evaluate")


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("candidates.zarr", ("synapses",)),
        ("matches.parquet", ("evaluate",)),
        ("report.html", ("report",)),
    ],
)
def test_a_removed_output_is_made_again(
    finished: Path, output: str, expected: tuple[str, ...]
) -> None:
    path = run_folder(finished) / output
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert done(run_steps(finished, STEPS)) == expected
    assert path.exists()


def test_again_runs_what_is_up_to_date(finished: Path) -> None:
    assert done(run_steps(finished, ["evaluate"])) == ()
    assert done(run_steps(finished, ["evaluate"], again=True)) == ("evaluate",)


def test_params_that_are_given_are_written_to_the_project(finished: Path) -> None:
    assert load_project(finished).config.params.evaluate.tolerance_nm == 400
    given = EvaluateParams(tolerance_nm=150, scope="sparse")
    assert done(run_steps(finished, ["evaluate"], params={"evaluate": given})) == ("evaluate",)
    assert load_project(finished).config.params.evaluate == given
    content = read_json(run_folder(finished) / "evaluation.json")
    assert (content["params"]["tolerance_nm"], content["scope"]) == (150, "sparse")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"segment": {"threshold": 0.4}}, r"no parameters of such a step.*segment.*targets, train"),
        ({"synapses": {"treshold": 0.4}}, r"'treshold' of SynapseParams"),
        ({"synapses": {"threshold": 1.4}}, r"'threshold' of SynapseParams.*1\.4.*less than or"),
    ],
    ids=["step", "name", "bounds"],
)
def test_parameters_that_do_not_exist_change_nothing(
    fresh: Path, change: Mapping[str, Mapping[str, Any]], text: str
) -> None:
    before = (fresh / "project.yaml").read_bytes()
    with pytest.raises(InputError, match=text):
        change_params(fresh, change)
    assert (fresh / "project.yaml").read_bytes() == before


def test_an_unknown_step_is_refused_before_anything_runs(predicted: Path) -> None:
    with pytest.raises(InputError, match="no such step"):
        run_steps(predicted, ["contacts", "candidates"])
    assert not (run_folder(predicted) / "contacts.parquet").exists()


@pytest.mark.parametrize(
    ("lacking", "said", "instead"),
    [
        ("segmentation", "The step contacts needs a neuron segmentation", "--steps train,predict"),
        ("truth", "The step evaluate needs a truth", "--steps train,predict,contacts,synapses"),
    ],
)
def test_what_a_later_step_would_lack_is_told_before_the_first_begins(
    fresh: Path, lacking: str, said: str, instead: str
) -> None:
    project = load_project(fresh)
    config = project.config.model_copy(update={lacking: None})
    save_config(Project(project.folder, config))
    with pytest.raises(ProjectError) as caught:
        run_steps(fresh, STEPS)
    assert said in str(caught.value)
    assert caught.value.fix is not None
    assert caught.value.fix.endswith(instead)
    assert not run_folder(fresh).exists()
    assert not load_project(fresh).models


def test_what_is_done_needs_no_source_any_more(finished: Path) -> None:
    project = load_project(finished)
    save_config(Project(project.folder, project.config.model_copy(update={"truth": None})))
    assert run_steps(finished, STEPS[:3]).skipped == STEPS[:3]
    with pytest.raises(ProjectError, match="The step evaluate needs a truth"):
        run_steps(finished, STEPS)


def test_a_step_without_those_before_it_says_what_to_run(fresh: Path) -> None:
    with pytest.raises(ProjectError, match=r"needs the results of predict and contacts.*run"):
        run_steps(fresh, ["synapses"])
    with pytest.raises(ProjectError, match=r"report needs the results of diagnose"):
        run_steps(fresh, ["report"])


def test_runs_do_not_share_results(finished: Path) -> None:
    assert done(run_steps(finished, ["contacts"], run="other")) == ("contacts",)
    assert load_project(finished).runs == ("main", "other")
    assert set(read_run(finished / "runs/other").steps) == {"contacts"}
    with pytest.raises(ProjectError, match="evaluate needs the results of synapses"):
        run_steps(finished, ["evaluate"], run="other")


def test_a_failed_step_leaves_what_was_made_before(finished: Path) -> None:
    before = (run_folder(finished) / "findings.parquet").read_bytes()
    (finished / "truth.csv").write_text(
        "pre_z_nm,pre_y_nm,pre_x_nm,post_z_nm,post_y_nm,post_x_nm\n"
    )
    with pytest.raises(InputError, match=r"truth\.csv"):
        run_steps(finished, STEPS)
    assert (run_folder(finished) / "findings.parquet").read_bytes() == before


def test_a_damaged_prediction_is_named_and_the_synapses_stay(finished: Path) -> None:
    before = (run_folder(finished) / "synapses.parquet").read_bytes()
    chunks = [p for p in (run_folder(finished) / "prediction.zarr/0/c").rglob("*") if p.is_file()]
    assert len(chunks) > 4
    for chunk in chunks:
        chunk.write_bytes(b"garbage")
    with pytest.raises(DataError, match=r"prediction\.zarr.*To fix it"):
        run_steps(finished, ["synapses"], again=True)
    assert (run_folder(finished) / "synapses.parquet").read_bytes() == before
    assert run_steps(finished, STEPS).skipped == STEPS, "what was made before is still good"


def test_a_step_that_broke_off_while_writing_is_not_taken_for_done(finished: Path) -> None:
    place = run_folder(finished)
    candidates = read_table(place / "candidates.parquet")
    (place / "pairs.parquet").unlink()
    (place / "pairs.parquet" / "in the way").mkdir(parents=True)
    change_params(finished, {"synapses": {"threshold": 0.95}})
    with pytest.raises((OSError, StorageError)):
        run_steps(finished, ["synapses"])
    assert len(read_table(place / "candidates.parquet")) != len(candidates)

    shutil.rmtree(place / "pairs.parquet")
    change_params(finished, {"synapses": {"threshold": None}})
    assert done(run_steps(finished, STEPS)) == ("synapses",)
    pd.testing.assert_frame_equal(read_table(place / "candidates.parquet"), candidates)


def test_progress_is_told_with_the_name_of_the_step(predicted: Path) -> None:
    events: list[Event] = []
    run_steps(predicted, ["contacts", "synapses"], context=QuietContext(events.append))
    assert {event.step for event in events} == {"contacts", "synapses"}
    last = [event for event in events if event.step == "synapses"][-1]
    assert (last.message, last.done, last.total) == ("candidate 8 of 8, threshold 0.60", 8, 8)


def test_a_folder_without_a_project_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"nowhere is no project.*no such folder"):
        run_steps(tmp_path / "nowhere", STEPS)


def test_results_of_before_are_not_mixed_with_those_of_now(finished: Path) -> None:
    change_params(finished, {"synapses": {"threshold": 0.28}})
    run_steps(finished, ["synapses"])
    with pytest.raises(ProjectError, match=r"needs the results of evaluate.*before synapses"):
        run_steps(finished, ["diagnose"], again=True)
    assert done(run_steps(finished, STEPS)) == STEPS[4:]


def test_a_run_is_diagnosed_by_the_parameters_that_it_was_made_with(finished: Path) -> None:
    before = read_table(run_folder(finished) / "findings.parquet")
    change_params(finished, {"synapses": {"threshold": 0.7}, "evaluate": {"tolerance_nm": 5.0}})
    run_steps(finished, ["diagnose"], again=True)
    pd.testing.assert_frame_equal(read_table(run_folder(finished) / "findings.parquet"), before)


def test_a_run_begun_as_a_copy_does_only_what_is_changed(finished: Path) -> None:
    before = (run_folder(finished) / "run.json").read_bytes()
    assert copy_run(finished, "main", "b")
    assert run_steps(finished, STEPS, run="b").skipped == STEPS
    change_params(finished, {"synapses": {"threshold": 0.5}})
    assert done(run_steps(finished, STEPS, run="b")) == STEPS[3:]
    assert (run_folder(finished) / "run.json").read_bytes() == before
    assert not copy_run(finished, "main", "b"), "it is there"
    assert compare_runs(finished, "main", "b").content["runs"] == ["main", "b"]
    with pytest.raises(InputError, match=r"no run 'c' to begin with.*b, main"):
        copy_run(finished, "c", "d")
    kept = finished / "models/d/weights.pt"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"weeks of work")
    with pytest.raises(InputError, match="a model 'd' already"):
        copy_run(finished, "main", "d")
    assert kept.read_bytes() == b"weeks of work"


@pytest.mark.parametrize("eval_box", ["5:14,0:56,0:96", None])
def test_a_score_of_what_was_learnt_says_so(finished: Path, eval_box: str | None) -> None:
    project = load_project(finished)
    config = project.config.model_copy(update={"eval_box": eval_box})
    save_config(Project(project.folder, config))
    run_steps(finished, ["evaluate"], again=True)
    notes = read_json(run_folder(finished) / "evaluation.json")["notes"]
    assert any("score is too good" in note for note in notes) == (eval_box is None)


def test_a_copy_of_a_base_is_trained_only_where_that_was_asked_for(finished: Path) -> None:
    write_run(run_folder(finished), read_run(run_folder(finished)).as_base())
    copy_run(finished, "main", "kept")
    copy_run(finished, "main", "trained", trains=True)
    change_params(finished, {"train": {"learning_rate": 0.003}})
    project = load_project(finished)
    for run, is_current in (("main", True), ("kept", True), ("trained", False)):
        assert _is_current(project, run, "train") is is_current


def test_a_run_that_another_process_works_on_is_left_alone(
    predicted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_lock, "WAIT_S", 0.2)
    project = load_project(predicted)
    with lock_run(project, "main"):
        with pytest.raises(ProjectError, match=r"run main of .* by another process"):
            run_steps(predicted, ["contacts"])
        with lock_run(project, "b"):
            pass
    assert "contacts" not in read_run(run_folder(predicted)).steps
    assert done(run_steps(predicted, ["contacts"])) == ("contacts",)


def test_a_refused_run_leaves_the_parameters_as_they_were(
    predicted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_lock, "WAIT_S", 0.2)
    before = (predicted / "project.yaml").read_bytes()
    settings = {"contacts": {"max_gap_nm": 30.0}}
    with lock_run(load_project(predicted), "main"), pytest.raises(ProjectError):
        run_steps(predicted, ["contacts"], params=settings)
    assert (predicted / "project.yaml").read_bytes() == before
    with pytest.raises(InputError):
        check_params(predicted, {"contacts": {"max_gap_nm": -1.0}})
    check_params(predicted, settings)
    assert (predicted / "project.yaml").read_bytes() == before
    run_steps(predicted, ["contacts"], params=settings)
    assert load_project(predicted).config.params.contacts.max_gap_nm == 30.0


@pytest.mark.parametrize("answer", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_drive_without_locks_does_without(
    predicted: Path, monkeypatch: pytest.MonkeyPatch, answer: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(answer, os.strerror(answer))

    monkeypatch.setattr(fcntl, "flock", refuse)
    project = load_project(predicted)
    with lock_run(project, "main", wait_s=0.2), lock_run(project, "main", wait_s=0.2):
        pass


def test_a_base_is_trained_again_where_that_alone_is_asked_for(finished: Path) -> None:
    write_run(run_folder(finished), read_run(run_folder(finished)).as_base())
    change_params(finished, {"train": {"learning_rate": 0.003}})
    project = load_project(finished)
    assert _is_current(project, "main", "train")
    assert not _is_current(project, "main", "train", trains=True)


def test_results_are_of_use_after_a_training_that_was_begun_anew_and_stopped(
    finished: Path,
) -> None:
    folder = run_folder(finished)
    write_run(folder, read_run(folder).without_step("train"))
    assert older_than(read_run(folder), "synapses") is None
    assert done(run_steps(finished, ["synapses"], again=True)) == ("synapses",)


def test_synapses_are_placed_across_the_background_that_contacts_were_found_with(
    finished: Path,
) -> None:
    grid = load_project(finished).segmentation().grid
    write_labels(finished / "space.zarr", np.zeros(grid.shape, np.uint8), grid)
    with (finished / "project.yaml").open("a") as file:
        file.write("extra_layers: {space: {path: space.zarr}}\n")
    run_steps(finished, ["contacts"], params={"contacts": {"background_layer": "space"}})
    change_params(finished, {"contacts": {"background_layer": None}})
    project = load_project(finished)
    work = Work(project, "main", "", QuietContext())
    assert open_scene(work, project.config.params.synapses).background is not None
