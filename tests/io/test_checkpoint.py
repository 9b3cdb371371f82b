import os
import pickle

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
    save_model,
    save_training_state,
)
from napari_synapse_debug.networks import (
    RECORD,
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
        {"step": [5, 9], "minutes": [0.1, 0.25], "loss": [1.5, np.nan], "learning_rate": [1e-3, 0]}
    )
    return TrainedNetwork(plan, build_network(plan).state_dict(), conform(record, RECORD))


@pytest.fixture
def state(trained):
    network = build_network(trained.plan)
    optimizer = torch.optim.AdamW(network.parameters(), 1e-3)
    network(torch.rand(1, 1, 2, 16, 16)).sum().backward()
    optimizer.step()
    return TrainingState(trained, network.state_dict(), optimizer.state_dict(), 9, 15.5)


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
    assert_same_weights(found.weights, state.weights)
    assert_same_weights(found.trained.weights, state.trained.weights)
    pd.testing.assert_frame_equal(found.trained.record, state.trained.record)
    optimizer = torch.optim.AdamW(build_network(found.trained.plan).parameters())
    optimizer.load_state_dict(found.optimizer)
    assert optimizer.param_groups[0]["lr"] == 1e-3
    clear_training_state(tmp_path)
    assert load_training_state(tmp_path) is None


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
def test_code_in_a_model_is_refused_and_not_run(tmp_path, trained, save):
    save_model(tmp_path, trained)
    bomb = Bomb()
    bomb.path = str(tmp_path / "was_run")
    save({"plan": "", "weights": bomb}, tmp_path / "weights.pt")
    with pytest.raises(DataError, match=r"weights\.pt cannot be read"):
        load_model(tmp_path)
    assert not (tmp_path / "was_run").exists()


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
