import os
import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from napari_synapse_debug.domain.errors import DataError, ProjectError
from napari_synapse_debug.domain.records import conform
from napari_synapse_debug.domain.roles import ClassSpec, Role
from napari_synapse_debug.io.checkpoint import (
    clear_training_state,
    load_model,
    load_plan,
    load_training_state,
    save_last,
    save_model,
    save_training_state,
)
from napari_synapse_debug.networks import (
    RECORD,
    BestWeights,
    Intensity,
    NetworkPlan,
    TrainedNetwork,
    TrainingState,
    build_network,
)


@pytest.fixture
def trained():
    plan = NetworkPlan(
        classes=(ClassSpec("cleft", Role.SYNAPSE),),
        voxel_size_nm=(40.0, 4.6, 4.6),
        binning=(1, 2, 2),
        patch_vx=(4, 16, 16),
        filters=(4, 4, 8),
        kernels=((1, 3, 3), (1, 3, 3), (3, 3, 3)),
        strides=((1, 1, 1), (1, 2, 2), (1, 2, 2)),
        intensity=Intensity(low=0, high=255, mean=128.25, std=50),
    )
    record = pd.DataFrame(
        {
            "step": [5, 9],
            "minutes": [0.1, 0.25],
            "loss": [1.5, np.nan],
            "learning_rate": [1e-3, 0],
            "validation_f1": [np.nan, 0.75],
            "validation_score": [np.nan, 0.5],
            "dice mito": [np.nan, 0.25],
        }
    )
    return TrainedNetwork(plan, build_network(plan).state_dict(), conform(record, RECORD))


@pytest.fixture
def state(trained):
    network = build_network(trained.plan)
    optimizer = torch.optim.AdamW(network.parameters(), 1e-3)
    network(torch.rand(1, 1, 2, 16, 16)).sum().backward()
    optimizer.step()
    best = {name: tensor * 2 for name, tensor in trained.weights.items()}
    return TrainingState(
        trained,
        network.state_dict(),
        optimizer.state_dict(),
        step=9,
        seconds=15.5,
        averaged_steps=8,
        rollbacks=1,
        best=BestWeights(best, step=7, score=0.5, peak=0.75, peak_progress=0.25),
        device="cpu",
        is_bfloat16=True,
        clock={"last": 12.5, "pending": 0.25},
    )


def assert_same_weights(found, wanted):
    assert list(found) == list(wanted)
    for name, tensor in wanted.items():
        torch.testing.assert_close(found[name], tensor, rtol=0, atol=0)


def test_a_model_comes_back_as_it_was(tmp_path, trained):
    save_model(tmp_path / "models" / "first", trained)
    found = load_model(tmp_path / "models" / "first")
    assert found.plan == trained.plan == load_plan(tmp_path / "models" / "first")
    assert_same_weights(found.weights, trained.weights)
    pd.testing.assert_frame_equal(found.record, trained.record)
    assert sorted(path.name for path in (tmp_path / "models" / "first").iterdir()) == [
        "plan.json",
        "training.csv",
        "weights.pt",
    ]


def test_saving_again_replaces_the_model(tmp_path, trained):
    save_model(tmp_path, trained)
    doubled = {name: tensor * 2 for name, tensor in trained.weights.items()}
    save_model(tmp_path, TrainedNetwork(trained.plan, doubled, trained.record))
    assert_same_weights(load_model(tmp_path).weights, doubled)


def test_a_training_comes_back_as_it_was_and_can_be_forgotten(tmp_path, state):
    assert load_training_state(tmp_path) is None
    save_training_state(tmp_path, state)
    assert [path.name for path in tmp_path.iterdir()] == ["training.pt"]
    found = load_training_state(tmp_path)
    assert (found.step, found.seconds) == (9, 15.5)
    assert (found.averaged_steps, found.rollbacks) == (8, 1)
    assert (found.device, found.is_bfloat16) == ("cpu", True)
    assert found.best is not None
    assert (found.best.step, found.best.score) == (7, 0.5)
    assert (found.best.peak, found.best.peak_progress) == (0.75, 0.25)
    assert_same_weights(found.best.weights, state.best.weights)
    assert_same_weights(found.kept.weights, state.best.weights)
    assert_same_weights(found.weights, state.weights)
    assert_same_weights(found.trained.weights, state.trained.weights)
    pd.testing.assert_frame_equal(found.trained.record, state.trained.record)
    optimizer = torch.optim.AdamW(build_network(found.trained.plan).parameters())
    optimizer.load_state_dict(found.optimizer)
    assert optimizer.param_groups[0]["lr"] == 1e-3
    clear_training_state(tmp_path)
    assert load_training_state(tmp_path) is None


