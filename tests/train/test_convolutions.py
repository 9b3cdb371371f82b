from __future__ import annotations

import copy
from itertools import product

import pytest
import torch
from torch import nn

from napari_synapse_debug.train.convolutions import (
    is_right_in_2d,
    mend_weight_gradients,
    weight_gradient,
)

LAYERS = {
    "plain": lambda: nn.Conv3d(16, 32, (1, 3, 3), padding=(0, 1, 1)),
    "three sections": lambda: nn.Conv3d(16, 16, 3, padding=1),
    "strided": lambda: nn.Conv3d(16, 32, 3, stride=(1, 2, 2), padding=1, bias=False),
    "strided in z": lambda: nn.Conv3d(16, 16, 3, stride=2, padding=1),
    "one voxel": lambda: nn.Conv3d(16, 32, 1, stride=2),
    "not padded, dilated": lambda: nn.Conv3d(16, 16, (1, 3, 3), dilation=(1, 2, 2)),
    "transposed": lambda: nn.ConvTranspose3d(16, 32, (1, 2, 2), stride=(1, 2, 2)),
    "transposed in z": lambda: nn.ConvTranspose3d(16, 16, 3, stride=2, padding=1, output_padding=1),
    "sections apart": lambda: nn.Conv3d(16, 16, 3, padding=(2, 1, 1), dilation=(2, 1, 1)),
    "to few channels": lambda: nn.Conv3d(16, 5, 1),
    "in groups": lambda: nn.Conv3d(16, 32, 3, padding=1, groups=2),
    "transposed to few": lambda: nn.ConvTranspose3d(16, 5, 2, stride=2),
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
    mend_weight_gradients(changed)
    return layer, changed[0]


def test_in_float32_results_and_gradients_are_the_same(layers):
    values = torch.randn(2, 16, 4, 12, 12)
    layer, changed = layers
    assert type(changed) is not type(layer)
    torch.testing.assert_close(changed(values), layer(values))
    expected = gradients(layer, values, is_bfloat16=False)
    for name, found in gradients(changed, values, is_bfloat16=False).items():
        torch.testing.assert_close(found, expected[name], rtol=1e-4, atol=1e-3)


@pytest.mark.slow
def test_in_bfloat16_gradients_are_those_of_float32(layers):
    """On planes of 96 × 96, where processors with AMX got them wrong."""
    values = torch.randn(2, 16, 8, 96, 96)
    layer, changed = layers
    with torch.autocast("cpu", torch.bfloat16):
        assert changed(values).dtype == torch.bfloat16
    expected = gradients(layer, values, is_bfloat16=False)
    found = gradients(changed, values, is_bfloat16=True)
    assert found["weight"].dtype == torch.float32
    assert max(apart(found[name], expected[name]) for name in expected) < 0.02


def sections_left(depth, padding, stride, is_transposed):
    """Sections of the result of a kernel of three."""
    if is_transposed:
        return (depth - 1) * stride + 3 - 2 * padding
    return (depth + 2 * padding - 3) // stride + 1


@pytest.mark.parametrize(
    ("depth", "padding", "stride", "is_transposed"),
    [
        how
        for how in product((1, 2, 3, 5), (0, 1, 2), (1, 2, 3), (False, True))
        if sections_left(*how) > 0
    ],
)
def test_sections_meet_at_any_depth(depth, padding, stride, is_transposed):
    """Whole numbers, which bfloat16 holds: equal, not just near."""
    torch.manual_seed(depth)
    shape = ((stride, 1, 1), (padding, 1, 1), (1, 1, 1), is_transposed, (0, 0, 0), 1)
    values, weight = torch.randn(2, 16, depth, 4, 4).sign(), torch.randn(16, 16, 3, 3, 3)
    result = torch.convolution(values, weight, None, *shape)
    assert result.shape[2] == sections_left(depth, padding, stride, is_transposed)
    gradient = (torch.rand_like(result) < 0.1).float()
    arguments = (gradient, values, weight)
    expected = weight_gradient(*arguments, shape)
    found = weight_gradient(*(tensor.bfloat16() for tensor in arguments), shape)
    assert expected.abs().max() <= 256
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("channels", "is_transposed", "groups", "is_right"),
    [
        ((32, 16), False, 1, True),
        ((5, 16), False, 1, True),
        ((16, 5), False, 1, False),
        ((16, 1), False, 1, False),
        ((16, 32), True, 1, True),
        ((16, 5), True, 1, False),
        ((32, 16), False, 2, False),
    ],
)
def test_which_layers_are_computed_by_sections(channels, is_transposed, groups, is_right):
    """Weights are (to, from), transposed ones (from, to)."""
    one = (1, 1, 1)
    shape = (one, one, one, is_transposed, (0, 0, 0), groups)
    assert is_right_in_2d(torch.zeros(*channels, 3, 3, 3), shape) == is_right


def test_what_is_not_computed_by_sections_is_computed_in_float32():
    torch.manual_seed(0)
    layer = nn.Conv3d(5, 16, 3, padding=1)
    changed = nn.Sequential(copy.deepcopy(layer))
    mend_weight_gradients(changed)
    values = torch.randn(2, 5, 4, 12, 12)
    expected = gradients(layer, values, is_bfloat16=False)
    found = gradients(changed[0], values, is_bfloat16=True)
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
    mend_weight_gradients(network)
    assert network[0] is network[2]
    assert len(list(network.parameters())) == 2
