from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from napari_synapse_debug.train.convolutions import compute_weight_gradients_in_float32

LAYERS = {
    "plain": lambda: nn.Conv3d(16, 8, (1, 3, 3), padding=(0, 1, 1)),
    "strided": lambda: nn.Conv3d(16, 8, 3, stride=(1, 2, 2), padding=1, bias=False),
    "transposed": lambda: nn.ConvTranspose3d(16, 8, (1, 2, 2), stride=(1, 2, 2)),
}


def gradients(layer, values, is_bfloat16):
    """Those of the sum of squares, by parameter, and of the input."""
    values = values.clone().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16, is_bfloat16):
        result = layer(values)
    result.float().square().sum().backward()
    return {"values": values.grad, **{name: p.grad for name, p in layer.named_parameters()}}


def apart(first, second):
    """The largest difference as a part of the largest value."""
    return float((first.float() - second.float()).abs().max() / second.float().abs().max())


@pytest.fixture(params=LAYERS)
def layers(request):
    """A layer, and the same one changed."""
    torch.manual_seed(0)
    layer = LAYERS[request.param]()
    changed = nn.Sequential(copy.deepcopy(layer))
    compute_weight_gradients_in_float32(changed)
    return layer, changed[0]


def test_in_float32_results_and_gradients_are_the_same(layers):
    values = torch.randn(2, 16, 4, 12, 12)
    layer, changed = layers
    assert type(changed) is not type(layer)
    torch.testing.assert_close(changed(values), layer(values))
    expected = gradients(layer, values, is_bfloat16=False)
    for name, found in gradients(changed, values, is_bfloat16=False).items():
        torch.testing.assert_close(found, expected[name], rtol=1e-4, atol=1e-3)


def test_in_bfloat16_weights_learn_in_float32(layers):
    """On planes of 96 × 96, where processors with AMX got them wrong."""
    values = torch.randn(2, 16, 8, 96, 96)
    layer, changed = layers
    with torch.autocast("cpu", torch.bfloat16):
        assert changed(values).dtype == torch.bfloat16
    expected = gradients(layer, values, is_bfloat16=False)
    found = gradients(changed, values, is_bfloat16=True)
    assert found["weight"].dtype == torch.float32
    assert max(apart(found[name], expected[name]) for name in expected) < 0.02


def test_a_changed_layer_can_be_copied_and_keeps_its_weights(layers):
    layer, changed = layers
    again = copy.deepcopy(changed)
    assert type(again) is type(changed)
    again.load_state_dict(layer.state_dict())
    values = torch.randn(1, 16, 2, 8, 8)
    torch.testing.assert_close(again(values), layer(values))


def test_a_module_that_is_held_twice_stays_one():
    shared = nn.Conv3d(2, 2, 1)
    network = nn.Sequential(shared, nn.ReLU(), shared)
    compute_weight_gradients_in_float32(network)
    assert network[0] is network[2]
    assert len(list(network.parameters())) == 2
