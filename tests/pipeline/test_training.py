"""The whole way once, from nothing to the report, with a few real steps of training."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
import torch

from napari_synapse_debug.domain.errors import InputError, ProjectError, StepCancelledError
from napari_synapse_debug.domain.events import Event, QuietContext
from napari_synapse_debug.io import load_project, read_json, read_run, write_json, write_labels
from napari_synapse_debug.io.checkpoint import load_model, load_training_state
from napari_synapse_debug.jobs import run_inline
from napari_synapse_debug.networks import TrainedNetwork
from napari_synapse_debug.pipeline import STEPS, change_params, finish_training, run_steps
from napari_synapse_debug.pipeline.running import _is_current
from napari_synapse_debug.pipeline.training import describe_training, train
from napari_synapse_debug.pipeline.work import Work

TINY = {"patch_vx": [6, 32, 32], "batch_size": 1, "device": "cpu"}


def test_the_whole_way_from_nothing_to_the_report(fresh: Path) -> None:
    change_params(fresh, {"train": {**TINY, "steps": 15}, "predict": {"device": "cpu"}})
    assert load_project(fresh).runs == ()
    summary = run_steps(fresh, STEPS)
    assert tuple(step.name for step in summary.steps) == STEPS
    assert summary.steps[0].made.startswith("a network of 4 classes, 15 steps")
    calibration = read_json(fresh / "models/main/calibration.json")
    assert 0 < calibration["threshold"] < 1
    assert (fresh / "runs/main/report.html").exists()
    assert run_steps(fresh, STEPS).skipped == STEPS


def test_a_model_that_is_there_is_set_aside(predicted: Path) -> None:
    (predicted / "models/main/weights.pt").write_bytes(b"weeks of work")
    assert load_project(predicted).models == ("main",)
    change_params(predicted, {"train": {**TINY, "steps": 1}})
    run_steps(predicted, ["train"])
    kept, old = load_project(predicted).models
    assert kept == "main"
    assert old.startswith("main-")
    assert (predicted / "models" / old / "weights.pt").read_bytes() == b"weeks of work"
    assert len(load_model(predicted / "models/main").record) == 1


def test_a_stopped_training_goes_on_where_it_was(fresh: Path) -> None:
    change_params(fresh, {"train": {**TINY, "steps": 4}})
    model, answers = fresh / "models/main", iter([False, False])

    def run(context: Any) -> Any:
        return run_steps(fresh, ["train"], context=context)

    with pytest.raises(StepCancelledError, match="run train again"):
        run_inline(run, should_stop=lambda: next(answers, True))
    state = load_training_state(model)
    assert state is not None
    assert state.step == 2

    events: list[Event] = []
    run_inline(run, on_event=events.append)
    told = [event.values["step"] for event in events if event.values]
    assert told
    assert min(told) > 2, "steps 1 and 2 are not done again"
    assert load_project(fresh).models == ("main",), "nothing was set aside"
    assert load_model(model).record["step"].iloc[-1] == 4
    assert load_training_state(model) is None


def stop_early(project: Path) -> None:
    """Train for two steps, then stop."""
    answers = iter([False, False])
    with pytest.raises(StepCancelledError):
        run_inline(
            lambda context: run_steps(project, ["train"], context=context),
            should_stop=lambda: next(answers, True),
        )


def killed_at_once(project: Path) -> list[str]:
    """Train until before the first checkpoint; what was said until then."""
    told: list[str] = []

    def end(event: Event) -> None:
        told.append(event.message)
        if event.message.startswith("preparing"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_steps(project, ["train"], context=QuietContext(end))
    return told


def test_a_stopped_training_begins_anew_with_other_parameters_that_decide_what_comes_of_it(
    fresh: Path,
) -> None:
    change_params(fresh, {"train": {**TINY, "steps": 4}})
    stop_early(fresh)
    others = {
        "learning_rate": 1e-3,
        "batch_size": 2,
        "augment": False,
        "foreground_fraction": 0.75,
        "hard_fraction": 0.5,
        "processes": 1,
    }
    change_params(fresh, {"train": others})
    names = "batch size, learning rate, foreground fraction, hard fraction, augment, processes"
    begun = f"changed since the unfinished training was begun: {names}; begins anew"
    assert begun in killed_at_once(fresh)


@pytest.mark.parametrize("changed", ["mask shaft", "seed", "plan of the network"])
def test_a_stopped_training_begins_anew_where_something_else_is_to_be_learnt(
    fresh: Path, changed: str
) -> None:
    change_params(fresh, {"train": {**TINY, "steps": 4}})
    stop_early(fresh)
    if changed == "seed":
        change_params(fresh, {"train": {"seed": 5}})
    elif changed == "plan of the network":
        change_params(fresh, {"train": {"patch_vx": [4, 32, 16]}})
    else:
        mask = load_project(fresh).mask("shaft")
        ids = mask.read(mask.grid.box)
        ids[0, 0, 0] = 1
        shutil.rmtree(fresh / "shaft.zarr")
        write_labels(fresh / "shaft.zarr", ids, mask.grid)
    told: list[str] = []
    run_inline(
        lambda context: run_steps(fresh, ["train"], context=context),
        on_event=lambda event: told.append(event.message),
    )
    begun = "changed since the unfinished training was begun: "
    assert f"{begun}{changed}; begins anew" in told
    assert load_model(fresh / "models/main").record["step"].iloc[-1] == 4
    aside, kept = sorted(load_project(fresh).models, key=len, reverse=True)
    assert (kept, aside.startswith("main-")) == ("main", True)
    assert not (fresh / "models/main/training.begun.json").exists()


def test_a_stopped_training_is_taken_as_it_is_whatever_changed_since(fresh: Path) -> None:
    change_params(fresh, {"train": {**TINY, "steps": 4}})
    with pytest.raises(ProjectError, match="no unfinished training"):
        finish_training(fresh)
    stop_early(fresh)
    mask = load_project(fresh).mask("shaft")
    ids = mask.read(mask.grid.box)
    ids[0, 0, 0] = 1  # painted on meanwhile
    shutil.rmtree(fresh / "shaft.zarr")
    write_labels(fresh / "shaft.zarr", ids, mask.grid)
    change_params(fresh, {"train": {"seed": 5}})
    before = (fresh / "project.yaml").read_bytes()

    summary = finish_training(fresh)

    assert [step.name for step in summary.steps] == ["train"]
    assert (fresh / "project.yaml").read_bytes() == before
    assert load_project(fresh).models == ("main",), "nothing was set aside"
    assert load_model(fresh / "models/main").record["step"].iloc[-1] == 2
    assert load_training_state(fresh / "models/main") is None
    assert (fresh / "models/main/calibration.json").exists()
    project = load_project(fresh)
    assert not _is_current(project, "main", "train"), "it did not learn what was painted since"
    record = read_run(project.run_folder("main")).steps["train"]
    assert (record.params["seed"], project.config.params.train.seed) == (0, 5)
    assert record.params["minutes"] == project.config.params.train.minutes


def test_a_stopped_training_goes_on_with_other_time_steps_patience_and_device(
    fresh: Path,
) -> None:
    change_params(fresh, {"train": {**TINY, "steps": 4}})
    stop_early(fresh)
    begun = fresh / "models/main/training.begun.json"
    noted = read_json(begun)
    assert noted.pop("learning rate") == "0.01"
    write_json(begun, noted)  # as an older version did
    change_params(fresh, {"train": {"steps": 3, "minutes": 5.0, "patience": 0.9, "device": "auto"}})
    told = killed_at_once(fresh)
    assert told[-1] == "preparing 1 boxes"
    assert not any("begins anew" in message for message in told)
    state = load_training_state(fresh / "models/main")
    assert state is not None
    assert state.step == 2


def test_a_training_that_was_killed_before_it_was_recorded_is_not_done_again(fresh: Path) -> None:
    change_params(fresh, {"train": {**TINY, "steps": 4}})
    train(Work(load_project(fresh), "main", "", QuietContext()))  # and recorded it is not
    model = fresh / "models/main"
    weights = load_model(model).weights
    told: list[Event] = []
    summary = run_inline(
        lambda context: run_steps(fresh, ["train"], context=context), on_event=told.append
    )
    assert [step.name for step in summary.steps] == ["train"]
    assert {event.values["step"] for event in told if event.values} <= {4.0}
    for name, tensor in load_model(model).weights.items():
        assert torch.equal(tensor, weights[name])
    assert load_training_state(model) is None
    assert not (model / "training.begun.json").exists()
    assert load_project(fresh).models == ("main",)


def test_a_training_that_was_recorded_and_then_killed_is_done(
    fresh: Path, world: SimpleNamespace
) -> None:
    change_params(fresh, {"train": {**TINY, "steps": 2}})
    train(Work(load_project(fresh), "main", "", QuietContext()))
    world.pretend_done(fresh, "train")  # recorded, but what it could go on from is still there
    told: list[Event] = []
    run_inline(
        lambda context: run_steps(fresh, ["train"], again=True, context=context),
        on_event=told.append,
    )
    assert 2 in {event.values["step"] for event in told if event.values}
    assert len(load_project(fresh).models) == 2, "the one that was done is set aside"


@pytest.mark.parametrize("stopped_before", [False, True])
def test_a_training_that_starts_from_its_own_run_does_so_after_a_kill(
    fresh: Path, stopped_before: bool
) -> None:
    change_params(fresh, {"train": {**TINY, "steps": 4, "learning_rate": 0.1}})
    run_steps(fresh, ["train"])
    first = load_model(fresh / "models/main").weights
    slow = {"init_from": "main", "steps": 2, "learning_rate": 1e-7}
    if stopped_before:  # and changed since; it does not start from what it was then
        change_params(fresh, {"train": {**slow, "learning_rate": 0.1}})
        stop_early(fresh)
    change_params(fresh, {"train": slow})
    killed_at_once(fresh)
    assert not (fresh / "models/main/weights.pt").exists()
    run_steps(fresh, ["train"])
    second = load_model(fresh / "models/main").weights
    name = "bottleneck.conv1.conv.weight"
    assert float((first[name] - second[name]).abs().max()) < 1e-4
    assert not list((fresh / "models").glob(".*"))


def test_what_is_told_at_the_end_is_the_score_of_the_weights_that_are_kept() -> None:
    plan = SimpleNamespace(classes=(1, 2))
    record = pd.DataFrame(
        {
            "step": [5, 8, 9],
            "loss": [1.0, 0.5, 0.25],
            "validation_f1": [0.75, float("nan"), 0.5],
        }
    )
    kept = TrainedNetwork(plan, {}, record, 5)  # type: ignore[arg-type]
    made, counts = describe_training(kept, None)
    assert made == (
        "a network of 2 classes, 9 steps, loss 0.250, "
        "validation F1 0.75 (the weights of step 5 are kept)"
    )
    assert counts == {"steps": 9, "loss": 0.25, "validation_f1": 0.75}
    made, counts = describe_training(replace(kept, step=9), None)
    assert made.endswith("validation F1 0.50")
    made, counts = describe_training(replace(kept, step=None), None)
    assert made.endswith("validation F1 0.50 before the held-out part was learnt as well")


def test_a_project_without_a_train_box_or_masks_says_what_to_add(fresh: Path) -> None:
    path = fresh / "project.yaml"
    text = path.read_text()
    assert "train_box: 0:5,0:56,0:96" in text
    path.write_text(text.replace("train_box: 0:5,0:56,0:96", "train_box: null"))
    with pytest.raises(ProjectError, match=r"nothing to learn from.*--train-box"):
        run_steps(fresh, ["train"])
    before, _, after = text.partition("masks:")
    path.write_text(before + "masks: []\nextra_layers:" + after.partition("extra_layers:")[2])
    with pytest.raises(ProjectError, match=r"nothing to learn from.*--mask"):
        run_steps(fresh, ["train"])


def test_what_is_seen_of_a_training_is_kept_beside_the_model(fresh: Path) -> None:
    change_params(fresh, {"train": {**TINY, "steps": 2}})
    events: list[Event] = []
    run_inline(lambda context: run_steps(fresh, ["train"], context=context), on_event=events.append)
    model = fresh / "models/main"
    names = {path.name for path in model.iterdir()}
    assert names >= {"weights.pt", "last.pt", "calibration.json", "logs", "training.csv"}
    assert "training.pt" not in names
    assert any((model / "logs").iterdir())
    calibration = read_json(model / "calibration.json")
    assert calibration["boxes"] in ("training", "validation and training")
    assert calibration["n_clefts"] == 2


def test_a_training_starts_from_a_model_of_the_project(fresh: Path) -> None:
    change_params(fresh, {"train": {**TINY, "steps": 2}})
    run_steps(fresh, ["train"], run="first")
    change_params(fresh, {"train": {"init_from": "first", "learning_rate": 1e-7, "steps": 1}})
    run_steps(fresh, ["train"], run="second")
    first, second = (load_model(fresh / "models" / name).weights for name in ("first", "second"))
    name = "bottleneck.conv1.conv.weight"
    assert float((first[name] - second[name]).abs().max()) < 1e-4
    change_params(fresh, {"train": {"init_from": "models/first", "size": "base"}})
    with pytest.raises(InputError, match=r"another kind.*filters"):
        run_steps(fresh, ["train"], run="third")
    change_params(fresh, {"train": {"init_from": "nothing"}})
    with pytest.raises(ProjectError, match=r"no trained model in .*nothing"):
        run_steps(fresh, ["train"], run="third")
