import dataclasses

import pytest
import torch
from torch import nn

from napari_synapse_debug.domain.errors import DataError
from napari_synapse_debug.domain.records import empty
from napari_synapse_debug.networks import (
    RECORD,
    TrainedNetwork,
    build_network,
    fold_batch_norms,
    load_weights,
)


@pytest.fixture
def network(tiny_plan):
    """A network whose batch norms are not the identity."""
    torch.manual_seed(0)
    made = build_network(tiny_plan)
    for _ in range(3):
        made(2 + 3 * torch.randn(2, 1, 4, 16, 16))
    return made.eval()


def count_norms(network):
    return sum(isinstance(module, nn.BatchNorm3d) for module in network.modules())


def test_one_channel_a_class_at_the_size_of_the_input(network):
    assert network(torch.zeros(2, 1, 5, 24, 12)).shape == (2, 2, 5, 24, 12)


def test_folded_norms_are_gone_and_the_result_is_the_same(network):
    raw = torch.randn(1, 1, 4, 16, 24)
    with torch.inference_mode():
        before = network(raw)
        assert count_norms(network) > 5
        fold_batch_norms(network)
        assert count_norms(network) == 0
        torch.testing.assert_close(network(raw), before, rtol=1e-4, atol=1e-4)


def test_weights_come_back_in_evaluation_mode(network, tiny_plan):
    loaded = load_weights(TrainedNetwork(tiny_plan, network.state_dict(), empty(RECORD)))
    assert not loaded.training
    raw = torch.randn(1, 1, 4, 16, 16)
    with torch.inference_mode():
        torch.testing.assert_close(loaded(raw), network(raw))


def test_weights_of_another_plan_are_refused(network, tiny_plan):
    trained = TrainedNetwork(tiny_plan, network.state_dict(), empty(RECORD))
    other = tiny_plan.model_copy(update={"filters": (4, 8, 16)})
    with pytest.raises(DataError, match="do not fit the plan"):
        load_weights(dataclasses.replace(trained, plan=other))
