"""The whole way once, from nothing to the report, with a few real steps of training."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from napari_synapse_debug.domain.errors import InputError, ProjectError, StepCancelledError
from napari_synapse_debug.domain.events import Event
from napari_synapse_debug.io import load_project, read_json, write_labels
from napari_synapse_debug.io.checkpoint import load_model, load_training_state
from napari_synapse_debug.jobs import run_inline
from napari_synapse_debug.pipeline import STEPS, change_params, run_steps

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

    def train(context: Any) -> Any:
        return run_steps(fresh, ["train"], context=context)

    with pytest.raises(StepCancelledError, match="run train again"):
        run_inline(train, should_stop=lambda: next(answers, True))
    state = load_training_state(model)
    assert state is not None
    assert state.step == 2

    events: list[Event] = []
    run_inline(train, on_event=events.append)
    told = [event.values["step"] for event in events if event.values]
    assert told
    assert min(told) > 2, "steps 1 and 2 are not done again"
    assert load_project(fresh).models == ("main",), "nothing was set aside"
    assert load_model(model).record["step"].iloc[-1] == 4
    assert load_training_state(model) is None


@pytest.mark.parametrize("changed", ["mask shaft", "seed", "plan of the network"])
def test_a_stopped_training_begins_anew_where_something_else_is_to_be_learnt(
    fresh: Path, changed: str
) -> None:
    change_params(fresh, {"train": {**TINY, "steps": 4}})
    answers = iter([False, False])
    with pytest.raises(StepCancelledError):
        run_inline(
            lambda context: run_steps(fresh, ["train"], context=context),
            should_stop=lambda: next(answers, True),
        )
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