def test_a_training_of_an_older_version_goes_on(tmp_path, state):
    """It says nothing of its number format."""
    save_training_state(tmp_path, state)
    content = torch.load(tmp_path / "training.pt", weights_only=True)
    del content["device"], content["is_bfloat16"]
    torch.save(content, tmp_path / "training.pt")
    found = load_training_state(tmp_path)
    assert (found.step, found.device) == (9, "")


def test_a_training_without_a_validation_keeps_its_latest_weights(tmp_path, state):
    save_training_state(tmp_path, replace(state, best=None))
    found = load_training_state(tmp_path)
    assert found.best is None
    assert_same_weights(found.kept.weights, state.trained.weights)


def test_the_last_weights_lie_beside_the_best(tmp_path, trained):
    save_model(tmp_path, trained)
    doubled = {name: tensor * 2 for name, tensor in trained.weights.items()}
    save_last(tmp_path, TrainedNetwork(trained.plan, doubled, trained.record))
    assert_same_weights(load_model(tmp_path).weights, trained.weights)
    last = torch.load(tmp_path / "last.pt", weights_only=True)
    assert_same_weights(last["weights"], doubled)


def test_a_record_of_an_older_version_has_no_validation(tmp_path, trained):
    save_model(tmp_path, trained)
    (tmp_path / "training.csv").write_text("step,minutes,loss,learning_rate\n4,0.5,1.25,0.01\n")
    record = load_model(tmp_path).record
    assert record["loss"].tolist() == [1.25]
    assert record["validation_f1"].isna().all()


@pytest.mark.parametrize("load", [load_model, load_plan])
def test_a_folder_without_a_model_is_named(tmp_path, load):
    with pytest.raises(ProjectError, match=r"absent.*train a model"):
        load(tmp_path / "absent")


class Bomb:
    def __reduce__(self):
        return (os.mkdir, (self.path,))


@pytest.mark.parametrize(
    "save", [torch.save, lambda bomb, path: path.write_bytes(pickle.dumps(bomb))]
)
@pytest.mark.parametrize(
    ("name", "load"), [("weights.pt", load_model), ("training.pt", load_training_state)]
)
def test_code_in_a_model_is_refused_and_not_run(tmp_path, trained, save, name, load):
    save_model(tmp_path, trained)
    bomb = Bomb()
    bomb.path = str(tmp_path / "was_run")
    save({"plan": "", "weights": bomb}, tmp_path / name)
    with pytest.raises(DataError, match=rf"{name} cannot be read.*may hold code"):
        load(tmp_path)
    assert not (tmp_path / "was_run").exists()


def test_the_bomb_would_go_off_in_an_unrestricted_loader(tmp_path):
    bomb = Bomb()
    bomb.path = str(tmp_path / "was_run")
    pickle.loads(pickle.dumps(bomb))
    assert (tmp_path / "was_run").exists()


def test_a_text_file_is_no_model(tmp_path, trained):
    save_model(tmp_path, trained)
    (tmp_path / "weights.pt").write_text("weights: none\n")
    with pytest.raises(DataError, match=r"weights\.pt cannot be read"):
        load_model(tmp_path)


@pytest.mark.parametrize("keep", [0, 100, 0.5, 0.99])
def test_a_truncated_file_is_told(tmp_path, trained, keep):
    save_model(tmp_path, trained)
    path = tmp_path / "weights.pt"
    content = path.read_bytes()
    path.write_bytes(content[: int(keep if keep > 1 else keep * len(content))])
    with pytest.raises(DataError, match=r"weights\.pt cannot be read"):
        load_model(tmp_path)


def test_flipped_bytes_are_told(tmp_path, trained):
    save_model(tmp_path, trained)
    path = tmp_path / "weights.pt"
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 64] = bytes(255 - b for b in content[middle : middle + 64])
    path.write_bytes(content)
    with pytest.raises(DataError):
        load_model(tmp_path)


def test_another_programs_weights_are_told_apart(tmp_path, trained):
    torch.save(dict(trained.weights), tmp_path / "weights.pt")
    with pytest.raises(DataError, match="no plan and no weights"):
        load_model(tmp_path)


def test_a_newer_plan_is_refused(tmp_path, trained):
    save_model(tmp_path, trained)
    path = tmp_path / "plan.json"
    path.write_text(path.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(DataError, match=r"format.*update the program"):
        load_plan(tmp_path)
