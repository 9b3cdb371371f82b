"""A training that starts from the weights of another model."""

from __future__ import annotations

import pytest
import torch

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.events import QuietContext
from napari_synapse_debug.domain.params import TrainParams
from napari_synapse_debug.domain.records import empty
from napari_synapse_debug.domain.roles import ClassSpec, Role
from napari_synapse_debug.networks import RECORD, NetworkPlan, TrainedNetwork, load_weights
from napari_synapse_debug.train import start_from, train_network
from napari_synapse_debug.train.trainer import new_network


@pytest.fixture
def model(tiny_plan: NetworkPlan) -> TrainedNetwork:
    return TrainedNetwork(tiny_plan, new_network(tiny_plan, 5).state_dict(), empty(RECORD))


def outputs(trained: TrainedNetwork) -> torch.Tensor:
    """Logits of a fixed patch: (class, z, y, x)."""
    raw = torch.rand(1, 1, 4, 16, 16, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        return load_weights(trained)(raw)[0]


def test_classes_are_matched_by_name_and_new_ones_start_anew(model, tiny_plan):
    classes = (ClassSpec("vesicle", Role.VESICLE), ClassSpec("cleft", Role.SYNAPSE))
    plan = tiny_plan.model_copy(update={"classes": classes})
    fresh = TrainedNetwork(plan, new_network(plan, 2).state_dict(), empty(RECORD))
    assert not torch.allclose(outputs(fresh)[1], outputs(model)[0], atol=1e-3)
    start = start_from(model, plan, seed=2)
    torch.testing.assert_close(outputs(start.trained)[1], outputs(model)[0])
    assert not torch.allclose(outputs(start.trained)[0], outputs(model)[1], atol=1e-3)
    assert (start.step, start.seconds, start.best) == (0, 0.0, None)


def test_a_training_goes_on_from_them(model, tiny_plan, balls):
    params = TrainParams(steps=1, learning_rate=1e-6, device="cpu", batch_size=1)
    start = start_from(model, tiny_plan, seed=2)
    trained = train_network([balls], tiny_plan, params, QuietContext(), resume=start)
    name = "input_block.conv1.conv.weight"
    torch.testing.assert_close(trained.weights[name], model.weights[name], rtol=0, atol=1e-4)
    assert trained.record["step"].tolist() == [1]


@pytest.mark.parametrize(
    "change",
    [
        {"filters": (8, 16, 32)},
        {"kernels": ((3, 3, 3), (1, 3, 3), (3, 3, 3))},
        {"binning": (1, 2, 2)},
    ],
)
def test_another_kind_of_network_is_refused(model, tiny_plan, change):
    (name,) = change
    with pytest.raises(InputError, match=rf"another kind.*{name}.*train\.size"):
        start_from(model, tiny_plan.model_copy(update=change), seed=0)


def test_voxels_of_another_size_are_refused(model, tiny_plan):
    plan = tiny_plan.model_copy(update={"voxel_size_nm": (40.0, 16.0, 16.0)})
    with pytest.raises(InputError, match="another size"):
        start_from(model, plan, seed=0)
